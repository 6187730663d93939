import { deviceTimes } from "../device/computation.ts";

/** Where the time of a step went, ms. */
export type StepTimes = {
  /** From its first to its last line on the host. */
  readonly stepMs: number;
  /** Of that, in computing, or in handing work to a GPU. */
  readonly deviceMs: number;
  /** Of that, in waiting for numbers of the device. */
  readonly waitingMs: number;
};

/** Starts a watch; calling it tells the times since. */
export function startWatch(): () => StepTimes {
  const [start, before] = [performance.now(), deviceTimes()];
  return () => {
    const after = deviceTimes();
    return {
      stepMs: performance.now() - start,
      deviceMs: after.computing - before.computing,
      waitingMs: after.waiting - before.waiting,
    };
  };
}
