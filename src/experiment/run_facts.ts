import { join } from "@std/path";
import { type Epoch, epochsOf } from "../report/epochs.ts";
import { readEvents, type RunEvent } from "../report/event_log.ts";
import { RUN_FILES } from "../report/run_folder.ts";

/** What the events of a run tell of it. */
export interface Course {
  readonly epochs: readonly Epoch[];
  /** What best-of-n of the reference reaches on the contexts of alignment. */
  readonly bestOfN: number | null;
  /** Slates that the steps of alignment drew. */
  readonly rollouts: number;
  /** s by stage. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** The course of the run in a folder; of one that has not begun where there are no events. */
export async function readCourse(folder: string): Promise<Course> {
  try {
    return courseOf(await readEvents(join(folder, RUN_FILES.events)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return courseOf([]);
    throw error;
  }
}

/**
 * What events tell of a run.
 *
 * @example
 * ```ts
 * import { courseOf } from "./run_facts.ts";
 * import { assertEquals } from "@std/assert";
 * const step = { kind: "step", stage: "align" } as const;
 * const { epochs, seconds } = courseOf([
 *   { ...step, timeMs: 0, step: 1, values: { reward: 0.2 } },
 *   { ...step, timeMs: 3000, step: 1, values: { epoch: 1, validation: 0.5 } },
 * ]);
 * assertEquals([epochs[0]?.gauges["reward"], seconds["align"]], [0.2, 3]);
 * ```
 */
export function courseOf(events: readonly RunEvent[]): Course {
  let bestOfN: number | null = null;
  const drawn = new Map<number, number>();
  for (const event of events) {
    if (event.kind !== "step") continue;
    const { stage, step, values } = event;
    if (stage === "prior") bestOfN = values["bestOfN"] ?? bestOfN;
    if (stage === "align" && values["rollouts"] != null) drawn.set(step, values["rollouts"]);
  }
  return {
    epochs: epochsOf(events),
    bestOfN,
    rollouts: drawn.values().reduce((sum, count) => sum + count, 0),
    seconds: secondsOf(events),
  };
}

/** Each process of a run counts its time from its own start: where the time falls back, another one began. */
function secondsOf(events: readonly RunEvent[]): Record<string, number> {
  const ms: Record<string, number> = {};
  let stage: string | undefined;
  let last = 0;
  for (const event of events) {
    const passed = event.timeMs - last;
    if (passed < 0) stage = undefined;
    else if (stage !== undefined) ms[stage] = (ms[stage] ?? 0) + passed;
    last = event.timeMs;
    if (event.kind !== "note") stage = event.stage;
  }
  return Object.fromEntries(Object.entries(ms).map(([name, time]) => [name, time / 1000]));
}
