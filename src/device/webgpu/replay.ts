import type * as tf from "@tensorflow/tfjs-core";
import type { HostArrays } from "../arrays.ts";
import type { WebgpuBackend } from "./backend_internals.ts";
import type { Capture, Dispatch } from "./capture.ts";

/** A recorded computation: what to bind, what to dispatch, where the results lie. */
export interface Recording {
  readonly capture: Capture;
  /** By name of the array. */
  readonly arrays: ReadonlyMap<string, GPUBuffer>;
  /** In the order of the computation's weights. */
  readonly weights: readonly GPUBuffer[];
  readonly outputs: readonly {
    readonly name: string;
    readonly buffer: GPUBuffer;
    readonly shape: number[];
    readonly dtype: tf.DataType;
  }[];
  /** Bind groups for other weights than those that it was recorded with, the latest last. */
  readonly rebound: Map<string, readonly GPUBindGroup[]>;
  /** Frees what the recording keeps. */
  free(): void;
}

/** Weights that a recording remembers bind groups for: the policy, the reference, an average, the best so far. */
const MOST_REBOUND = 6;

/**
 * Runs a recording on new numbers; new tensors.
 *
 * @param portion dispatches that are handed over at once, so that the GPU begins while the host goes on
 */
export function replay(
  backend: WebgpuBackend,
  recording: Recording,
  arrays: HostArrays,
  weights: readonly GPUBuffer[],
  portion: number,
): tf.TensorInfo[] {
  const { device } = backend;
  backend.endComputePassEncoder();
  if (backend.commandEncoder !== null) backend.submitQueue();
  for (const [name, buffer] of recording.arrays) {
    const { data } = arrays[name]!;
    device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  }
  const groups = bindGroupsFor(device, recording, weights);
  const { dispatches } = recording.capture;
  let encoder = device.createCommandEncoder();
  for (let first = 0; first < dispatches.length; first += portion) {
    if (first > 0) {
      device.queue.submit([encoder.finish()]);
      encoder = device.createCommandEncoder();
    }
    const pass = encoder.beginComputePass();
    let last: GPUComputePipeline | null = null;
    for (let i = first; i < Math.min(dispatches.length, first + portion); i++) {
      const { pipeline, groups: [x, y, z] } = dispatches[i]!;
      if (pipeline !== last) pass.setPipeline(pipeline);
      last = pipeline;
      pass.setBindGroup(0, groups[i]!);
      pass.dispatchWorkgroups(x, y, z);
    }
    pass.end();
  }
  const results = recording.outputs.map(({ buffer, shape, dtype }) => {
    const result = backend.makeTensorInfo(shape, dtype);
    backend.uploadToGPU(result.dataId);
    const copy = backend.tensorMap.get(result.dataId).resource!;
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, copy.size);
    return result;
  });
  device.queue.submit([encoder.finish()]);
  return results;
}

function bindGroupsFor(
  device: GPUDevice,
  { capture: { dispatches }, weights: recorded, rebound }: Recording,
  weights: readonly GPUBuffer[],
): readonly GPUBindGroup[] {
  const key = weights.map(numberOf).join();
  const known = rebound.get(key);
  rebound.delete(key);
  const others = new Map(recorded.map((buffer, i) => [buffer, weights[i]!]));
  const made = new Map<GPUBindGroup, GPUBindGroup>();
  const groups = known ?? dispatches.map((dispatch) => {
    const group = made.get(dispatch.bindGroup) ?? withBuffers(device, dispatch, others);
    made.set(dispatch.bindGroup, group);
    return group;
  });
  rebound.set(key, groups);
  if (rebound.size > MOST_REBOUND) rebound.delete(rebound.keys().next().value!);
  return groups;
}

function withBuffers(
  device: GPUDevice,
  { pipeline, bindGroup, entries }: Dispatch,
  others: ReadonlyMap<GPUBuffer, GPUBuffer>,
): GPUBindGroup {
  const bufferOf = ({ resource }: GPUBindGroupEntry) => (resource as GPUBufferBinding).buffer;
  if (entries.every((entry) => (others.get(bufferOf(entry)) ?? bufferOf(entry)) === bufferOf(entry))) {
    return bindGroup;
  }
  return device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: entries.map((entry) => ({
      binding: entry.binding,
      resource: { buffer: others.get(bufferOf(entry)) ?? bufferOf(entry) },
    })),
  });
}

/** A number for each buffer, for keys. */
const numbers = new WeakMap<GPUBuffer, number>();
const counter = { next: 0 };

function numberOf(buffer: GPUBuffer): number {
  if (!numbers.has(buffer)) numbers.set(buffer, counter.next++);
  return numbers.get(buffer)!;
}
