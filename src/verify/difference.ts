/** What was compared, in the order in which a run makes it: inputs first, results last. */
export const COMPARED = [
  "configuration",
  "data",
  "plugin",
  "file",
  "step",
  "checkpoint",
  "weights",
  "lists",
  "values",
  "results",
] as const;

/** One thing in which two runs differ, the first of its kind. */
export interface Difference {
  readonly kind: typeof COMPARED[number];
  /** Where: `sft step 17: loss`, `checkpoints/sft.safetensors: parameters/embedding[3,1]`. */
  readonly place: string;
  /** What the run has there; null for nothing. */
  readonly recorded: string | number | null;
  /** What its repetition, or the other run, has there; null for nothing. */
  readonly found: string | number | null;
  /** How much of the same kind differs beside it, in words. */
  readonly extent?: string;
}

/** What two runs have in common of one kind, counted, and the first thing in which they differ. */
export interface Comparison {
  /** Singular or plural does not matter: `steps`, `tensors`, `lists`. */
  readonly what: string;
  /** How many were compared. */
  readonly count: number;
  readonly difference: Difference | null;
}
