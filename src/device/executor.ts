import type * as tf from "@tensorflow/tfjs-core";
import type { HostArrays, Uploaded } from "./arrays.ts";

/** A computation that is asked for again and again with other numbers in the same shapes. */
export interface Computation<A extends HostArrays> {
  /** What it is; computations of one name, constants and shapes do the same. */
  readonly name: string;
  /** Every number, switch or configuration that the body takes from elsewhere. */
  readonly constants: unknown;
  /** What changes from call to call. */
  readonly arrays: A;
  /** The tensors that the body reads, or updates in place, beside those. */
  readonly weights: Readonly<Record<string, tf.Tensor>>;
}

/** Tensors by name that a body gives back. */
export type Outputs = Readonly<Record<string, tf.Tensor>>;

/** How a backend runs computations and gives numbers back, where it has a way of its own. */
export interface Executor {
  run<A extends HostArrays>(
    computation: Computation<A>,
    body: (arrays: Uploaded<A>) => Outputs,
  ): Outputs;
  /** The same without recording: what `run` is held against. */
  runAnew<A extends HostArrays>(
    computation: Computation<A>,
    body: (arrays: Uploaded<A>) => Outputs,
  ): Outputs;
  /**
   * Makes ready what `run` then does, and waits until the device has taken all that it needs.
   *
   * @throws {OutOfDeviceMemory} when the device has not; nothing was run.
   */
  prepare<A extends HostArrays>(
    computation: Computation<A>,
    body: (arrays: Uploaded<A>) => Outputs,
  ): Promise<void>;
  /** After a lack of memory: gives back what it holds for later use, and forgets what was reported. */
  recover(): Promise<void>;
  /** An error as what it means, given all that the device has reported. */
  meaningOf(error: unknown): Promise<unknown>;
  /** The numbers of tensors of float32 or int32, in one go. */
  read(tensors: readonly tf.Tensor[]): Promise<(Float32Array | Int32Array)[]>;
  /** From now on tells this listener which computations are not recorded, and why. */
  listen(tell: (message: string) => void): void;
  /** What is recorded, for those who measure. */
  recordings(): readonly RecordedWork[];
  /** After how many steps of training what they measured is read. */
  readonly stepsPerRead: number;
}

/** A recorded computation as the device sees it. */
export interface RecordedWork {
  /** Name of the computation. */
  readonly name: string;
  readonly dispatches: readonly {
    /** Name of the kernel. */
    readonly kernel: string;
    /** Puts it into a pass, with the numbers of the last replay. */
    encode(pass: GPUComputePassEncoder): void;
  }[];
}

/** By backend, as tfjs keeps its backends in a registry of its own. */
const executors = new WeakMap<object, Executor>();

/** The executor of a backend that has one. */
export function executorOf(backend: tf.KernelBackend): Executor | undefined {
  return executors.get(backend);
}

/** Gives a backend an executor. */
export function useExecutor(backend: tf.KernelBackend, executor: Executor): void {
  executors.set(backend, executor);
}
