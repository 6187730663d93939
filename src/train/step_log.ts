import * as tf from "@tensorflow/tfjs";
import type { UserIndex } from "../core/ids.ts";
import type { Observer } from "../core/observer.ts";
import { readNumbers, stepsPerRead } from "../device/computation.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { describeBatch, NonFiniteStep, tooManySkipped } from "./non_finite.ts";

/** What a step leaves on the device: `loss`, `gradientNorm`, and what else `values` needs. */
export type Measured = Readonly<Record<string, tf.Tensor>> & {
  readonly loss: tf.Scalar;
  readonly gradientNorm: tf.Scalar;
};

/** Numbers of what was measured, by name. */
export type MeasuredNumbers = Readonly<Record<string, Float32Array | Int32Array>>;

/** The batch of a step, as it is told of when its loss is no number. */
export interface StepBatch {
  /** Whose its rows are, in their order; undefined where that is not known. */
  readonly users: readonly (UserIndex | undefined)[];
  /** The rows that are seen to have a loss that is no finite number. Asked while the weights are those before the step. */
  badRows(numbers: MeasuredNumbers): Promise<readonly number[]>;
  /** The state before the step; null where it cannot be had any more. */
  readonly before: (() => Promise<Checkpoint>) | null;
}

/** What happens where a loss or a gradient is no finite number. */
export interface NonFiniteRules {
  readonly on: "stop" | "skip";
  /** The id of a user as the data set wrote it. */
  userId(user: UserIndex): string;
}

/** Tells an observer of steps, some time after they were made: a device need not be waited for at every step. */
export interface StepLog {
  /**
   * One step is on its way. Its tensors become the log's.
   *
   * @param values the step's numbers, of what was measured in the end
   * @param times where its time went, ms
   */
  add(
    step: number,
    measured: Measured,
    values: (numbers: MeasuredNumbers) => Record<string, number>,
    times: Readonly<Record<string, number>>,
    batch?: StepBatch,
  ): Promise<void>;
  /** Waits for every step so far. */
  flush(): Promise<void>;
  /** A sentence for the user. */
  warn(message: string): void;
}

const UNKNOWN: StepBatch = { users: [], badRows: () => Promise.resolve([]), before: null };

const STOP: NonFiniteRules = { on: "stop", userId: String };

/**
 * A log of a stage that reads back once in `every` steps.
 *
 * @throws {NonFiniteStep} from `add` and `flush`, when a loss or a norm is no finite number and the run is to stop there.
 * @throws {BladeError} when too many such steps were skipped one after another.
 */
export function createStepLog(
  stage: string,
  observer: Observer,
  every: number = stepsPerRead(),
  rules: NonFiniteRules = STOP,
): StepLog {
  const waiting: Parameters<StepLog["add"]>[] = [];
  const skipped = { inAll: 0, inARow: 0 };
  // Weights that are skipped on a device that is ahead have moved on since.
  const weightsAreThose = rules.on === "stop" || every === 1;
  const skip = (what: string, { step, told, times }: SkippedStep) => {
    skipped.inAll++;
    skipped.inARow++;
    const finite = Object.entries(told).filter(([, value]) => Number.isFinite(value));
    observer.step({ stage, step, values: { ...Object.fromEntries(finite), skipped: 1 }, times });
    observer.note(
      "warning",
      `${what}: the step is skipped (${skipped.inAll} so far), nothing was learned of it.`,
    );
    if (skipped.inARow > MOST_IN_A_ROW) throw tooManySkipped(stage, step, MOST_IN_A_ROW);
  };
  const flush = async () => {
    const steps = waiting.splice(0);
    const tensors = steps.flatMap(([, measured]) => Object.values(measured));
    const numbers = await readNumbers(tensors);
    tf.dispose(tensors);
    for (const [step, measured, values, times, batch = UNKNOWN] of steps) {
      const names = Object.keys(measured);
      const found = Object.fromEntries(names.map((name, i) => [name, numbers[i]!]));
      numbers.splice(0, names.length);
      const bad = ["loss", "gradientNorm"].find((name) => !Number.isFinite(found[name]![0]!));
      if (bad === undefined) {
        skipped.inARow = 0;
        observer.step({ stage, step, values: values(found), times });
        continue;
      }
      const rows = weightsAreThose ? await batch.badRows(found) : [];
      const ids = batch.users.map((user) => user === undefined ? undefined : rules.userId(user));
      const place = `${stage}: ${bad} of step ${step}${describeBatch(ids, rows)}`;
      const value = found[bad]![0]!;
      if (rules.on === "stop") throw new NonFiniteStep({ stage, place, value, before: batch.before });
      skip(`${place} is ${value}`, { step, told: values(found), times });
    }
  };
  return {
    async add(...step) {
      waiting.push(step);
      if (waiting.length >= every) await flush();
    },
    flush,
    warn: (message) => observer.note("warning", message),
  };
}

/** So many batches may be skipped one after another; a model that learns of none for longer has diverged. */
const MOST_IN_A_ROW = 10;

interface SkippedStep {
  readonly step: number;
  readonly told: Readonly<Record<string, number>>;
  readonly times: Readonly<Record<string, number>>;
}
