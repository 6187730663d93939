import { log2 } from "../../numerics/logarithms.ts";
import { OutOfDeviceMemory } from "../faults.ts";

/** Where recordings take the buffers of their intermediate results from. */
export interface Arena {
  /** Buffers that a recording may take: all that no recording keeps for itself. Recordings run one after the other. */
  open(): ArenaSession;
  /** Bytes of all buffers. */
  readonly bytes: number;
  /** Gives all buffers back to the device. No recording may be left. */
  clear(): void;
}

/** The buffers that one recording takes. */
export interface ArenaSession {
  /** @throws {OutOfDeviceMemory} for more bytes than the device has in one buffer. */
  take(bytes: number): GPUBuffer;
  owns(buffer: GPUBuffer): boolean;
  /** The buffer may be taken again by what comes later in the same recording. */
  give(buffer: GPUBuffer): void;
  /** The buffer holds a result of this recording: no recording takes it until `release`. */
  keep(buffer: GPUBuffer): void;
  /** What was kept may be taken again. */
  release(): void;
}

/**
 * An arena on a device. Results of a recording are dead when the next one runs, so all of them share their buffers,
 * in sizes that few shapes differ in.
 */
export function createArena(device: GPUDevice): Arena {
  const all: GPUBuffer[] = [];
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  const kept = new Set<GPUBuffer>();
  let total = 0;
  return {
    get bytes() {
      return total;
    },
    clear() {
      for (const buffer of all.splice(0)) buffer.destroy();
      kept.clear();
      total = 0;
    },
    open() {
      const free = new Map<number, GPUBuffer[]>();
      const own = new Set<GPUBuffer>();
      const mine = new Set<GPUBuffer>();
      const shelf = (size: number) => {
        const buffers = free.get(size) ?? [];
        free.set(size, buffers);
        return buffers;
      };
      for (const buffer of all) if (!kept.has(buffer)) shelf(buffer.size).push(buffer);
      return {
        take(bytes) {
          const room = roomFor(bytes);
          const size = room <= most ? room : Math.ceil(bytes / 4) * 4;
          if (size > most) {
            throw new OutOfDeviceMemory(
              "webgpu",
              `a buffer of ${size} bytes, where the device has at most ${most} in one`,
            );
          }
          let buffer = shelf(size).pop();
          if (buffer === undefined) {
            const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
            buffer = device.createBuffer({ size, usage });
            all.push(buffer);
            total += size;
          }
          own.add(buffer);
          return buffer;
        },
        owns: (buffer) => own.has(buffer),
        give: (buffer) => void shelf(buffer.size).push(buffer),
        keep(buffer) {
          kept.add(buffer);
          mine.add(buffer);
        },
        release() {
          for (const buffer of mine) kept.delete(buffer);
        },
      };
    },
  };
}

/** The next of 1, 1¼, 1½, 1¾ times a power of two, from 256 bytes on. */
function roomFor(bytes: number): number {
  const base = 2 ** Math.floor(log2(Math.max(bytes, 256)));
  return Math.ceil(bytes / (base / 4)) * (base / 4) || base;
}
