/**
 * Who made the lists that a result speaks of. `best-of-n`, n being that of the target, and `best-of-<number>` read the
 * labels: oracles.
 */
export type SystemName =
  | "most-popular"
  | "item-knn"
  | "reference"
  | "sft-continued"
  | "best-of-n"
  | `best-of-${number}`
  | "aligned";

/** One metric of one system on one split. */
export interface Result {
  /** Who made the lists. */
  readonly system: SystemName;
  /** The metric's spec as configured, or `reward`. */
  readonly metric: string;
  /** The part of the data that the lists were judged on. */
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
  /** Of `aligned` alone: paired by context against `sft-continued`, the control that has seen the same labels. */
  readonly versusContinued?: PairedDifference;
}

/** How far a system is above another one, over the contexts where both have a value. */
export interface PairedDifference {
  /** Mean of the differences. */
  readonly difference: number;
  /** 95 % bootstrap interval of that mean. */
  readonly interval95: readonly [number, number];
  /** Two-sided p-value of the paired bootstrap. */
  readonly p: number;
}
