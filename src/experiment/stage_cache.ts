import { join } from "@std/path";
import { readEvents, type RunEvent } from "../report/event_log.ts";
import { isThere } from "../report/is_there.ts";
import { RUN_FILES, writeAtomically } from "../report/run_folder.ts";
import type { CellFacts } from "./inspect.ts";

/** Outcomes of stages that runs share, in a folder, by the keys of `stageKey`. */
export interface StageCache {
  has(key: string): Promise<boolean>;
  /**
   * Keeps what a run has finished of its shared stages and nobody has kept before.
   *
   * @param folder of the run, which may be under way
   */
  keep(folder: string, stages: CellFacts["stages"]): Promise<void>;
  /**
   * Gives a run that has not begun the stages that are there, as if it had just finished them itself: the files that a
   * run that goes on finds, and the events. Stages after the first that is not there are left to the run.
   *
   * @returns the stages that were given
   */
  give(folder: string, stages: CellFacts["stages"]): Promise<string[]>;
}

/** The cache in a folder. */
export function openStageCache(cache: string): StageCache {
  const fileOf = (key: string) => join(cache, key, "stage.safetensors");
  const eventsOf = (key: string) => join(cache, key, RUN_FILES.events);
  const has = (key: string) => isThere(fileOf(key));
  return {
    has,
    async keep(folder, stages) {
      for (const { stage, key } of stages) {
        const path = join(folder, RUN_FILES.checkpoints, `${stage}.safetensors`);
        if (await has(key) || !await isThere(path)) continue;
        const events = (await readEvents(join(folder, RUN_FILES.events))).filter((event) =>
          event.kind !== "note" && event.stage === stage
        );
        await Deno.mkdir(join(cache, key), { recursive: true });
        await writeAtomically(eventsOf(key), linesOf(events));
        // Last: where it is, the entry is whole.
        await writeAtomically(fileOf(key), await Deno.readFile(path));
      }
    },
    async give(folder, stages) {
      const checkpoints = join(folder, RUN_FILES.checkpoints);
      if (await isThere(checkpoints)) return [];
      const given: CellFacts["stages"][number][] = [];
      for (const entry of stages) {
        if (!await has(entry.key)) break;
        given.push(entry);
      }
      if (given.length === 0) return [];
      const events = await Promise.all(given.map(({ key }) => Deno.readTextFile(eventsOf(key))));
      await writeAtomically(join(folder, RUN_FILES.events), events.join(""));
      await Deno.mkdir(checkpoints, { recursive: true });
      for (const { stage, key } of given) {
        await writeAtomically(join(checkpoints, `${stage}.safetensors`), await Deno.readFile(fileOf(key)));
      }
      return given.map(({ stage }) => stage);
    },
  };
}

function linesOf(events: readonly RunEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}
