import { join } from "@std/path";
import { readEvents, type RunEvent } from "../report/event_log.ts";
import { RUN_FILES } from "../report/run_folder.ts";

/** One epoch of alignment. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** Mean over its steps of the rollouts' reward; null where no step has one. */
  readonly reward: number | null;
  /** Nats; see the gauge `signal`. */
  readonly signal: number | null;
  /** Reward of the validation lists at its end. */
  readonly validation: number | null;
  /** How far the constraints were violated there. */
  readonly violation: number;
}

/** What the events of a run tell of it. */
export interface Course {
  readonly epochs: readonly Epoch[];
  /** What best-of-n of the reference reaches on the contexts of alignment. */
  readonly bestOfN: number | null;
  /** Slates that the steps of alignment say they drew; null where they do not. */
  readonly rollouts: number | null;
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
 * What events tell of a run. Where a run was resumed and repeated a step, the repetition counts.
 *
 * @example
 * ```ts
 * import { courseOf } from "./run_facts.ts";
 * import { assertEquals } from "@std/assert";
 * const step = { kind: "step", timeMs: 0, stage: "align" } as const;
 * const { epochs } = courseOf([
 *   { ...step, step: 1, values: { reward: 0.2, signal: 2 } },
 *   { ...step, step: 2, values: { reward: 0.4, signal: 1 } },
 *   { ...step, step: 2, values: { epoch: 1, validation: 0.5 } },
 * ]);
 * assertEquals(epochs.map(({ signal, validation }) => [signal, validation]), [[1.5, 0.5]]);
 * ```
 */
export function courseOf(events: readonly RunEvent[]): Course {
  const steps = new Map<number, Values>();
  const ends = new Map<number, { readonly step: number; readonly values: Values }>();
  let bestOfN: number | null = null;
  for (const event of events) {
    if (event.kind !== "step") continue;
    const { stage, step, values } = event;
    if (stage === "prior") bestOfN = values["bestOfN"] ?? bestOfN;
    if (stage !== "align") continue;
    const { epoch } = values;
    if (typeof epoch !== "number") steps.set(step, values);
    else if (epoch > 0) ends.set(epoch, { step, values });
  }
  let from = 0;
  const epochs = [...ends].sort(([a], [b]) => a - b).map(([epoch, { step, values }]): Epoch => {
    const within = [...steps].filter(([at]) => at > from && at <= step).map(([, of]) => of)
      .filter((of) => typeof of["reward"] === "number");
    from = step;
    return {
      epoch,
      reward: meanOf(within, "reward"),
      signal: meanOf(within, "signal"),
      validation: values["validation"] ?? null,
      violation: values["violation"] ?? 0,
    };
  });
  const drawn = [...steps.values()].flatMap((values) => values["rollouts"] ?? []);
  return {
    epochs,
    bestOfN,
    rollouts: drawn.length === 0 ? null : drawn.reduce((sum, count) => sum + count, 0),
    seconds: secondsOf(events),
  };
}

type Values = Readonly<Record<string, number | null>>;

function meanOf(steps: readonly Values[], name: string): number | null {
  const values = steps.flatMap((step) => step[name] ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
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
