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
  readonly sections: readonly {
    readonly title: string;
    readonly rows: readonly (readonly [string, string])[];
  }[];
}

/** What a finished run found. */
export interface TrainOutcome {
  readonly runFolder: string;
  readonly results: readonly Result[];
  readonly warnings: readonly string[];
  /** Closing sentences, printed under the tables. */
  readonly summary: readonly string[];
}

/** One metric over the contexts of a split; null means undefined in all of them. */
export interface MetricSummary {
  readonly mean: number | null;
  readonly interval95: readonly [number, number] | null;
  readonly contexts: number;
  readonly undefined: number;
}

/** Metrics keyed by their specs as typed, with the values per user when asked for. */
export interface RunEvaluation {
  readonly metrics: Readonly<Record<string, MetricSummary>>;
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
  readonly items: readonly { readonly item: string; readonly title: string; readonly score: number }[];
}

/** A trained run, its model loaded and its data read again. */
export interface OpenRun {
  readonly config: BladeConfig;
  readonly dataset: { readonly users: readonly string[] };
  evaluate(
    options: { readonly metrics: readonly string[]; readonly perUser?: boolean },
  ): Promise<RunEvaluation>;
  recommend(users: readonly UserIndex[] | "all", cutoff: number): Promise<readonly Recommendation[]>;
}

/** The calls by which commands reach everything that computes. */
export interface RunApi {
  planRun(config: BladeConfig): Promise<RunPlan>;
  trainRun(config: BladeConfig, options: RunOptions): Promise<TrainOutcome>;
  openRun(folder: string): Promise<OpenRun>;
}
