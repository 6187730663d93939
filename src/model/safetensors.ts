import { BladeError } from "../core/errors.ts";

/** Numbers with a shape, as a weight file keeps them. `data.length` is the product of `shape`; [] is a scalar. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** The element types read and written: F32, F64, I32, I64, U8 in a file's words. */
export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A weight file's content. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Free strings of the header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const TYPES = {
  F64: Float64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  I32: Int32Array,
  U8: Uint8Array,
} as const;

type TypeName = keyof typeof TYPES;

/** The format's own bound on its header. */
const MAX_HEADER_BYTES = 100_000_000;

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
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const order = [...tensors].sort(([a, x], [b, y]) =>
    y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1)
  );
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of order) {
    if (elements(shape) !== data.length || name === "__metadata__") {
      throw new BladeError({
        place: `tensor ${name}`,
        rule: `must have a name of its own and as many numbers as its shape [${shape}] says`,
        value: data.length,
        mend: "give the shape of the data",
      });
    }
    header.push([name, { dtype: typeOf(data), shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes).set(json, 8);
  let offset = 8 + headerBytes;
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
  const { header, dataStart } = readHeader(bytes, place);
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => checkEntry(name, entry, bytes.length - dataStart, place))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, NamedTensor>();
  let covered = 0;
  for (const { name, type, shape, begin, end } of entries) {
    if (begin !== covered) {
      refuse(place, name, `must begin where the tensor before it ends, at ${covered}`, begin);
    }
    covered = end;
    // A copy of its own: aligned for its type, and free of the file's buffer.
    const raw = bytes.slice(dataStart + begin, dataStart + end);
    tensors.set(name, { shape, data: new TYPES[type](raw.buffer) });
  }
  if (covered !== bytes.length - dataStart) {
    refuse(
      place,
      undefined,
      `must hold ${covered} bytes of data, as its header says`,
      bytes.length - dataStart,
    );
  }
  return { tensors, metadata: checkMetadata(header["__metadata__"], place) };
}

interface Entry {
  readonly name: string;
  readonly type: TypeName;
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

function readHeader(
  bytes: Uint8Array,
  place: string,
): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    refuse(place, undefined, "must begin with 8 bytes of header length", `${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, bytes.length - 8))) {
    refuse(place, undefined, `must have a header that fits into the file (${bytes.length} bytes)`, length);
  }
  const dataStart = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch (error) {
    refuse(place, undefined, "must have a header of JSON", (error as Error).message);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    refuse(place, undefined, "must have a JSON object as its header", header);
  }
  return { header: header as Record<string, unknown>, dataStart };
}

function checkEntry(name: string, entry: unknown, dataBytes: number, place: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(TYPES, dtype)) {
    refuse(place, name, `must be of a type among ${Object.keys(TYPES).join(", ")}`, dtype);
  }
  const type = dtype as TypeName;
  if (!isCounts(shape)) refuse(place, name, "must have a shape of whole numbers >= 0", shape);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]! || offsets[1]! > dataBytes) {
    refuse(place, name, `must have two offsets within ${dataBytes} bytes of data`, offsets);
  }
  const [begin, end] = offsets as [number, number];
  const expected = elements(shape) * TYPES[type].BYTES_PER_ELEMENT;
  if (end - begin !== expected) {
    refuse(place, name, `must take ${expected} bytes for ${type} of shape [${shape}]`, end - begin);
  }
  return { name, type, shape, begin, end };
}

function checkMetadata(metadata: unknown, place: string): Record<string, string> {
  if (metadata === undefined) return {};
  const isRecord = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isRecord || Object.values(metadata).some((value) => typeof value !== "string")) {
    refuse(place, undefined, "must have strings as its metadata", metadata);
  }
  return metadata as Record<string, string>;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function typeOf(data: TensorData): TypeName {
  return (Object.keys(TYPES) as TypeName[]).find((name) => data instanceof TYPES[name])!;
}

function refuse(place: string, tensor: string | undefined, rule: string, value: unknown): never {
  throw new BladeError({
    place: tensor === undefined ? place : `${place}: tensor ${tensor}`,
    rule,
    value: typeof value === "bigint" ? String(value) : value,
    mend: "the file is damaged or not a safetensors file: take it from its source again",
  });
}
