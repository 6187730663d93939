import { BladeError } from "../core/errors.ts";
import { meaningOfError, recoverMemory } from "../device/computation.ts";
import { OutOfDeviceMemory } from "../device/faults.ts";

/** Work on a batch that may be done in parts. */
export interface PartedWork {
  /** Stage and step in words. */
  readonly place: string;
  /** What bounds the parts, as the configuration names it, e.g. `sft.microBatch`. */
  readonly setting: string;
  /** Rows of the batch, and what they are: users, contexts. */
  readonly rows: number;
  readonly unit: string;
  /** Told when the parts become smaller. */
  warn(message: string): void;
}

/**
 * Does work on a batch in parts of at most `most` rows; where the device has no memory for it, again in parts of half as
 * many, down to one row.
 *
 * @param most null for the whole batch at once
 * @param attempt must leave everything as it was when it throws `OutOfDeviceMemory`
 * @returns what it came to, and the bound that it was done with
 * @throws {BladeError} when there is no memory for one row.
 *
 * @example
 * ```ts
 * import { inSmallerParts } from "./smaller_parts.ts";
 * import { openDevice } from "../device/open_device.ts";
 * import { OutOfDeviceMemory } from "../device/faults.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const said: string[] = [];
 * const work = { place: "sft: step 3", setting: "sft.microBatch", rows: 10, unit: "users", warn: (m: string) => void said.push(m) };
 * const found = await inSmallerParts(work, null, (most) => {
 *   if ((most ?? 10) > 3) throw new OutOfDeviceMemory("cpu", "8 bytes");
 *   return Promise.resolve("done");
 * });
 * assertEquals([found, said.length], [{ result: "done", most: 3 }, 2]);
 * ```
 */
export async function inSmallerParts<T>(
  work: PartedWork,
  most: number | null,
  attempt: (most: number | null) => Promise<T>,
): Promise<{ result: T; most: number | null }> {
  const { place, setting, rows, unit, warn } = work;
  for (let now = most;;) {
    try {
      return { result: await attempt(now), most: now };
    } catch (thrown) {
      const error = thrown instanceof BladeError ? thrown : await meaningOfError(thrown);
      if (!(error instanceof OutOfDeviceMemory)) throw error;
      const tried = Math.min(now ?? rows, rows);
      if (tried <= 1) throw noMemoryForOne(work, error);
      await recoverMemory();
      now = Math.ceil(tried / 2);
      warn(
        `${place}: no memory on the device for ${tried} ${unit} at once (${error.asked}). The step is repeated, and the ` +
          `stage goes on, as with ${setting} ${now}. Sums are added up in another order, so the last bits differ from ` +
          "those of a run whose batches fit.",
      );
    }
  }
}

function noMemoryForOne(
  { place, setting, unit }: PartedWork,
  { device, asked }: OutOfDeviceMemory,
): BladeError {
  return new BladeError({
    place: `${place} on ${device}`,
    rule: `the device must have memory for one of the ${unit} at once (${setting} 1)`,
    value: asked,
    mend:
      "lower data.maxHistory, model.width or model.layers, set model.recompute to true, or choose a device with " +
      "more memory; the last checkpoint is intact",
  });
}
