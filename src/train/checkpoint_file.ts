import { createHash } from "node:crypto";
import { z } from "zod";
import { BladeError } from "../core/errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../model/safetensors.ts";
import { checkedJson } from "../report/checked_json.ts";

/** Single numbers as a checkpoint keeps them, by name; null for NaN, which JSON does not have. */
export type Numbers = Readonly<Record<string, number | null>>;

/** What a file of a stage holds. */
export interface CheckpointContent {
  /** Stage that wrote it. */
  readonly stage: string;
  /** Steps of the stage that are done; null once the stage has finished. */
  readonly step: number | null;
  readonly numbers: Numbers;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

/**
 * SHA-256 of everything that a checkpoint holds: stage, step, numbers, and of each tensor by its name the type, the
 * shape and the bytes. The same state has the same digest, whoever wrote it.
 *
 * @returns hexadecimal digits
 * @example
 * ```ts
 * import { checkpointDigest } from "./checkpoint_file.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const of = (last: number) => checkpointDigest({
 *   stage: "sft",
 *   step: 3,
 *   numbers: { epoch: 1 },
 *   tensors: new Map([["head", { shape: [2], data: Float32Array.of(1, last) }]]),
 * });
 * assertEquals(of(2), of(2));
 * assertNotEquals(of(2), of(3));
 * ```
 */
export function checkpointDigest({ stage, step, numbers, tensors }: CheckpointContent): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([stage, step, sorted(Object.entries(numbers))]));
  for (const [name, { shape, data }] of sorted([...tensors])) {
    hash.update(`\n${JSON.stringify([name, data.constructor.name, shape])}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** A checkpoint as the bytes of its file, and the digest that the file has in it. */
export function encodeCheckpoint(
  content: CheckpointContent,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: string } {
  const { stage, step, numbers, tensors } = content;
  const digest = checkpointDigest(content);
  const bytes = encodeSafetensors(tensors, {
    stage,
    ...(step === null ? {} : { step: String(step) }),
    numbers: JSON.stringify(numbers),
    sha256: digest,
  });
  return { bytes, digest };
}

/**
 * The checkpoint of a file's bytes.
 *
 * @param place the file, for messages
 * @throws {BladeError} for a file that is not, bit for bit, what was written: cut short, changed, or of another stage
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  { place, stage, step }: { readonly place: string } & Pick<CheckpointContent, "stage" | "step">,
): CheckpointContent {
  const { tensors, metadata } = decodeSafetensors(bytes, place);
  const content = { stage, step, numbers: numbersOf(metadata["numbers"], place), tensors };
  const expected = metadata["sha256"];
  const written = metadata["stage"];
  if (written !== stage || (metadata["step"] ?? null) !== (step === null ? null : String(step))) {
    throw damaged(
      place,
      `must be of ${nameOf({ stage, step })}, as its name says`,
      nameOf({
        stage: String(written),
        step: metadata["step"] === undefined ? null : Number(metadata["step"]),
      }),
    );
  }
  if (expected === undefined) throw damaged(place, "must have a checksum", "none");
  const found = checkpointDigest(content);
  if (found === expected) return content;
  throw damaged(
    place,
    `must have the SHA-256 that was written into it, ${expected.slice(0, 12)}…`,
    `${found.slice(0, 12)}…`,
  );
}

const numbersSchema = z.record(z.string(), z.number().nullable());

const MEND = "bring the file back from a copy, or train anew";

function numbersOf(text: string | undefined, place: string): Numbers {
  return checkedJson(text ?? "none", `${place}: numbers`, numbersSchema, MEND);
}

function damaged(place: string, rule: string, value: string): BladeError {
  return new BladeError({ place, rule, value, mend: MEND });
}

function nameOf({ stage, step }: Pick<CheckpointContent, "stage" | "step">): string {
  return step === null ? `stage ${stage}, finished` : `stage ${stage}, step ${step}`;
}

function sorted<T>(entries: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return entries.toSorted(([one], [other]) => one < other ? -1 : 1);
}
