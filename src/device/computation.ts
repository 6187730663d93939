import { setImmediate } from "node:timers";
import * as tf from "@tensorflow/tfjs-core";
import { type HostArrays, uploadArrays, type Uploaded } from "./arrays.ts";
import { type Computation, executorOf, type Outputs } from "./executor.ts";
import { withMeaning } from "./faults.ts";

/**
 * Runs a computation and gives back its outputs, the caller's to free; all else that it made is freed.
 *
 * On webgpu it is recorded when it first runs, and from then on replayed with the new numbers: the body is not run
 * again. So it must take all that changes through `arrays` and `weights`, and read nothing back.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { compute } from "./computation.ts";
 * import { openDevice } from "./open_device.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const factor = tf.scalar(3);
 * const { scaled } = compute({
 *   name: "scale",
 *   constants: null,
 *   arrays: { x: { data: Float32Array.of(1, 2), shape: [2] } },
 *   weights: { factor },
 * }, ({ x }) => ({ scaled: tf.mul(x, factor) }));
 * assertEquals([...scaled.dataSync()], [3, 6]);
 * ```
 */
export function compute<A extends HostArrays, O extends Outputs>(
  computation: Computation<A>,
  body: (arrays: Uploaded<A>) => O,
): O {
  const backend = tf.backend();
  const executor = executorOf(backend);
  const start = performance.now();
  const outputs = executor ? executor.run(computation, body) : runHere(computation, body);
  timesOf(backend).computing += performance.now() - start;
  return outputs as O;
}

function runHere<A extends HostArrays>(
  computation: Computation<A>,
  body: (arrays: Uploaded<A>) => Outputs,
): Outputs {
  try {
    return tf.tidy(() => body(uploadArrays(computation.arrays)) as tf.TensorContainer) as unknown as Outputs;
  } catch (error) {
    throw withMeaning(error, tf.getBackend());
  }
}

/**
 * To be waited for before `compute` runs what changes weights in place: a device that does not say at once that it has
 * no memory then says it before anything has changed.
 *
 * @throws {OutOfDeviceMemory} when the device has no memory for it; nothing was run.
 */
export async function prepare<A extends HostArrays, O extends Outputs>(
  computation: Computation<A>,
  body: (arrays: Uploaded<A>) => O,
): Promise<void> {
  await executorOf(tf.backend())?.prepare(computation, body);
}

/** After a lack of memory: the device gives back what it keeps for later use. Tensors stay. */
export async function recoverMemory(): Promise<void> {
  await executorOf(tf.backend())?.recover();
}

/** An error as what it means for the device that computes: after some errors a device tells that it is gone. */
export async function meaningOfError(error: unknown): Promise<unknown> {
  const executor = executorOf(tf.backend());
  return executor ? await executor.meaningOf(error) : withMeaning(error, tf.getBackend());
}

/**
 * The numbers of tensors of float32 or int32, as arrays of their own. One wait for all of them.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { readNumbers } from "./computation.ts";
 * import { openDevice } from "./open_device.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * assertEquals(await readNumbers([tf.scalar(2), tf.tensor1d([1, 3])]), [Float32Array.of(2), Float32Array.of(1, 3)]);
 * ```
 */
export async function readNumbers(tensors: readonly tf.Tensor[]): Promise<(Float32Array | Int32Array)[]> {
  if (tensors.length === 0) return [];
  const backend = tf.backend();
  const executor = executorOf(backend);
  const start = performance.now();
  const numbers = executor
    ? await executor.read(tensors).catch(async (error) => {
      throw await executor.meaningOf(error);
    })
    // The cpu backend gives its own array away, which updates in place would change.
    : await Promise.all(tensors.map(async (tensor) => (await tensor.data() as Float32Array).slice()));
  // Where the processor computes nothing is waited for, and a second Ctrl-C would not be heard before the stage ends.
  if (!executor) await new Promise((resolve) => setImmediate(resolve));
  timesOf(backend).waiting += performance.now() - start;
  return numbers;
}

/** Time that the current device took so far, in ms. */
export interface DeviceTimes {
  /** In `compute`: the computing itself where the processor does it, handing the work over where a GPU does. */
  readonly computing: number;
  /** In `readNumbers`: until what was asked for was done and brought back. */
  readonly waiting: number;
}

/** The device's times so far; the difference of two is what happened between them. */
export function deviceTimes(): DeviceTimes {
  return { ...timesOf(tf.backend()) };
}

const times = new WeakMap<object, { computing: number; waiting: number }>();

function timesOf(backend: tf.KernelBackend): { computing: number; waiting: number } {
  const known = times.get(backend) ?? { computing: 0, waiting: 0 };
  times.set(backend, known);
  return known;
}

/** Whether the device works on while the host does something else. */
export function worksAhead(): boolean {
  return executorOf(tf.backend()) !== undefined;
}

/**
 * After how many steps it is worth to wait for what they measured: more than one where the device works on while the
 * host goes ahead.
 */
export function stepsPerRead(): number {
  return executorOf(tf.backend())?.stepsPerRead ?? 1;
}

/** From now on tells this listener which computations the current device runs slower than it could, and why. */
export function listenToDevice(tell: (message: string) => void): void {
  executorOf(tf.backend())?.listen(tell);
}

/** The numbers of named tensors, which are freed. */
export async function takeNumbers<O extends Outputs>(
  outputs: O,
): Promise<{ [Name in keyof O]: Float32Array | Int32Array }> {
  const tensors = Object.values(outputs);
  try {
    const numbers = await readNumbers(tensors);
    return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, numbers[i]!])) as never;
  } finally {
    tf.dispose(tensors);
  }
}
