/** What one run of one peer measured. */
export interface PeerRow {
  readonly name: string;
  readonly device: string;
  /** null on a GPU. */
  readonly threads: number | null;
  /** Products of 512×512 matrices, giga-operations a second. */
  readonly matmulGflops: number;
  /** The same of 8192×8192, on a GPU that a small product does not fill. */
  readonly largeMatmulGflops?: number;
  /** Medians of a run. */
  readonly trainMs?: number;
  readonly rolloutMs?: number;
  /** Why a figure is missing. */
  readonly skipped?: string;
}

/** What a peer prints: rows, or why there are none. */
export interface PeerReport {
  readonly rows?: readonly PeerRow[];
  readonly skipped?: string;
  /** Losses of the first steps from the workload's weights, in nats. */
  readonly losses?: readonly number[];
  /** Mean log-probability of the greedy slates in nats, once for each way in which the peer decodes. */
  readonly greedyLogProbs?: readonly number[];
  /** How it went about it, for the reader. */
  readonly [detail: string]: unknown;
}
