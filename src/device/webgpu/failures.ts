import { DeviceLost, OutOfDeviceMemory } from "../faults.ts";

/** What a GPU reports of work that it refused. It throws nothing itself: results would be zeros. */
export interface Failures {
  add(message: string): void;
  /**
   * @throws {DeviceLost} when the GPU is gone
   * @throws {OutOfDeviceMemory} when it had no memory for something
   * @throws {Error} when it has refused other work.
   */
  check(): void;
  /** What a promise of the GPU's gives; it is not waited for when the GPU is gone before. */
  untilLost<T>(promise: Promise<T>): Promise<T>;
  /** An error as what it means: a GPU that goes is told of a little after the first calls on it have failed. */
  meaningOf(error: unknown): Promise<unknown>;
  /** Forgets what was reported. */
  forget(): void;
}

const byDevice = new WeakMap<GPUDevice, Failures>();

/** How long after a failure a GPU may still tell that it is gone, ms. */
const GRACE = 100;

/** The failures of a device. */
export function failuresOf(device: GPUDevice): Failures {
  const known = byDevice.get(device);
  if (known) return known;
  const messages: string[] = [];
  const waiting = new Set<(lost: DeviceLost) => void>();
  let lost: DeviceLost | null = null;
  void device.lost.then(({ reason, message }) => {
    lost = new DeviceLost(message || reason || "its driver gave no reason");
    for (const reject of waiting) reject(lost);
  });
  const untilLost = <T>(promise: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      if (lost !== null) return reject(lost);
      waiting.add(reject);
      promise.then(resolve, reject).finally(() => waiting.delete(reject));
    });
  const failures: Failures = {
    add: (message) => void messages.push(message),
    check() {
      if (lost !== null) throw lost;
      const [first] = messages;
      if (first !== undefined) throw failureOf(first);
    },
    untilLost,
    async meaningOf(error) {
      if (error instanceof OutOfDeviceMemory) return error;
      let timer;
      const grace = new Promise<unknown>((resolve) => timer = setTimeout(() => resolve(error), GRACE));
      try {
        return await untilLost(grace);
      } catch (gone) {
        return gone;
      } finally {
        clearTimeout(timer);
      }
    },
    forget: () => void messages.splice(0),
  };
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failures.add(messageOf((event as GPUUncapturedErrorEvent).error));
  });
  byDevice.set(device, failures);
  return failures;
}

/** A buffer that is larger than any can be is a lack of memory, too, though WebGPU calls it otherwise. */
const TOO_LARGE =
  /out of memory|not enough memory|maximum buffer size|buffer binding size|binding .*exceeds/i;

/** What a GPU's message means. */
export function failureOf(message: string): Error {
  return TOO_LARGE.test(message)
    ? new OutOfDeviceMemory("webgpu", message)
    : new Error(`The GPU refused work: ${message}`);
}

/** What a GPU says of an error; that it is one of memory shows in the kind alone. */
export function messageOf(error: GPUError): string {
  const said = error.message || "its driver gave no reason";
  return error instanceof GPUOutOfMemoryError ? `out of memory: ${said}` : said;
}
