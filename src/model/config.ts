/** Shape of a Llama-style decoder (arXiv 2302.13971): pre-norm, rotary positions, grouped-query attention, SwiGLU, tied embeddings. */
export interface DecoderConfig {
  /** Rows of the embedding table. */
  readonly vocabulary: number;
  readonly layers: number;
  /** Width of the residual stream. */
  readonly width: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; each serves heads / kvHeads query heads. */
  readonly kvHeads: number;
  /** Inner width of the SwiGLU part. */
  readonly hidden: number;
  /** Base of the rotary frequencies. */
  readonly ropeBase: number;
  /** Whether picks of a slate are marked by a learned vector: what autoregressive slates need. */
  readonly marksPicks: boolean;
  /** Added to the mean square in RMSNorm. */
  readonly normEpsilon: number;
}

/** Width of one head. */
export function headWidth(config: DecoderConfig): number {
  return config.width / config.heads;
}
