import type * as tf from "@tensorflow/tfjs-core";

/** What this project uses of tfjs's webgpu backend beyond its declared types (version 4.22). */
export interface WebgpuBackend extends tf.KernelBackend {
  readonly device: GPUDevice;
  readonly tensorMap: { get(dataId: object): TensorData; delete(dataId: object): void };
  bufferManager: BufferManager;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  commandQueueOwnedIds: WeakSet<object>;
  /** Freed tensors whose buffers work that is not submitted yet may still use, and the buffers of uniforms and uploads. */
  tensorDataPendingDisposal: object[];
  uniformPendingDisposal: GPUBuffer[];
  stagingPendingDisposal: GPUBuffer[];
  releaseResource(dataId: object): void;
  makeTensorInfo(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** Gives a tensor a buffer, filled with the values that it has on the host, if any. */
  uploadToGPU(dataId: object): void;
  tensorToBinding(tensor: tf.TensorInfo): GPUBufferBinding;
  makeUniforms(fields: { type: string; data: number[] }[]): GPUBufferBinding;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  /** Told of every buffer that a kernel is about to change in place. */
  onUpdate?: (buffer: GPUBuffer) => void;
}

/** What the backend keeps of a tensor. */
export interface TensorData {
  /** Numbers on the host: not uploaded yet, or a copy of what was read back. */
  values: unknown;
  resource: GPUBuffer | null;
  /** Whether the buffer is not the backend's to reuse. */
  external?: boolean;
}

/** Where the backend takes buffers from and gives them back to. */
export interface BufferManager {
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}
