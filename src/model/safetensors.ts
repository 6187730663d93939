import { BladeError } from "../core/errors.ts";
import { elements, headerLength, LENGTH_BYTES, parseHeader, writeHeader } from "./safetensors_header.ts";

/** Numbers with a shape, as a weight file keeps them. `data.length` is the product of `shape`; [] is a scalar. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Numbers of 16 bits with a shape, to be written only. */
export interface HalfTensor {
  readonly shape: readonly number[];
  readonly data: Uint16Array;
  readonly type: "F16" | "BF16";
}

/** The element types read and written: F32, F64, I32, I64, U8 in a file's words. */
export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A weight file's content. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Free strings of the header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is read: what a checkpoint is written with. */
const TYPES = {
  F64: Float64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  I32: Int32Array,
  U8: Uint8Array,
} as const;

type TypeName = keyof typeof TYPES;

/**
 * Encodes tensors in the safetensors format: 8 bytes of header length, a JSON header, the raw data, all
 * little-endian. The widest types come first, so that every tensor is aligned; equal input gives equal bytes.
 * Source: github.com/huggingface/safetensors, section Format.
 *
 * @param tensors by name
 * @param metadata strings for the header
 * @throws {BladeError} naming the tensor whose shape and length disagree
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 * import { assertEquals } from "@std/assert";
 * const bytes = encodeSafetensors(new Map([["bias", { shape: [2], data: new Float32Array([1, 2]) }]]));
 * const { tensors } = decodeSafetensors(bytes, "weights.safetensors");
 * assertEquals(tensors.get("bias"), { shape: [2], data: new Float32Array([1, 2]) });
 * ```
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor | HalfTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const order = [...tensors].sort(([a, x], [b, y]) =>
    y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1)
  );
  for (const [name, { shape, data }] of order) {
    if (elements(shape) !== data.length || name === "__metadata__") {
      throw new BladeError({
        place: `tensor ${name}`,
        rule: `must have a name of its own and as many numbers as its shape [${shape}] says`,
        value: data.length,
        mend: "give the shape of the data",
      });
    }
  }
  const start = writeHeader(
    order.map(([name, tensor]) => ({ name, type: typeOf(tensor), shape: tensor.shape })),
    metadata,
  );
  const bytes = new Uint8Array(order.reduce((sum, [, { data }]) => sum + data.byteLength, start.length));
  bytes.set(start);
  let offset = start.length;
  for (const [, { data }] of order) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes a safetensors file. Everything the header claims is checked before a number is read: its length, each
 * type and shape, that offsets match the shape, lie inside the file, and cover it without gap or overlap.
 *
 * @param bytes the file
 * @param place the file's name, for messages
 * @throws {BladeError} naming the file and the tensor
 * @example
 * ```ts
 * import { decodeSafetensors } from "./safetensors.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => decodeSafetensors(new Uint8Array(3), "weights.safetensors"), Error, "weights.safetensors");
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array, place: string): SafetensorsFile {
  const dataStart = LENGTH_BYTES + headerLength(bytes.subarray(0, LENGTH_BYTES), bytes.length, place);
  const { tensors: stored, metadata } = parseHeader(bytes.subarray(LENGTH_BYTES, dataStart), {
    bytes: bytes.length,
    place,
    types: Object.keys(TYPES) as TypeName[],
  });
  const tensors = new Map(stored.map(({ name, type, shape, begin, end }): [string, NamedTensor] => {
    // A copy of its own: aligned for its type, and free of the file's buffer.
    const raw = bytes.slice(dataStart + begin, dataStart + end);
    return [name, { shape, data: new TYPES[type](raw.buffer) }];
  }));
  return { tensors, metadata };
}

function typeOf(tensor: NamedTensor | HalfTensor): TypeName | HalfTensor["type"] {
  if ("type" in tensor) return tensor.type;
  return (Object.keys(TYPES) as TypeName[]).find((name) => tensor.data instanceof TYPES[name])!;
}
