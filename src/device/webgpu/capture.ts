import type { ArenaSession } from "./arena.ts";
import type { WebgpuBackend } from "./backend_internals.ts";

/** One dispatch of a recording. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  /** The buffers bound, in order. */
  readonly entries: readonly GPUBindGroupEntry[];
  readonly groups: readonly [number, number, number];
}

/** What a body would have done on the device. */
export interface Capture {
  readonly dispatches: readonly Dispatch[];
  /** Buffers with the constants and uniforms that the body made on the host. */
  readonly constants: readonly GPUBuffer[];
  /** A digest of the dispatches and of those constants: what must be the same whenever the body runs. */
  readonly fingerprint: string;
}

/** Why a body cannot be recorded. */
export class Refusal extends Error {}

/**
 * Runs a body without running its dispatches, which are listed instead. Uploads of constants are carried out.
 *
 * @param known buffers from outside that the body may use: its arrays and weights
 * @throws {Refusal} when the body reads back, or uses a tensor from elsewhere
 */
export function captureDispatches<T>(
  backend: WebgpuBackend,
  session: ArenaSession,
  known: ReadonlySet<GPUBuffer>,
  body: () => T,
): { result: T; capture: Capture } {
  const { device } = backend;
  const dispatches: Dispatch[] = [];
  const constants: GPUBuffer[] = [];
  const entriesOf = new Map<GPUBindGroup, readonly GPUBindGroupEntry[]>();
  const uniforms = new Map<string, GPUBufferBinding>();
  const alike = new Map<GPUComputePipeline, Map<string, GPUBindGroup>>();
  const digest = createDigest();
  const places = new Map<GPUBuffer, number>();
  const placeOf = (buffer: GPUBuffer) => {
    if (!places.has(buffer)) places.set(buffer, places.size);
    return places.get(buffer)!;
  };

  let pipeline: GPUComputePipeline, bindGroup: GPUBindGroup;
  const pass = {
    setPipeline: (set: GPUComputePipeline) => pipeline = set,
    setBindGroup: (_: number, set: GPUBindGroup) => bindGroup = set,
    dispatchWorkgroups(x: number, y = 1, z = 1) {
      const entries = entriesOf.get(bindGroup)!;
      const buffers = entries.map(({ resource }) => placeOf((resource as GPUBufferBinding).buffer));
      // The fewer bind groups there are, the less a replay has to keep track of.
      const own = alike.get(pipeline) ?? new Map<string, GPUBindGroup>();
      alike.set(pipeline, own);
      const known = own.get(buffers.join()) ?? bindGroup;
      own.set(buffers.join(), known);
      dispatches.push({ pipeline, bindGroup: known, entries, groups: [x, y, z] });
      digest.add(`${pipeline.label} ${[x, y, z]} ${buffers}`);
    },
    end() {},
  };
  const encoder = {
    beginComputePass: () => pass,
    // The only copies while a body runs are uploads of constants.
    copyBufferToBuffer(...copy: Parameters<GPUCommandEncoder["copyBufferToBuffer"]>) {
      const once = device.createCommandEncoder();
      once.copyBufferToBuffer(...copy);
      device.queue.submit([once.finish()]);
    },
  };
  const refuse = (why: string) => () => {
    throw new Refusal(why);
  };
  const bufferManager = backend.bufferManager;
  const restore = replace(backend, {
    commandEncoder: encoder as unknown as GPUCommandEncoder,
    computePassEncoder: null,
    dispatchCountInPass: 0,
    commandQueueOwnedIds: new WeakSet(),
    tensorDataPendingDisposal: [],
    uniformPendingDisposal: [],
    stagingPendingDisposal: [],
    readSync: refuse("its body reads numbers back"),
    read: refuse("its body reads numbers back"),
    bufferManager: {
      acquireBuffer(size, usage, mappedAtCreation = false) {
        if ((usage & GPUBufferUsage.UNIFORM) === 0 && !mappedAtCreation) return session.take(size);
        const buffer = device.createBuffer({ size, usage, mappedAtCreation });
        constants.push(buffer);
        return buffer;
      },
      releaseBuffer(buffer, reuse) {
        if (session.owns(buffer)) session.give(buffer);
        else if (!constants.includes(buffer)) bufferManager.releaseBuffer(buffer, reuse);
      },
    },
    submitQueue() {
      backend.dispatchCountInPass = 0;
      backend.commandQueueOwnedIds = new WeakSet();
      for (const dataId of backend.tensorDataPendingDisposal.splice(0)) {
        backend.releaseResource(dataId);
        backend.tensorMap.delete(dataId);
      }
      backend.uniformPendingDisposal = [];
      backend.stagingPendingDisposal = [];
    },
    onUpdate(buffer) {
      if (!constants.includes(buffer)) return;
      throw new Refusal(
        "its body changes a constant in place, which is made once (tf.fill makes one each time)",
      );
    },
    makeUniforms(fields) {
      const key = JSON.stringify(fields);
      digest.add(key);
      // Equal numbers share a buffer: the fewer there are, the less a replay has to keep track of.
      const binding = uniforms.get(key) ?? Object.getPrototypeOf(backend).makeUniforms.call(backend, fields);
      uniforms.set(key, binding);
      return binding;
    },
    uploadToGPU(dataId) {
      const { values, resource } = backend.tensorMap.get(dataId);
      if (resource === null || resource === undefined) {
        if (values) digest.add(String(values));
      }
      Object.getPrototypeOf(backend).uploadToGPU.call(backend, dataId);
    },
  });
  const restoreDevice = replace(device, {
    createBindGroup(descriptor: GPUBindGroupDescriptor) {
      const entries = [...descriptor.entries];
      for (const { resource } of entries) {
        const { buffer } = resource as GPUBufferBinding;
        if (known.has(buffer) || session.owns(buffer) || constants.includes(buffer)) continue;
        throw new Refusal("its body uses a tensor that is neither among its arrays nor its weights");
      }
      const group = Object.getPrototypeOf(device).createBindGroup.call(device, descriptor) as GPUBindGroup;
      entriesOf.set(group, entries);
      return group;
    },
  });
  try {
    const result = body();
    backend.endComputePassEncoder();
    backend.submitQueue();
    return { result, capture: { dispatches, constants, fingerprint: digest.value() } };
  } catch (error) {
    for (const buffer of constants) buffer.destroy();
    throw error;
  } finally {
    restore();
    restoreDevice();
  }
}

/** Sets properties of an object until the returned function is called. */
function replace<T extends object>(target: T, properties: Partial<T>): () => void {
  const own = new Map(
    Object.keys(properties).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)]),
  );
  Object.assign(target, properties);
  return () => {
    for (const [name, descriptor] of own) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else delete (target as Record<string, unknown>)[name];
    }
  };
}

/** A running digest of strings (two 32-bit FNV-1a hashes). */
function createDigest(): { add(text: string): void; value(): string } {
  let [a, b] = [0x811c9dc5, 0x01000193];
  return {
    add(text) {
      for (let i = 0; i < text.length; i++) {
        a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
        b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b) ^ b >>> 13;
      }
    },
    value: () => `${a >>> 0}-${b >>> 0}`,
  };
}
