import { setImmediate } from "node:timers";
import { log2 } from "../../numerics/logarithms.ts";
import { type Failures, failuresOf } from "./failures.ts";

/** Reads buffers back. */
export type ReadBuffers = (
  sources: readonly { buffer: GPUBuffer; bytes: number }[],
) => Promise<ArrayBuffer[]>;

interface Staging {
  readonly buffer: GPUBuffer;
  /** Whether it has been mapped before. */
  primed: boolean;
}

/** While the device may be done any moment, the host asks again at once for so long (ms); then it lets others run. */
const IMPATIENCE = 1;

/**
 * A reader for a device.
 *
 * Deno looks every ten milliseconds whether a buffer is mapped, which is longer than a step of training. But every
 * submission makes the driver tell what is done, and a mapped buffer can be read before its promise is kept: so empty
 * submissions are made until it can. A buffer that has never been mapped must wait for its promise once. Neither waits for
 * a device that is gone.
 */
export function createReader(device: GPUDevice): ReadBuffers {
  const idle: Staging[] = [];
  const failures = failuresOf(device);
  const take = (bytes: number): Staging => {
    const at = idle.findIndex(({ buffer }) => buffer.size >= bytes);
    if (at >= 0) return idle.splice(at, 1)[0]!;
    const size = 2 ** Math.ceil(log2(Math.max(bytes, 4096)));
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return { buffer: device.createBuffer({ size, usage }), primed: false };
  };
  return async (sources) => {
    const bytes = sources.reduce((sum, source) => sum + source.bytes, 0);
    const staging = take(bytes);
    const { buffer } = staging;
    const encoder = device.createCommandEncoder();
    let at = 0;
    for (const source of sources) {
      encoder.copyBufferToBuffer(source.buffer, 0, buffer, at, source.bytes);
      at += source.bytes;
    }
    device.queue.submit([encoder.finish()]);
    const mapped = buffer.mapAsync(GPUMapMode.READ);
    if (!staging.primed) await failures.untilLost(mapped);
    staging.primed = true;
    const range = await rangeOf(device, buffer, mapped, failures);
    at = 0;
    const found = sources.map((source) => range.slice(at, at += source.bytes));
    buffer.unmap();
    void mapped.catch(() => {}).then(() => idle.push(staging));
    return found;
  };
}

async function rangeOf(
  device: GPUDevice,
  buffer: GPUBuffer,
  mapped: Promise<void>,
  failures: Failures,
): Promise<ArrayBuffer> {
  let settled = false;
  const settling = mapped.finally(() => settled = true);
  settling.catch(() => {});
  for (const start = performance.now();;) {
    try {
      return buffer.getMappedRange();
    } catch (error) {
      if (settled) throw error;
    }
    failures.check();
    device.queue.submit([]);
    if (performance.now() - start > IMPATIENCE) await new Promise((resolve) => setImmediate(resolve));
  }
}
