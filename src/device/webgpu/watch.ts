import { type Failures, messageOf } from "./failures.ts";

/** Looks after work whose failures a GPU reports later. */
export interface Watch {
  /** Does work; what fails in it is reported by `settle`. */
  over<T>(work: () => T): T;
  /**
   * Waits until all that was watched is known to have succeeded.
   *
   * @throws {OutOfDeviceMemory | DeviceLost | Error} what `Failures.check` throws
   */
  settle(): Promise<void>;
  /** Waits for what was watched, whatever came of it. */
  idle(): Promise<void>;
  /** An error as what it means: what the GPU reported explains what was thrown for the want of it. */
  meaningOf(thrown: unknown): Promise<unknown>;
}

/** A watch on a device, which reports into its failures. */
export function createWatch(device: GPUDevice, failures: Failures): Watch {
  const pending = new Set<Promise<void>>();
  const idle = async () => {
    if (pending.size > 0) await failures.untilLost(Promise.all(pending));
  };
  const settle = async () => {
    await idle();
    failures.check();
  };
  return {
    over(work) {
      for (const kind of ["validation", "out-of-memory"] as const) device.pushErrorScope(kind);
      try {
        return work();
      } finally {
        const told = [device.popErrorScope(), device.popErrorScope()].map(async (popped) => {
          const error = await popped;
          if (error !== null) failures.add(messageOf(error));
        });
        // A device that is gone answers with an error of its own, which `check` tells better.
        const all: Promise<void> = Promise.all(told).then(() => {}, () => {})
          .finally(() => pending.delete(all));
        pending.add(all);
      }
    },
    settle,
    idle,
    async meaningOf(thrown) {
      try {
        await settle();
      } catch (reported) {
        return await failures.meaningOf(reported);
      }
      return await failures.meaningOf(thrown);
    },
  };
}
