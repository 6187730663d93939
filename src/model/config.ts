import type { HalfFormat } from "../numerics/half.ts";
import type { Lora } from "./lora.ts";

/** Shape of a Llama-style decoder (arXiv 2302.13971): pre-norm, rotary positions, grouped-query attention, SwiGLU. */
export interface DecoderConfig {
  /** Rows of the embedding table that the weights began with. */
  readonly vocabulary: number;
  /** Rows after those, of tokens that were added: they are trained even where all else of the base is frozen. */
  readonly addedTokens: number;
  /** Blocks, one after another. */
  readonly layers: number;
  /** Width of the residual stream. */
  readonly width: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; each serves heads / kvHeads query heads. */
  readonly kvHeads: number;
  /** Width of one head; heads·headWidth need not be `width`. */
  readonly headWidth: number;
  /** Inner width of the SwiGLU part. */
  readonly hidden: number;
  /** Base of the rotary frequencies. */
  readonly ropeBase: number;
  /** How the frequencies are stretched for texts longer than those of pre-training; null: not at all. */
  readonly ropeScaling: RopeScaling | null;
  /** Whether picks of a slate are marked by a learned vector: what autoregressive slates of one token an item need. */
  readonly marksPicks: boolean;
  /** Added to the mean square in RMSNorm. */
  readonly normEpsilon: number;
  /** Whether queries, keys and values have a bias (Qwen2). */
  readonly qkvBias: boolean;
  /** Whether each query and key head is normalised before it is rotated (Qwen3). */
  readonly headNorms: boolean;
  /** Whether scores are products with the embedding, or with a table of their own. */
  readonly tied: boolean;
  /** Low-rank adapters beside the matrices; null where there are none. */
  readonly lora: Lora | null;
  /** The 16 bits that frozen matrices are kept in on the device; null: 32-bit floats. */
  readonly half: HalfFormat | null;
  /** Whether the backward pass computes the inside of a block again instead of remembering it. */
  readonly recompute: boolean;
}

/** The scaling of Llama 3.1 (`rope_type: llama3`): low frequencies are divided by `factor`, those between are blended. */
export interface RopeScaling {
  /** What low frequencies are divided by. */
  readonly factor: number;
  /** Turns within the positions of pre-training below which a frequency is low. */
  readonly lowFrequencyFactor: number;
  /** Turns above which it is high, and stays. */
  readonly highFrequencyFactor: number;
  /** Positions of pre-training. */
  readonly originalPositions: number;
}

/** A decoder as it is trained from scratch: what a config says less all that only checkpoints have. */
export function plainDecoder(
  shape: Pick<
    DecoderConfig,
    | "vocabulary"
    | "layers"
    | "width"
    | "heads"
    | "kvHeads"
    | "hidden"
    | "ropeBase"
    | "normEpsilon"
    | "marksPicks"
  >,
): DecoderConfig {
  return {
    ...shape,
    addedTokens: 0,
    headWidth: shape.width / shape.heads,
    ropeScaling: null,
    qkvBias: false,
    headNorms: false,
    tied: true,
    lora: null,
    half: null,
    recompute: false,
  };
}
