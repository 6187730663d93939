/** Who made the lists that a result speaks of. `best-of-n` reads the labels: an oracle. */
export type SystemName =
  | "most-popular"
  | "item-knn"
  | "reference"
  | "sft-continued"
  | "best-of-n"
  | "aligned";

/** One metric of one system on one split. */
export interface Result {
  readonly system: SystemName;
  /** The metric's spec as configured, or `reward`. */
  readonly metric: string;
  readonly split: "validation" | "test";
  /** Null when undefined in every context. */
  readonly mean: number | null;
  /** 95 % bootstrap interval over contexts; null for one-valued or undefined means. */
  readonly interval95: readonly [number, number] | null;
  /** Contexts that the mean is over. */
  readonly contexts: number;
  /** Contexts left out because the metric has no value there. */
  readonly undefined: number;
  /** Paired by context against the system `reference`. */
  readonly versusReference?: PairedDifference;
}

export interface PairedDifference {
  readonly difference: number;
  readonly interval95: readonly [number, number];
  /** Two-sided p-value of the paired bootstrap. */
  readonly p: number;
}
