import { createHash } from "node:crypto";
import type { Checkpoint } from "./checkpoint.ts";

/** What a digest is of. `step` is null where a stage has finished. */
export type Digested = Omit<Checkpoint, "step"> & { readonly step: number | null };

/**
 * SHA-256 of all that a checkpoint holds: stage, step and single numbers, and of every tensor its name, type, shape and
 * bytes. The order in which they were put in does not count. It is what the file stores of itself.
 *
 * @returns 64 hexadecimal digits
 * @example
 * ```ts
 * import { checkpointDigest } from "./checkpoint_digest.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const weights = { shape: [2], data: new Float32Array([1, 2]) };
 * const digest = (step: number, name: string) =>
 *   checkpointDigest({ stage: "sft", step, numbers: { epoch: 0 }, tensors: new Map([[name, weights]]) });
 * assertEquals(digest(3, "bias"), digest(3, "bias"));
 * assertNotEquals(digest(3, "bias"), digest(4, "bias"));
 * assertNotEquals(digest(3, "bias"), digest(3, "gain"));
 * ```
 */
export function checkpointDigest({ stage, step, numbers, tensors }: Digested): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([stage, step, numbersText(numbers)]) + "\n");
  for (const [name, { shape, data }] of sorted(tensors)) {
    hash.update(JSON.stringify([name, data.constructor.name, shape]) + "\n");
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** Single numbers as a file keeps them, by name. JSON has no NaN and writes null. */
export function numbersText(numbers: Checkpoint["numbers"]): string {
  return JSON.stringify(Object.fromEntries(sorted(Object.entries(numbers))));
}

function sorted<T>(entries: Iterable<readonly [string, T]>): (readonly [string, T])[] {
  return [...entries].sort(([one], [other]) => one < other ? -1 : 1);
}
