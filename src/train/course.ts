/** Means over the steps of one epoch of alignment. */
export interface EpochMeans {
  /** Mean reward of the rollouts. */
  readonly reward: number;
  /** Nats, see the gauge `signal`. */
  readonly signal: number;
  /** Share of the groups whose rewards all agree. */
  readonly tied: number;
}

/** How alignment has gone: the epochs that are done, and the sums of the one in progress. */
export interface Course {
  readonly epochs: readonly EpochMeans[];
  readonly steps: number;
  readonly sums: EpochMeans;
}

const NOTHING: EpochMeans = { reward: 0, signal: 0, tied: 0 };

/** Before the first step. */
export const NO_COURSE: Course = { epochs: [], steps: 0, sums: NOTHING };

/**
 * The course with one more step. A step whose reward is undefined throughout adds nothing.
 *
 * @example
 * ```ts
 * import { afterEpoch, afterStep, NO_COURSE } from "./course.ts";
 * import { assertEquals } from "@std/assert";
 * const one = afterStep(NO_COURSE, { reward: 0.25, signal: 1, tied: 0 });
 * const two = afterStep(one, { reward: 0.75, signal: 2, tied: 1 });
 * assertEquals(afterEpoch(two).epochs, [{ reward: 0.5, signal: 1.5, tied: 0.5 }]);
 * ```
 */
export function afterStep({ epochs, steps, sums }: Course, { reward, signal, tied }: EpochMeans): Course {
  if (Number.isNaN(reward)) return { epochs, steps, sums };
  return {
    epochs,
    steps: steps + 1,
    sums: { reward: sums.reward + reward, signal: sums.signal + signal, tied: sums.tied + tied },
  };
}

/** The course after the last step of an epoch; an epoch without any reward is left out. */
export function afterEpoch({ epochs, steps, sums }: Course): Course {
  if (steps === 0) return { epochs, steps, sums };
  const means = { reward: sums.reward / steps, signal: sums.signal / steps, tied: sums.tied / steps };
  return { epochs: [...epochs, means], steps: 0, sums: NOTHING };
}

/** The course as numbers: [steps, three sums, three means per epoch]. */
export function courseNumbers({ epochs, steps, sums }: Course): Float64Array {
  const triple = ({ reward, signal, tied }: EpochMeans) => [reward, signal, tied];
  return Float64Array.from([steps, ...triple(sums), ...epochs.flatMap(triple)]);
}

/** The course of its numbers. */
export function courseFrom(numbers: ArrayLike<number>): Course {
  const triple = (at: number) => ({ reward: numbers[at]!, signal: numbers[at + 1]!, tied: numbers[at + 2]! });
  const epochs: EpochMeans[] = [];
  for (let at = 4; at < numbers.length; at += 3) epochs.push(triple(at));
  return { epochs, steps: numbers[0]!, sums: triple(1) };
}
