import { setImmediate } from "node:timers";
import * as tf from "@tensorflow/tfjs-core";
import type { HostArrays, Uploaded } from "../arrays.ts";
import type { Computation, Executor, Outputs } from "../executor.ts";
import { createArena } from "./arena.ts";
import type { WebgpuBackend } from "./backend_internals.ts";
import { captureDispatches, Refusal } from "./capture.ts";
import { failuresOf } from "./failures.ts";
import { createReader } from "./read_buffers.ts";
import { type Recording, replay } from "./replay.ts";
import { createWatch } from "./watch.ts";

/** Recordings kept at most; the one that ran longest ago goes first. */
const MOST_RECORDINGS = 64;

/** A step takes a few milliseconds of the host; so many are ahead of the device at most. */
const STEPS_PER_READ = 16;

/** Results from this size on (bytes) are looked after when they are made: they may not fit. */
const LARGE = 2 ** 20;

/** What a computation has come to; `fresh` while what was recorded has not run. */
type Known =
  /** Recorded once; the next call records it again to see whether the two agree. */
  | { readonly state: "tried"; readonly recording: Recording; readonly fresh: boolean }
  | { readonly state: "recorded"; readonly recording: Recording; readonly fresh: boolean }
  | { readonly state: "refused" };

/**
 * Runs computations by recording them: the first two calls run the body and list its dispatches, later ones replay the
 * list. A body that cannot be recorded, or whose two lists or constants differ, is run anew every time, and said so once.
 *
 * @param portion dispatches that a replay hands over at once
 */
export function createRecorder(backend: WebgpuBackend, portion: number): Executor {
  const listener = { tell: (message: string) => console.error(message) };
  const arena = createArena(backend.device);
  const readBuffers = createReader(backend.device);
  const known = new Map<string, Known>();
  const failures = failuresOf(backend.device);
  const watch = createWatch(backend.device, failures);

  const record = (computation: Computation<HostArrays>, body: (arrays: never) => Outputs): Recording => {
    backend.endComputePassEncoder();
    if (backend.commandEncoder !== null) backend.submitQueue();
    const arrays = new Map<string, GPUBuffer>();
    const tensors: Record<string, tf.Tensor> = {};
    for (const [name, { data, shape }] of Object.entries(computation.arrays)) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffer = backend.device.createBuffer({ size: Math.max(4, data.byteLength), usage });
      arrays.set(name, buffer);
      tensors[name] = tensorOn(backend, buffer, [...shape], data instanceof Int32Array ? "int32" : "float32");
    }
    const weights = buffersOf(backend, Object.values(computation.weights));
    const session = arena.open();
    const outputs: Recording["outputs"][number][] = [];
    try {
      const { capture } = captureDispatches(
        backend,
        session,
        new Set([...arrays.values(), ...weights]),
        () => {
          const made = tf.tidy(() => body(tensors as never) as tf.TensorContainer) as unknown as Outputs;
          for (const [name, tensor] of Object.entries(made)) {
            backend.uploadToGPU(tensor.dataId);
            const data = backend.tensorMap.get(tensor.dataId);
            outputs.push({ name, buffer: data.resource!, shape: tensor.shape, dtype: tensor.dtype });
            // The buffer stays the recording's when the tensor is freed.
            if (session.owns(data.resource!)) session.keep(data.resource!);
            data.external = true;
          }
          tf.dispose(Object.values(made));
        },
      );
      const free = () => {
        session.release();
        for (const buffer of [...arrays.values(), ...capture.constants]) buffer.destroy();
      };
      return { capture, arrays, weights, outputs, rebound: new Map(), free };
    } catch (error) {
      session.release();
      for (const buffer of arrays.values()) buffer.destroy();
      throw error;
    } finally {
      tf.dispose(Object.values(tensors));
    }
  };

  /** The recording to replay, or null where the body is to run. */
  const recordingOf = (
    key: string,
    computation: Computation<HostArrays>,
    body: (arrays: never) => Outputs,
  ): Recording | null => {
    const before = known.get(key);
    known.delete(key);
    const keep = (now: Known) => {
      known.set(key, now);
      if (known.size > MOST_RECORDINGS) {
        const [oldest, dropped] = known.entries().next().value!;
        known.delete(oldest);
        if (dropped.state !== "refused") dropped.recording.free();
      }
      return now.state === "refused" ? null : now.recording;
    };
    if (before?.state === "recorded" || before?.state === "refused" || before?.fresh) return keep(before);
    try {
      const recording = watch.over(() => record(computation, body));
      if (before === undefined) return keep({ state: "tried", recording, fresh: true });
      before.recording.free();
      if (recording.capture.fingerprint === before.recording.capture.fingerprint) {
        return keep({ state: "recorded", recording, fresh: true });
      }
      recording.free();
      throw new Refusal("its body does other work, or makes other numbers, the second time");
    } catch (error) {
      if (!(error instanceof Refusal)) {
        before?.recording.free();
        throw error;
      }
      listener.tell(`"${computation.name}" is not recorded, which makes it slower: ${error.message}`);
      return keep({ state: "refused" });
    }
  };

  return {
    stepsPerRead: STEPS_PER_READ,

    run<A extends HostArrays>(computation: Computation<A>, body: (arrays: Uploaded<A>) => Outputs): Outputs {
      failures.check();
      const weights = Object.values(computation.weights);
      const buffers = buffersOf(backend, weights);
      const key = keyOf(computation, buffers);
      const recording = recordingOf(key, computation, body as never);
      if (recording === null) return runAnew(backend, computation, body);
      const now = known.get(key)!;
      if (now.state !== "refused") known.set(key, { ...now, fresh: false });
      const play = () => replay(backend, recording, computation.arrays, buffers, portion);
      const bytes = recording.outputs.reduce((sum, { shape }) => sum + 4 * tf.util.sizeFromShape(shape), 0);
      const results = bytes < LARGE ? play() : watch.over(play);
      forgetHostCopies(backend, weights);
      return Object.fromEntries(
        results.map((result, i) => [
          recording.outputs[i]!.name,
          tf.engine().makeTensorFromTensorInfo(result),
        ]),
      );
    },

    async prepare(computation, body) {
      failures.check();
      const key = keyOf(computation, buffersOf(backend, Object.values(computation.weights)));
      try {
        recordingOf(key, computation, body as never);
        await watch.settle();
      } catch (thrown) {
        const error = await watch.meaningOf(thrown);
        // It holds buffers that are none.
        const now = known.get(key);
        if (now !== undefined && now.state !== "refused") now.recording.free();
        known.delete(key);
        throw error;
      }
    },

    async recover() {
      // What failed may still be reported; then nobody waits for it any more.
      await failures.untilLost(backend.device.queue.onSubmittedWorkDone());
      await new Promise((resolve) => setImmediate(resolve));
      await watch.idle();
      for (const now of known.values()) if (now.state !== "refused") now.recording.free();
      known.clear();
      arena.clear();
      failures.forget();
    },

    meaningOf: watch.meaningOf,

    listen: (tell) => void (listener.tell = tell),

    recordings: () =>
      [...known].flatMap(([key, now]) => {
        if (now.state === "refused") return [];
        const dispatches = now.recording.capture.dispatches.map(({ pipeline, bindGroup, groups }) => ({
          kernel: pipeline.label,
          encode(pass: GPUComputePassEncoder) {
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, bindGroup);
            pass.dispatchWorkgroups(...groups);
          },
        }));
        return [{ name: key.slice(0, key.indexOf("|")), dispatches }];
      }),

    runAnew: (computation, body) => runAnew(backend, computation, body),

    async read(tensors) {
      failures.check();
      backend.endComputePassEncoder();
      if (backend.commandEncoder !== null) backend.submitQueue();
      const bytesOf = (tensor: tf.Tensor) => 4 * tensor.size;
      for (const { dataId } of tensors) backend.uploadToGPU(dataId);
      if (backend.commandEncoder !== null) backend.submitQueue();
      const found = await readBuffers(
        buffersOf(backend, tensors).map((buffer, i) => ({ buffer, bytes: bytesOf(tensors[i]!) })),
      );
      await watch.settle();
      return found.map((bytes, i) =>
        tensors[i]!.dtype === "float32" ? new Float32Array(bytes) : new Int32Array(bytes)
      );
    },
  };
}

