import * as tf from "@tensorflow/tfjs";
import type { HostArrays, Uploaded } from "../device/arrays.ts";
import { compute, prepare } from "../device/computation.ts";
import type { Parameters } from "../model/parameters.ts";
import type { Optimizer, OptimizerState } from "../optimizer/optimizer.ts";
import type { Measured } from "./step_log.ts";
import { valueAndGradients } from "./value_and_gradients.ts";

/** The loss of a batch, or of a part of it, as a computation on the device. */
export interface GradientWork {
  /** What it is called, and all that it depends on beside weights and arrays. */
  readonly name: string;
  readonly constants: Readonly<Record<string, unknown>>;
  readonly parameters: Parameters;
  /** What it reads beside the parameters and what the optimizer remembers. */
  readonly weights: Parameters;
  /** The loss, to be differentiated in its parameters, and what else is to be told of each row; no gradient of that. */
  loss(arrays: Uploaded<HostArrays>): {
    readonly of: (parameters: Parameters) => tf.Scalar;
    readonly rows?: Readonly<Record<string, tf.Tensor>>;
  };
}

/** Part of a batch. */
export interface BatchPart {
  readonly arrays: HostArrays;
  /** Its share of the batch's loss; those of all parts sum to 1. */
  readonly share: number;
}

/**
 * One update of the optimizer on a batch, in place. A batch of one part is one computation; the gradients of several are
 * added up, so that no more than one part is in memory at a time. Nothing changes where the loss or the norm of its
 * gradient is no finite number, nor from then on where there is `halted`.
 *
 * @param halted [1] 0 so far; see `gateSquares`
 * @returns the loss, the norm of its gradient, and the rows that the work tells of, those of the parts in their order
 */
export async function gradientStep(
  work: GradientWork,
  parts: readonly BatchPart[],
  optimizer: Optimizer,
  { slots, step }: OptimizerState,
  halted?: tf.Tensor,
): Promise<Measured> {
  const { parameters } = work;
  const numbers = optimizer.numbers(step + 1);
  const constants = { ...work.constants, optimizer: optimizer.constants };
  const halt = halted === undefined ? {} : { halted };
  if (parts.length === 1) {
    const computation = {
      name: work.name,
      constants,
      arrays: { ...parts[0]!.arrays, numbers },
      weights: { ...work.weights, ...parameters, ...slots, ...halt },
    };
    const body = (arrays: Uploaded<HostArrays>) => {
      const { of, rows } = work.loss(arrays);
      const { value: loss, gradients } = valueAndGradients(parameters, of);
      const gate = { loss, ...halt };
      return {
        loss,
        gradientNorm: optimizer.update(gradients, slots, parameters, arrays.numbers!, gate),
        ...rows,
      };
    };
    await prepare(computation, body);
    return compute(computation, body);
  }
  const { loss, gradients, rows } = sumOfParts(work, parts);
  try {
    const computation = {
      name: `${work.name}: update`,
      constants,
      arrays: { numbers },
      weights: { ...parameters, ...slots, ...halt, loss, ...named("gradient/", gradients) },
    };
    const body = (arrays: Uploaded<HostArrays>) => ({
      gradientNorm: optimizer.update(gradients, slots, parameters, arrays.numbers!, { loss, ...halt }),
    });
    await prepare(computation, body);
    return { loss, ...compute(computation, body), ...rows };
  } catch (error) {
    tf.dispose([loss, Object.values(rows)]);
    throw error;
  } finally {
    tf.dispose(Object.values(gradients));
  }
}

/** Sums so far, by name. */
type Sums = Readonly<Record<string, tf.Tensor>>;

/** Loss and gradients of a batch from those of its parts. */
function sumOfParts(work: GradientWork, parts: readonly BatchPart[]) {
  let sums: Sums | null = null;
  const rows: Record<string, tf.Tensor>[] = [];
  try {
    for (const part of parts) {
      const { loss, ...outputs }: Record<string, tf.Tensor> = addPart(work, part, sums);
      const own = Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith("sum/")));
      rows.push(Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith("rows/"))));
      if (sums !== null) tf.dispose(Object.values(sums));
      sums = { ...own, "loss sum": loss! };
    }
  } catch (error) {
    tf.dispose([sums ?? [], rows]);
    throw error;
  }
  const { "loss sum": loss, ...gradients } = sums!;
  return {
    loss: loss as tf.Scalar,
    gradients: unnamed("sum/", gradients),
    rows: joined(rows),
  };
}

function addPart(work: GradientWork, { arrays, share }: BatchPart, before: Sums | null) {
  const { parameters } = work;
  return compute({
    name: `${work.name}: part`,
    constants: { ...work.constants, first: before === null },
    arrays: { ...arrays, share: { data: Float32Array.of(share), shape: [1] } },
    weights: { ...work.weights, ...parameters, ...before },
  }, (uploaded) => {
    const { of, rows } = work.loss(uploaded);
    const { value, gradients } = valueAndGradients(parameters, of);
    const added = (name: string, tensor: tf.Tensor) => {
      const own = tf.mul(tensor, tf.reshape(uploaded.share!, []));
      return before === null ? own : tf.add(before[name]!, own);
    };
    return {
      loss: added("loss sum", value),
      ...Object.fromEntries(
        Object.entries(gradients).map(([name, tensor]) => [`sum/${name}`, added(`sum/${name}`, tensor)]),
      ),
      ...named("rows/", rows ?? {}),
    };
  }) as Record<string, tf.Tensor>;
}

function joined(parts: readonly Record<string, tf.Tensor>[]): Record<string, tf.Tensor> {
  const whole = Object.keys(parts[0]!).map((name) => {
    const tensors = parts.map((part) => part[name]!);
    const all = tf.concat(tensors);
    tf.dispose(tensors);
    return [name, all] as const;
  });
  return unnamed("rows/", Object.fromEntries(whole));
}

function named(prefix: string, tensors: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]));
}

function unnamed(prefix: string, tensors: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
