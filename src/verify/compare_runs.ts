import { join } from "@std/path";
import { readEvents } from "../report/event_log.ts";
import { isThere } from "../report/is_there.ts";
import { readManifest, type RunManifest } from "../report/manifest.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { compareResults } from "./compare_results.ts";
import { compareSaved, compareSteps } from "./compare_steps.ts";
import { compareTables } from "./compare_tables.ts";
import { compareWeights } from "./compare_weights.ts";
import type { Comparison } from "./difference.ts";

/** Everything that two finished runs computed, in the order in which a run makes it. */
export async function compareRuns(recorded: string, found: string): Promise<Comparison[]> {
  const [mine, theirs] = [await eventsOf(recorded), await eventsOf(found)];
  return [
    compareSteps(mine, theirs),
    compareSaved(mine, theirs),
    await compareWeights(recorded, found),
    ...await compareEvaluations(recorded, found),
  ];
}

/** What two runs found in the end: lists, values per user, results. */
export async function compareEvaluations(recorded: string, found: string): Promise<Comparison[]> {
  const text = (folder: string, name: string) => Deno.readTextFile(join(folder, name));
  const table = async (kind: "lists" | "values", name: string, keys: readonly string[]) =>
    compareTables(kind, name, keys, await text(recorded, name), await text(found, name));
  const [one, other]: [RunManifest, RunManifest] = [await readManifest(recorded), await readManifest(found)];
  return [
    await table("lists", RUN_FILES.lists, ["user", "rank"]),
    await table("values", RUN_FILES.perUser, ["user", "system", "metric"]),
    compareResults(one.results, other.results),
  ];
}

/** The events of a run. */
export async function eventsOf(folder: string) {
  const path = join(folder, RUN_FILES.events);
  return await isThere(path) ? await readEvents(path) : [];
}
