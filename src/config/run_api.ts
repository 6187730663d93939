import type { UserIndex } from "../core/ids.ts";
import type { Observer } from "../core/observer.ts";
import type { Result } from "../core/results.ts";
import type { BladeConfig } from "./schema.ts";

/** Where and under whose eyes a run happens. */
export interface RunOptions {
  /** An existing folder: empty for a new run, the stopped run's for a resumed one. */
  readonly runFolder: string;
  /** Aborted to stop after the step in progress, with the state saved. */
  readonly signal: AbortSignal;
  readonly observer: Observer;
  /** Goes on from the last checkpoint of `runFolder`. */
  readonly resume: boolean;
}

/** What a run would do, for people; every row is a name and a value. */
export interface RunPlan {
  /** In the order of printing. */
  readonly sections: readonly {
    readonly title: string;
    readonly rows: readonly (readonly [string, string])[];
  }[];
}

/** Device memory that a run would take in the moment in which that is most, in bytes. */
export interface MemoryReport {
  /** The moment. */
  readonly moment: string;
  readonly parts: readonly {
    readonly part: string;
    readonly bytes: number;
    readonly largestTensorBytes: number;
    readonly largest: string;
  }[];
  readonly totalBytes: number;
  /** The largest single tensor of the whole run. */
  readonly largestTensorBytes: number;
  readonly largest: string;
  /** What the devices can hold in all, and as one tensor; null where that is not known. */
  readonly devices: readonly {
    readonly device: string;
    readonly totalBytes: number | null;
    readonly tensorBytes: number | null;
    readonly fits: boolean;
  }[];
}

/** What a finished run found. */
export interface TrainOutcome {
  /** Where the run was written to. */
  readonly runFolder: string;
  /** Every system by every metric, on the test split. */
  readonly results: readonly Result[];
  /** What the user should know before believing the numbers. */
  readonly warnings: readonly string[];
  /** Closing sentences, printed under the tables. */
  readonly summary: readonly string[];
}

/** One metric over the contexts of a split; null means undefined in all of them. */
export interface MetricSummary {
  /** Over the contexts that have a value. */
  readonly mean: number | null;
  /** 95 % bootstrap interval; null where there is one value or none. */
  readonly interval95: readonly [number, number] | null;
  /** Contexts that the mean is over. */
  readonly contexts: number;
  /** Contexts without a value. */
  readonly undefined: number;
}

/** Metrics keyed by their specs as typed, with the values per user when asked for. */
export interface RunEvaluation {
  /** By metric spec. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** Value of each user and metric, null where undefined; empty unless asked for. */
  readonly perUser: readonly {
    readonly user: string;
    readonly metric: string;
    readonly value: number | null;
  }[];
}

/** The list of one user, best first. */
export interface Recommendation {
  /** Ids as the data set wrote them. */
  readonly user: string;
  /** Best first; the score is the model's, higher is better. */
  readonly items: readonly { readonly item: string; readonly title: string; readonly score: number }[];
}

/** A trained run, its model loaded and its data read again. */
export interface OpenRun {
  /** What the run was trained with, every default filled in. */
  readonly config: BladeConfig;
  /** The users of the data set by `UserIndex`, ids as the data set wrote them. */
  readonly dataset: { readonly users: readonly string[] };
  /**
   * Measures the model's lists for the test split, by any metric.
   *
   * @throws {BladeError} for an unknown metric, or one that needs what the data set lacks.
   */
  evaluate(
    options: { readonly metrics: readonly string[]; readonly perUser?: boolean },
  ): Promise<RunEvaluation>;
  /**
   * What the model recommends now, after the whole history of each user.
   *
   * @param users row numbers of `dataset.users`, or all of them
   * @param cutoff items per list
   */
  recommend(users: readonly UserIndex[] | "all", cutoff: number): Promise<readonly Recommendation[]>;
}

/** What is written of a trained model for other programs. */
export interface ExportOptions {
  /** The whole model in Hugging Face layout, or its adapters in that of PEFT. */
  readonly kind: "merged" | "adapter";
  /** A folder that does not exist yet. */
  readonly folder: string;
  /** Number format of merged weights; adapters are written as they are trained, in 32 bits. */
  readonly format: "f32" | "f16" | "bf16";
}

/** The calls by which commands reach everything that computes. */
export interface RunApi {
  /** Reads the data and says what a run would do. */
  planRun(config: BladeConfig): Promise<RunPlan>;
  /** Reads the data and says what memory a run would take, beside what those devices have. */
  examineMemory(
    config: BladeConfig,
    devices: ("webgpu" | "native" | "wasm" | "cpu")[],
  ): Promise<MemoryReport>;
  /** Trains into an existing folder. */
  trainRun(config: BladeConfig, options: RunOptions): Promise<TrainOutcome>;
  /** Opens a finished run. */
  openRun(folder: string): Promise<OpenRun>;
  /** Writes the model of a finished run. */
  exportRun(folder: string, options: ExportOptions): Promise<void>;
}
