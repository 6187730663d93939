import { BladeError } from "../core/errors.ts";

/** Means over the steps of one epoch of alignment. */
export interface EpochMeans {
  /** Mean reward of the rollouts. */
  readonly reward: number;
  /** Nats, see the gauge `signal`. */
  readonly signal: number;
}

/** How alignment has gone: the epochs that are done, and the sums of the one in progress. */
export interface Course {
  readonly epochs: readonly EpochMeans[];
  readonly steps: number;
  readonly sums: EpochMeans;
}

const NOTHING: EpochMeans = { reward: 0, signal: 0 };

/** Before the first step. */
export const NO_COURSE: Course = { epochs: [], steps: 0, sums: NOTHING };

/**
 * The course with one more step. A step whose reward is undefined throughout adds nothing.
 *
 * @example
 * ```ts
 * import { afterEpoch, afterStep, NO_COURSE } from "./course.ts";
 * import { assertEquals } from "@std/assert";
 * const one = afterStep(NO_COURSE, { reward: 0.25, signal: 1 });
 * const two = afterStep(one, { reward: 0.75, signal: 2 });
 * assertEquals(afterEpoch(two).epochs, [{ reward: 0.5, signal: 1.5 }]);
 * ```
 */
export function afterStep({ epochs, steps, sums }: Course, { reward, signal }: EpochMeans): Course {
  if (Number.isNaN(reward)) return { epochs, steps, sums };
  return {
    epochs,
    steps: steps + 1,
    sums: { reward: sums.reward + reward, signal: sums.signal + signal },
  };
}

/** The course after the last step of an epoch; an epoch without any reward is left out. */
export function afterEpoch({ epochs, steps, sums }: Course): Course {
  if (steps === 0) return { epochs, steps, sums };
  const means = { reward: sums.reward / steps, signal: sums.signal / steps };
  return { epochs: [...epochs, means], steps: 0, sums: NOTHING };
}

/** The course as numbers: [steps, two sums, two means per epoch]. */
export function courseNumbers({ epochs, steps, sums }: Course): Float64Array {
  const pair = ({ reward, signal }: EpochMeans) => [reward, signal];
  return Float64Array.from([steps, ...pair(sums), ...epochs.flatMap(pair)]);
}

/**
 * The course of its numbers.
 *
 * @param place the file, for the message
 * @throws {BladeError} when they are too few, or end within an epoch
 */
export function courseFrom(numbers: ArrayLike<number>, place = "checkpoint"): Course {
  if (numbers.length < 3 || numbers.length % 2 === 0) {
    throw new BladeError({
      place: `${place}: epochs`,
      rule: "must have three numbers, and two more for each epoch",
      value: numbers.length,
      mend: "resume from an earlier checkpoint, or train anew: this one was changed or is damaged",
    });
  }
  const pair = (at: number) => ({ reward: numbers[at]!, signal: numbers[at + 1]! });
  const epochs: EpochMeans[] = [];
  for (let at = 3; at < numbers.length; at += 2) epochs.push(pair(at));
  return { epochs, steps: numbers[0]!, sums: pair(1) };
}
