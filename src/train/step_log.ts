import * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { readNumbers, stepsPerRead } from "../device/computation.ts";

/** What a step leaves on the device: `loss`, `gradientNorm`, and what else `values` needs. */
export type Measured = Readonly<Record<string, tf.Tensor>> & {
  readonly loss: tf.Scalar;
  readonly gradientNorm: tf.Scalar;
};

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
    values: (numbers: Readonly<Record<string, Float32Array | Int32Array>>) => Record<string, number>,
    times: Readonly<Record<string, number>>,
  ): Promise<void>;
  /** Waits for every step so far. */
  flush(): Promise<void>;
}

/**
 * A log of a stage that reads back once in `every` steps.
 *
 * @throws {BladeError} from `add` and `flush`, when a loss or a norm is no finite number: training has diverged.
 */
export function createStepLog(stage: string, observer: Observer, every: number = stepsPerRead()): StepLog {
  const waiting: Parameters<StepLog["add"]>[] = [];
  const flush = async () => {
    const steps = waiting.splice(0);
    const tensors = steps.flatMap(([, measured]) => Object.values(measured));
    const numbers = await readNumbers(tensors);
    tf.dispose(tensors);
    for (const [step, measured, values, times] of steps) {
      const names = Object.keys(measured);
      const found = Object.fromEntries(names.map((name, i) => [name, numbers[i]!]));
      numbers.splice(0, names.length);
      for (const name of ["loss", "gradientNorm"]) requireFinite(stage, step, name, found[name]![0]!);
      observer.step({ stage, step, values: values(found), times });
    }
  };
  return {
    async add(...step) {
      waiting.push(step);
      if (waiting.length >= every) await flush();
    },
    flush,
  };
}

function requireFinite(stage: string, step: number, name: string, value: number): void {
  if (Number.isFinite(value)) return;
  const section = stage === "sft" ? "sft" : "align";
  throw new BladeError({
    place: `${stage}: ${name} of step ${step}`,
    rule: "must be a finite number",
    value,
    mend: `lower ${section}.learningRate or ${section}.clipNorm; the last checkpoint is intact`,
  });
}
