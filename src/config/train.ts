import { basename, extname } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import type { TrainOutcome } from "./run_api.ts";
import type { BladeConfig, BladeConfigInput } from "./schema.ts";
import { valueDifference } from "./value_difference.ts";

/** How `train` is to run; all of it may be left out. */
export interface TrainOptions {
  /** The run folder, new or empty; by default the first free `runs/<name>-<n>`. */
  readonly out?: string;
  /** `path=value` each, above the configuration, later ones win: `align.epochs=2`. */
  readonly set?: readonly string[];
  /** Metric plugins beside those of the configuration: paths against the working folder, or addresses. */
  readonly plugins?: readonly string[];
  /** Aborted to stop after the step in progress, with the state saved. */
  readonly signal?: AbortSignal;
  /** Hears of stages, steps and notes; without one, `train` is silent. */
  readonly observer?: Partial<Observer>;
  /**
   * Goes on where the run in `out` stopped, or starts it where there is none: the same call again finishes what was
   * interrupted. The configuration must be the one that the run was started with.
   */
  readonly resume?: boolean;
}

/**
 * Trains a recommender and aligns it to its reward, as the command `blade train` does: supervised, then aligned, then
 * compared, into a run folder. Loads what computes when it is called. Needs leave to read the data and the program,
 * to write the run folder, and for `sys`.
 *
 * @param config path of a configuration file, or a configuration as an object, whose relative paths start at the
 * working folder. Everything may be left out; docs/config.schema.json has every key and its default.
 * @returns the results on the test split, each system with its difference to the reference
 * @throws {BladeError} for a configuration, data or a plugin that do not fit, and with `exitCode` 3 when `signal` was
 * aborted and the state is saved.
 *
 * @example
 * ```ts
 * import { train } from "./train.ts";
 * import { assertEquals } from "@std/assert";
 * const out = await Deno.makeTempDir();
 * const { runFolder, results } = await train({
 *   device: "wasm",
 *   model: { layers: 1, width: 16, heads: 2, hidden: 32 },
 *   sft: { epochs: 1 },
 *   align: { epochs: 1, groupSize: 2 },
 *   target: { priorSlates: 2 },
 *   reward: { terms: [{ metric: "ndcg@10", weight: 0.7 }, { metric: "ild@10", weight: 0.3 }] },
 *   evaluate: { metrics: ["ndcg@10"], systems: ["reference", "aligned"], resamples: 100 },
 * }, { out });
 * const measured = results.filter(({ metric }) => metric === "ndcg@10").map(({ system }) => system);
 * assertEquals(measured, ["reference", "aligned"]);
 * await Deno.remove(runFolder, { recursive: true });
 * ```
 */
export async function train(
  config: string | BladeConfigInput,
  options: TrainOptions = {},
): Promise<TrainOutcome> {
  const { set = [], plugins = [], signal = new AbortController().signal, observer = {} } = options;
  const { checkConfig, loadConfig } = await import("./parse.ts");
  const resolved = typeof config === "string"
    ? await loadConfig(config, { set, plugins })
    : checkConfig(config, { set, plugins });
  const { trainRun } = await import("./run.ts");
  const { newRunFolder, trainInFolder } = await import("./run_in_folder.ts");
  const stopped = options.resume === true ? await stoppedRun(resolved, options.out) : undefined;
  const name = typeof config === "string" ? basename(config, extname(config)) : "run";
  const runFolder = stopped ?? await newRunFolder(resolved, { out: options.out, name });
  return await trainInFolder(
    resolved,
    { runFolder, signal, observer: { ...SILENT, ...observer }, resume: stopped !== undefined },
    trainRun,
  );
}

const SILENT: Observer = { stage() {}, step() {}, note() {} };

/** The folder, if it holds a run of this configuration; undefined if it holds none. */
async function stoppedRun(config: BladeConfig, folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) {
    throw new BladeError({
      place: "train: resume",
      rule: "must come with out, the folder of the run to go on with",
      mend: 'write: train(config, { out: "runs/mine", resume: true })',
    });
  }
  const { keptConfig } = await import("./run_in_folder.ts");
  const kept = await keptConfig(folder);
  if (kept === undefined) return undefined;
  const difference = valueDifference(kept, config);
  if (difference === null) return folder;
  throw new BladeError({
    place: `${folder}: ${difference.path.join(".")}`,
    rule: "must be what the run was started with",
    value: difference.other,
    mend: "give the configuration back its value, or name another folder in out",
  });
}
