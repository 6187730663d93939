import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { readEvents } from "../report/event_log.ts";
import { isThere } from "../report/is_there.ts";
import { readManifest } from "../report/manifest.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { compareResults } from "./compare_results.ts";
import { compareSaved, compareSteps } from "./compare_steps.ts";
import { compareTables } from "./compare_tables.ts";
import { compareWeights } from "./compare_weights.ts";
import type { Comparison, Difference } from "./difference.ts";

/** Everything that two finished runs computed, in the order in which a run makes it. */
export async function compareRuns(recorded: string, found: string): Promise<Comparison[]> {
  const events = () => Promise.all([eventsOf(recorded), eventsOf(found)]);
  return [
    await ofFiles("step", "steps", async () => compareSteps(...await events())),
    await ofFiles("checkpoint", "saved states", async () => compareSaved(...await events())),
    await ofFiles("weights", "tensors", () => compareWeights(recorded, found)),
    ...await compareEvaluations(recorded, found),
  ];
}

/** What two runs found in the end: lists, values per user, results. */
export async function compareEvaluations(recorded: string, found: string): Promise<Comparison[]> {
  const text = (folder: string, name: string) => Deno.readTextFile(join(folder, name));
  const table = (kind: "lists" | "values", name: string, keys: readonly string[]) =>
    ofFiles(
      kind,
      `rows of ${name}`,
      async () => compareTables(kind, name, keys, await text(recorded, name), await text(found, name)),
    );
  const [one, other] = [await readManifest(recorded), await readManifest(found)];
  return [
    await table("lists", RUN_FILES.lists, ["user", "rank"]),
    await table("values", RUN_FILES.perUser, ["user", "system", "metric"]),
    compareResults(one.results, other.results),
  ];
}

/** A comparison of files. One that is damaged or gone is a difference like any other, and no reason to compare nothing. */
export async function ofFiles(
  kind: Difference["kind"],
  what: string,
  compare: () => Promise<Comparison>,
): Promise<Comparison> {
  try {
    return await compare();
  } catch (error) {
    if (error instanceof BladeError) {
      const { place, rule } = error.refusal;
      return { what, count: 0, difference: { kind, place, recorded: `unreadable: it ${rule}`, found: null } };
    }
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return {
      what,
      count: 0,
      difference: { kind, place: what, recorded: "a file that is gone", found: null },
    };
  }
}

/** The events of a run. */
export async function eventsOf(folder: string) {
  const path = join(folder, RUN_FILES.events);
  return await isThere(path) ? await readEvents(path) : [];
}
