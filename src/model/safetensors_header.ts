import { BladeError } from "../core/errors.ts";

/** Bytes of one element, by the type's name in a file. */
export const BYTES_OF_TYPE = {
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  U8: 1,
  I8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const;

/** A type of elements that a safetensors file may hold. */
export type StoredType = keyof typeof BYTES_OF_TYPE;

/** What the header says of one tensor. */
export interface StoredTensor<Type extends StoredType = StoredType> {
  readonly name: string;
  readonly type: Type;
  /** [] is a scalar. */
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

/** A header that holds of its file. */
export interface SafetensorsHeader<Type extends StoredType = StoredType> {
  /** In the order of their data, which they cover without gap or overlap. */
  readonly tensors: readonly StoredTensor<Type>[];
  /** Free strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file begins with so many bytes that hold its header's length. */
export const LENGTH_BYTES = 8;

/** The format's own bound on its header. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Bytes of the JSON header, which follows the length.
 *
 * @param start the first 8 bytes of the file, or all of a shorter one
 * @param fileBytes length of the file
 * @param place the file's name, for messages
 * @throws {BladeError} when so long a header cannot be there, or may not
 * @example
 * ```ts
 * import { headerLength } from "./safetensors_header.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const start = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0);
 * assertEquals(headerLength(start, 10, "weights.safetensors"), 2);
 * assertThrows(() => headerLength(start, 9, "weights.safetensors"), Error, "fits into the file");
 * ```
 */
export function headerLength(start: Uint8Array, fileBytes: number, place: string): number {
  if (start.length < LENGTH_BYTES) {
    refuse(place, undefined, "must begin with 8 bytes of header length", `${start.length} bytes`);
  }
  const length = new DataView(start.buffer, start.byteOffset, start.byteLength).getBigUint64(0, true);
  if (length > BigInt(fileBytes - LENGTH_BYTES)) {
    refuse(place, undefined, `must have a header that fits into the file (${fileBytes} bytes)`, length);
  }
  if (length > BigInt(MAX_HEADER_BYTES)) {
    refuse(place, undefined, `must have a header of at most ${MAX_HEADER_BYTES} bytes`, length);
  }
  return Number(length);
}

/**
 * Reads a header and checks everything that it claims: each type and shape, that offsets match the shape, lie inside
 * the file, and cover it without gap or overlap.
 *
 * @param json the bytes of the header
 * @param file.bytes length of the whole file
 * @param file.place its name, for messages
 * @param file.types the types that may be there; every known one when left out
 * @throws {BladeError} naming the file and the tensor
 * @example
 * ```ts
 * import { parseHeader } from "./safetensors_header.ts";
 * import { assertEquals } from "@std/assert";
 * const json = new TextEncoder().encode('{"bias":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}');
 * const { tensors } = parseHeader(json, { bytes: 8 + json.length + 4, place: "weights.safetensors" });
 * assertEquals(tensors, [{ name: "bias", type: "F16", shape: [2], begin: 0, end: 4 }]);
 * ```
 */
export function parseHeader<Type extends StoredType = StoredType>(
  json: Uint8Array,
  file: { readonly bytes: number; readonly place: string; readonly types?: readonly Type[] },
): SafetensorsHeader<Type> {
  const { bytes, place, types = Object.keys(BYTES_OF_TYPE) as Type[] } = file;
  const dataBytes = bytes - LENGTH_BYTES - json.length;
  const header = parseObject(json, place);
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => checkEntry(name, entry, types, place))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== covered) {
      refuse(place, name, `must begin where the tensor before it ends, at ${covered}`, begin);
    }
    if (end > dataBytes) {
      refuse(place, name, `must have two offsets within ${dataBytes} bytes of data`, [begin, end]);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    refuse(place, undefined, `must hold ${covered} bytes of data, as its header says`, dataBytes);
  }
  return { tensors, metadata: checkMetadata(header["__metadata__"], place) };
}

/**
 * The beginning of a file whose tensors follow each other in this order: 8 bytes of header length, and the header.
 *
 * @param tensors types and shapes by name
 * @param metadata strings for the header
 */
export function writeHeader(
  tensors: readonly Pick<StoredTensor, "name" | "type" | "shape">[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const { name, type, shape } of tensors) {
    const begin = end;
    end += elements(shape) * BYTES_OF_TYPE[type];
    header.push([name, { dtype: type, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Filled up with spaces, so that the data behind it are aligned.
  const headerBytes = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES).set(json, LENGTH_BYTES);
  return bytes;
}

/** How many numbers a tensor of a shape holds. */
export function elements(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

/** The place of a tensor in messages, its name cut where it is endless. */
export function placeOf(place: string, tensor: string): string {
  return `${place}: tensor ${cut(tensor)}`;
}

function parseObject(json: Uint8Array, place: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    refuse(place, undefined, "must have a header of JSON", (error as Error).message);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    refuse(place, undefined, "must have a JSON object as its header", header);
  }
  return header as Record<string, unknown>;
}

function checkEntry<Type extends StoredType>(
  name: string,
  entry: unknown,
  types: readonly Type[],
  place: string,
): StoredTensor<Type> {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = types.find((known) => known === dtype);
  if (type === undefined) refuse(place, name, `must be of a type among ${types.join(", ")}`, dtype);
  if (!isCounts(shape)) refuse(place, name, "must have a shape of whole numbers >= 0", shape);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    refuse(place, name, "must have two offsets, of its first byte and behind its last", offsets);
  }
  const [begin, end] = offsets as [number, number];
  const expected = elements(shape) * BYTES_OF_TYPE[type];
  if (end - begin !== expected) {
    refuse(
      place,
      name,
      `must take ${expected} bytes for ${type} of shape [${cut(String(shape))}]`,
      end - begin,
    );
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

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function refuse(place: string, tensor: string | undefined, rule: string, value: unknown): never {
  throw new BladeError({
    place: tensor === undefined ? place : placeOf(place, tensor),
    rule,
    value: typeof value === "bigint" ? String(value) : value,
    mend: "the file is damaged or not a safetensors file: take it from its source again",
  });
}
