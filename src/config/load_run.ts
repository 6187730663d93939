import type { OpenRun } from "./run_api.ts";

/**
 * Opens a finished run: its model (the aligned one, or the supervised one where nothing was aligned) and its data,
 * read again. Loads what computes when it is called.
 *
 * @param path the run folder
 * @throws {BladeError} when the folder is no finished run, its weights do not fit, or its data are gone or have
 * changed.
 *
 * @example
 * ```ts
 * import { loadRun } from "./load_run.ts";
 * import { train } from "./train.ts";
 * import { assertEquals } from "@std/assert";
 * const { runFolder } = await train({
 *   device: "wasm",
 *   model: { layers: 1, width: 16, heads: 2, hidden: 32 },
 *   sft: { epochs: 1 },
 *   align: { method: "sft" },
 *   evaluate: { metrics: ["ndcg@10"], systems: ["reference"], resamples: 100 },
 * }, { out: await Deno.makeTempDir() });
 * const run = await loadRun(runFolder);
 * const [first] = await run.recommend([0], 5);
 * assertEquals([first?.user, first?.items.length], [run.dataset.users[0], 5]);
 * const { metrics } = await run.evaluate({ metrics: ["recall@5"] });
 * assertEquals(metrics["recall@5"]?.undefined, 0);
 * await Deno.remove(runFolder, { recursive: true });
 * ```
 */
export async function loadRun(path: string): Promise<OpenRun> {
  const { openRun } = await import("./run.ts");
  return await openRun(path);
}
