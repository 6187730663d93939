import { basename } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../model/safetensors.ts";
import { checkpointDigest, type Digested, numbersText } from "./checkpoint_digest.ts";

/**
 * A checkpoint as the bytes of a safetensors file, with its digest in the header.
 *
 * @example
 * ```ts
 * import { checkpointFrom, checkpointBytes } from "./checkpoint_bytes.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const tensors = new Map([["bias", { shape: [2], data: new Float32Array([1, 2]) }]]);
 * const { bytes } = checkpointBytes({ stage: "sft", step: 3, numbers: { epoch: 1 }, tensors });
 * const of = { stage: "sft", step: 3 };
 * assertEquals(checkpointFrom(bytes, "sft.safetensors", of).numbers, { epoch: 1 });
 * bytes[bytes.length - 1]! ^= 1;
 * assertThrows(() => checkpointFrom(bytes, "sft.safetensors", of), Error, "must be what was written");
 * ```
 */
export function checkpointBytes(content: Digested): { bytes: Uint8Array<ArrayBuffer>; digest: string } {
  const { stage, step, numbers, tensors } = content;
  const digest = checkpointDigest(content);
  const bytes = encodeSafetensors(tensors, {
    stage,
    ...(step === null ? {} : { step: String(step) }),
    numbers: numbersText(numbers),
    sha256: digest,
  });
  return { bytes, digest };
}

/**
 * The checkpoint that bytes hold, once they are seen to be what was written: of the stage and step that the file's name
 * says, and with the digest that they carry. Bytes without a digest are refused too: an older version's cannot be told
 * from damaged ones.
 *
 * @param path the file, for messages
 * @param of what its name says
 * @throws {BladeError} with what is wrong
 */
export function checkpointFrom(
  bytes: Uint8Array,
  path: string,
  of: Pick<Digested, "stage" | "step">,
): Digested {
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  const { sha256, numbers: text = "{}", stage = "", step: stepText } = metadata;
  const step = stepText === undefined ? null : Number(stepText);
  if (stage !== of.stage || step !== of.step) {
    const inside = step === null ? `the end of ${stage}` : `step ${step} of ${stage}`;
    refuse(path, `must hold what its name ${basename(path)} says`, inside);
  }
  if (sha256 === undefined) {
    refuse(path, "must carry the SHA-256 of its content; older versions of blade wrote none", "none");
  }
  const found = { stage, step, numbers: parseNumbers(text, path), tensors };
  const digest = checkpointDigest(found);
  if (digest !== sha256) {
    refuse(path, `must be what was written, with the SHA-256 ${short(sha256)}`, short(digest));
  }
  return found;
}

function parseNumbers(text: string, path: string): Digested["numbers"] {
  try {
    const numbers: unknown = JSON.parse(text);
    if (typeof numbers === "object" && numbers !== null) return numbers as Digested["numbers"];
  } catch {
    // Refused below.
  }
  return refuse(path, "must hold its numbers as JSON", text);
}

function short(digest: string): string {
  return `${digest.slice(0, 12)}…`;
}

function refuse(path: string, rule: string, value: string): never {
  throw new BladeError({ place: path, rule, value, mend: "take the file from a copy" });
}
