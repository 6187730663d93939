import { join } from "@std/path";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { meaningOfError } from "../device/computation.ts";
import { DeviceLost } from "../device/faults.ts";
import { type Device, reopenGpu } from "../device/open_device.ts";
import { RUN_FILES } from "../report/run_folder.ts";

/** Losses of a device, one after another, between which a run got no further. */
const MOST_LOSSES = 3;

/**
 * Trains on a device. Where that is lost it is opened anew, and training goes on from what the run folder holds; so the
 * run ends with the same bits. Never is another device taken in its place.
 *
 * @param train begins with the last checkpoint of the run folder
 * @param reopen opens the device anew
 * @throws {BladeError} when the device was lost again and again without a checkpoint in between, when there is none any
 * more, and whatever else `train` throws.
 */
export async function survivingLosses<T>(
  o: { readonly runFolder: string; readonly device: Device; readonly observer: Observer },
  train: (device: Device) => Promise<T>,
  reopen: () => Promise<Device> = reopenGpu,
): Promise<T> {
  const { runFolder, observer } = o;
  let { device } = o;
  let reached: string | null = null;
  for (let [inAll, inVain] = [1, 0];; inAll++) {
    try {
      return await train(device);
    } catch (error) {
      const lost = await lossIn(error);
      const now = await reachedIn(runFolder);
      inVain = now === reached ? inVain + 1 : 1;
      reached = now;
      if (inVain >= MOST_LOSSES) throw lostInVain(runFolder, lost);
      observer.note(
        "warning",
        `The GPU ${device.adapter} was lost (${lost.reason}), ${
          times(inAll)
        } in this run so far. It is opened anew, and ` +
          "the run goes on from its last checkpoint.",
      );
      device = await reopen().catch((none) => {
        throw none instanceof BladeError ? gone(runFolder, lost, none) : none;
      });
    }
  }
}

/** The loss that an error tells of. @throws the error where it tells of none. */
async function lossIn(error: unknown): Promise<DeviceLost> {
  // What a user can mend was thrown for its own reason, even if the device went at the same time.
  const meaning = error instanceof BladeError ? error : await meaningOfError(error);
  if (meaning instanceof DeviceLost) return meaning;
  throw error;
}

/** What tells one state of the run from another: the files of its checkpoints. */
async function reachedIn(runFolder: string): Promise<string> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(join(runFolder, RUN_FILES.checkpoints))) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort().join(" ");
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function lostInVain(runFolder: string, { reason }: DeviceLost): BladeError {
  return new BladeError({
    place: "device webgpu",
    rule: `the GPU was lost ${MOST_LOSSES} times, and the run got no further in between`,
    value: reason,
    mend:
      `look after the GPU and its driver, or lower checkpoint.everySteps; then train --resume ${runFolder}, or train ` +
      "anew with --device wasm",
    exitCode: EXIT.interrupted,
  });
}

function gone(runFolder: string, { reason }: DeviceLost, none: BladeError): BladeError {
  return new BladeError({
    place: "device webgpu",
    rule: `the GPU was lost (${reason}), and none answers any more`,
    value: none.refusal.value,
    mend: `train --resume ${runFolder} when it is back, or train anew with --device wasm`,
    exitCode: EXIT.interrupted,
  });
}
