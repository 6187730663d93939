/** Devices with less memory than they have: their own errors come where an allocation passes a bound. */
import * as tf from "@tensorflow/tfjs";
import type { WebgpuBackend } from "../../src/device/webgpu/backend_internals.ts";

/** What the current device holds of what was taken while metered. */
export interface MemoryMeter extends Disposable {
  /** Most bytes at once since `allow`, beside those of that moment. */
  peak(): number;
  /** From now on no more bytes are given beside those that are taken; Infinity gives all that there is. */
  allow(bytes: number): void;
}

/** More than any device gives in one piece, and so refused by itself. */
const TOO_MUCH = 2 ** 40;

/** Meters the device that is open, until disposed of. */
export function meterMemory(): MemoryMeter {
  return tf.getBackend() === "webgpu" ? meterWebgpu() : meterWasm();
}

function counter() {
  let [live, most, base, bound] = [0, 0, 0, Infinity];
  return {
    /** Bytes to ask the device for, in place of these. */
    take(bytes: number): number {
      if (live + bytes - base > bound) return TOO_MUCH;
      live += bytes;
      most = Math.max(most, live);
      return bytes;
    },
    give: (bytes: number) => void (live -= bytes),
    peak: () => most - base,
    allow(bytes: number) {
      [most, base, bound] = [live, live, bytes];
    },
  };
}

function meterWasm(): MemoryMeter {
  const { wasm } = tf.backend() as unknown as {
    wasm: { _malloc(bytes: number): number; _free(pointer: number): void };
  };
  const { _malloc, _free } = wasm;
  const { take, give, peak, allow } = counter();
  const sizes = new Map<number, number>();
  wasm._malloc = (bytes) => {
    const pointer = _malloc(take(bytes));
    sizes.set(pointer, bytes);
    return pointer;
  };
  wasm._free = (pointer) => {
    give(sizes.get(pointer) ?? 0);
    sizes.delete(pointer);
    _free(pointer);
  };
  return { peak, allow, [Symbol.dispose]: () => void Object.assign(wasm, { _malloc, _free }) };
}

function meterWebgpu(): MemoryMeter {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  const createBuffer = device.createBuffer.bind(device);
  const { take, give, peak, allow } = counter();
  device.createBuffer = (descriptor) => {
    const size = take(descriptor.size);
    const buffer = createBuffer({ ...descriptor, size });
    const destroy = buffer.destroy.bind(buffer);
    let counted = size === descriptor.size ? size : 0;
    buffer.destroy = () => {
      give(counted);
      counted = 0;
      destroy();
    };
    return buffer;
  };
  return {
    peak,
    allow,
    [Symbol.dispose]: () => void delete (device as { createBuffer?: unknown }).createBuffer,
  };
}