/** Runs a body as tfjs does, dispatch by dispatch. */
function runAnew<A extends HostArrays>(
  backend: WebgpuBackend,
  computation: Computation<A>,
  body: (arrays: Uploaded<A>) => Outputs,
): Outputs {
  const outputs = tf.tidy(() => {
    const arrays = Object.fromEntries(
      Object.entries(computation.arrays).map(([name, { data, shape }]) => [
        name,
        tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32"),
      ]),
    );
    return body(arrays as Uploaded<A>) as tf.TensorContainer;
  }) as unknown as Outputs;
  forgetHostCopies(backend, Object.values(computation.weights));
  return outputs;
}

function keyOf(
  { name, constants, arrays, weights }: Computation<HostArrays>,
  buffers: readonly GPUBuffer[],
): string {
  const shapes = [
    ...Object.entries(arrays).map(([name, { data, shape }]) => `${name}:${data.constructor.name}:${shape}`),
    ...Object.entries(weights).map(([name, { shape }]) => `${name}:${shape}`),
  ];
  // Weights that are one tensor under two names cannot be told apart afterwards: they get a recording of their own.
  const shared = new Set(buffers).size === buffers.length
    ? ""
    : buffers.map((b) => buffers.indexOf(b)).join();
  return `${name}|${JSON.stringify(constants)}|${shapes.join("|")}|${shared}`;
}

function tensorOn(backend: WebgpuBackend, buffer: GPUBuffer, shape: number[], dtype: tf.DataType): tf.Tensor {
  const info = backend.makeTensorInfo(shape, dtype);
  Object.assign(backend.tensorMap.get(info.dataId), { resource: buffer, external: true });
  return tf.engine().makeTensorFromTensorInfo(info);
}

function buffersOf(backend: WebgpuBackend, tensors: readonly tf.Tensor[]): GPUBuffer[] {
  return tensors.map(({ dataId }) => {
    backend.uploadToGPU(dataId);
    return backend.tensorMap.get(dataId).resource!;
  });
}

/** tfjs remembers numbers that it has read back; after an update in place they are not the tensor's any more. */
function forgetHostCopies(backend: WebgpuBackend, tensors: readonly tf.Tensor[]): void {
  for (const { dataId } of tensors) backend.tensorMap.get(dataId).values = null;
}
