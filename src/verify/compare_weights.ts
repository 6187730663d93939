import { join } from "@std/path";
import type { NamedTensor, SafetensorsFile, TensorData } from "../model/safetensors.ts";
import { decodeSafetensors } from "../model/safetensors.ts";
import { isThere } from "../report/is_there.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import type { Comparison, Difference } from "./difference.ts";

/** What the stages of a run leave, in the order in which they are made. */
export const STAGES = ["sft", "prior", "sft-continued", "align"] as const;

/**
 * Compares what the stages of two runs left, number by number.
 *
 * @throws {BladeError} when a file is damaged
 */
export async function compareWeights(
  recorded: string,
  found: string,
  stages: readonly string[] = STAGES,
): Promise<Comparison> {
  let count = 0;
  let difference: Difference | null = null;
  for (const stage of stages) {
    const file = `${RUN_FILES.checkpoints}/${stage}.safetensors`;
    const [one, other] = [await fileOf(join(recorded, file)), await fileOf(join(found, file))];
    if (one === null && other === null) continue;
    count += one?.tensors.size ?? 0;
    difference ??= one === null || other === null
      ? { kind: "weights", place: file, recorded: one && "there", found: other && "there" }
      : firstDifference(file, one, other);
  }
  return { what: "tensors", count, difference };
}

/**
 * The first number in which two weight files differ, in the order of the first file.
 *
 * @param file its name, for the words
 * @example
 * ```ts
 * import { firstDifference } from "./compare_weights.ts";
 * import { assertEquals } from "@std/assert";
 * const file = (last: number) => ({
 *   tensors: new Map([["head", { shape: [2, 2], data: Float32Array.of(1, 2, 3, last) }]]),
 *   metadata: {},
 * });
 * assertEquals(firstDifference("sft.safetensors", file(4), file(4)), null);
 * assertEquals(firstDifference("sft.safetensors", file(4), file(4.5)), {
 *   kind: "weights",
 *   place: "sft.safetensors: head[1,1]",
 *   recorded: 4,
 *   found: 4.5,
 *   extent: "1 of 4 numbers of this tensor differ, by up to 0.5; in 1 of 1 tensors",
 * });
 * ```
 */
export function firstDifference(
  file: string,
  recorded: SafetensorsFile,
  found: SafetensorsFile,
): Difference | null {
  const names = [...new Set([...recorded.tensors.keys(), ...found.tensors.keys()])];
  const differing = names.filter((name) => !sameTensor(recorded.tensors.get(name), found.tensors.get(name)));
  const [name] = differing;
  if (name === undefined) {
    const [one, other] = [recorded.metadata["numbers"] ?? null, found.metadata["numbers"] ?? null];
    return one === other
      ? null
      : { kind: "weights", place: `${file}: its numbers`, recorded: one, found: other };
  }
  const [one, other] = [recorded.tensors.get(name), found.tensors.get(name)];
  if (one === undefined || other === undefined || shapeOf(one) !== shapeOf(other)) {
    return {
      kind: "weights",
      place: `${file}: ${name}`,
      recorded: one === undefined ? null : shapeOf(one),
      found: other === undefined ? null : shapeOf(other),
    };
  }
  const { at, differ, most } = differenceOf(one.data, other.data);
  return {
    kind: "weights",
    place: `${file}: ${name}[${indexOf(at, one.shape)}]`,
    recorded: Number(one.data[at]),
    found: Number(other.data[at]),
    extent: `${differ} of ${one.data.length} numbers of this tensor differ, by up to ${
      Number(most.toPrecision(3))
    }; in ${differing.length} of ${names.length} tensors`,
  };
}

async function fileOf(path: string): Promise<SafetensorsFile | null> {
  return await isThere(path) ? decodeSafetensors(await Deno.readFile(path), path) : null;
}

function sameTensor(one: NamedTensor | undefined, other: NamedTensor | undefined): boolean {
  if (one === undefined || other === undefined || shapeOf(one) !== shapeOf(other)) return false;
  const [a, b] = [bytesOf(one.data), bytesOf(other.data)];
  return a.every((byte, at) => byte === b[at]);
}

function bytesOf({ buffer, byteOffset, byteLength }: TensorData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function shapeOf({ shape, data }: NamedTensor): string {
  return `${data.constructor.name.replace("Array", "")} [${shape}]`;
}

/** The first place in which two arrays of the same type and length differ in their bits. */
function differenceOf(one: TensorData, other: TensorData) {
  const [a, b] = [bytesOf(one), bytesOf(other)];
  const width = one.BYTES_PER_ELEMENT;
  let [first, differ, most] = [-1, 0, 0];
  for (let at = 0; at < one.length; at++) {
    const from = at * width;
    let same = true;
    for (let byte = from; byte < from + width; byte++) same &&= a[byte] === b[byte];
    if (same) continue;
    if (first < 0) first = at;
    differ++;
    most = Math.max(most, Math.abs(Number(one[at]) - Number(other[at])));
  }
  return { at: first, differ, most };
}

/** Row-major position → index by dimension. */
function indexOf(at: number, shape: readonly number[]): string {
  const index: number[] = [];
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    index.unshift(at % shape[dimension]!);
    at = Math.floor(at / shape[dimension]!);
  }
  return index.join(",");
}
