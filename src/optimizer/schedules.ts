import { cos } from "../numerics/trigonometry.ts";

/** Learning rate of an update, counted from 1. */
export type LearningRateSchedule = (step: number) => number;

/** The same rate throughout. */
export function constantRate(rate: number): LearningRateSchedule {
  return () => rate;
}

/**
 * A straight rise to the peak, then half a cosine down to the floor, where it stays.
 *
 * @param o.peak Highest rate, reached at step `warmupSteps` (at step 1 without warm-up).
 * @param o.warmupSteps Steps of the rise; step s of it has s/warmupSteps of the peak.
 * @param o.totalSteps Step at which the floor is reached.
 * @param o.floor Rate at the end; 0 unless told.
 *
 * @example
 * ```ts
 * import { warmupCosine } from "./schedules.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const rate = warmupCosine({ peak: 1, warmupSteps: 10, totalSteps: 110, floor: 0.2 });
 * assertAlmostEquals(rate(5), 0.5);
 * assertAlmostEquals(rate(10), 1);
 * assertAlmostEquals(rate(60), 0.6);
 * assertAlmostEquals(rate(200), 0.2);
 * ```
 */
export function warmupCosine(
  o: {
    readonly peak: number;
    readonly warmupSteps: number;
    readonly totalSteps: number;
    readonly floor?: number;
  },
): LearningRateSchedule {
  const { peak, warmupSteps, totalSteps, floor = 0 } = o;
  return (step) => {
    if (step < warmupSteps) return peak * step / warmupSteps;
    const share = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
    return floor + (peak - floor) * (1 + cos(Math.PI * share)) / 2;
  };
}
