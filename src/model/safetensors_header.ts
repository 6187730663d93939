import { BladeError } from "../core/errors.ts";

/** Bytes of the element types that the format knows, by its words for them. */
export const ELEMENT_BYTES = {
  F64: 8,
  I64: 8,
  U64: 8,
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
} as const;

/** An element type in the format's words. */
export type ElementType = keyof typeof ELEMENT_BYTES;

/** A tensor as a header describes it. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

/** What a header says: tensors in the order of their data, which they cover without gap or overlap. */
export interface SafetensorsHeader {
  readonly entries: readonly TensorEntry[];
  /** Free strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own bound on its header. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The length of a header, from the first 8 bytes of a file.
 *
 * @param fileBytes of the whole file
 * @param place the file's name, for messages
 * @throws {BladeError} when the file cannot hold it.
 */
export function headerLength(first: Uint8Array, fileBytes: number, place: string): number {
  if (first.length < 8) {
    refuseFile(place, undefined, "must begin with 8 bytes of header length", `${first.length} bytes`);
  }
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, fileBytes - 8))) {
    refuseFile(place, undefined, `must have a header that fits into the file (${fileBytes} bytes)`, length);
  }
  return Number(length);
}

/**
 * Reads a header. All that it claims is checked: each type and shape, that offsets match the shape and lie inside the
 * data, and that they cover it.
 *
 * @param dataBytes that the file has behind the header
 * @param place the file's name, for messages
 * @throws {BladeError} naming the file, and the tensor where it is one's fault.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, place: string): SafetensorsHeader {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    refuseFile(place, undefined, "must have a header of JSON", (error as Error).message);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    refuseFile(place, undefined, "must have a JSON object as its header", header);
  }
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => checkEntry(name, entry, dataBytes, place))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      refuseFile(place, name, `must begin where the tensor before it ends, at ${covered}`, begin);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    refuseFile(place, undefined, `must hold ${covered} bytes of data, as its header says`, dataBytes);
  }
  return { entries, metadata: checkMetadata(Reflect.get(header, "__metadata__"), place) };
}

/**
 * The header of a file whose tensors follow each other in this order, its length before it.
 *
 * @param tensors types and shapes by name
 */
export function safetensorsHeader(
  tensors: readonly Pick<TensorEntry, "name" | "dtype" | "shape">[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    const begin = end;
    end += elementsOf(shape) * ELEMENT_BYTES[dtype];
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Filled up with spaces, so that the data behind it are aligned.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8).set(json, 8);
  return bytes;
}

/** Numbers in a tensor of a shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function checkEntry(name: string, entry: unknown, dataBytes: number, place: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    refuseFile(place, name, `must be of a type among ${Object.keys(ELEMENT_BYTES).join(", ")}`, dtype);
  }
  const type = dtype as ElementType;
  if (!isCounts(shape)) refuseFile(place, name, "must have a shape of whole numbers >= 0", shape);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]! || offsets[1]! > dataBytes) {
    refuseFile(place, name, `must have two offsets within ${dataBytes} bytes of data`, offsets);
  }
  const [begin, end] = offsets as [number, number];
  const expected = elementsOf(shape) * ELEMENT_BYTES[type];
  if (end - begin !== expected) {
    refuseFile(place, name, `must take ${expected} bytes for ${type} of shape [${shape}]`, end - begin);
  }
  return { name, dtype: type, shape, begin, end };
}

function checkMetadata(metadata: unknown, place: string): Record<string, string> {
  if (metadata === undefined) return {};
  const isRecord = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isRecord || Object.values(metadata).some((value) => typeof value !== "string")) {
    refuseFile(place, undefined, "must have strings as its metadata", metadata);
  }
  return metadata as Record<string, string>;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** Refuses a weight file, or a tensor of it. */
export function refuseFile(place: string, tensor: string | undefined, rule: string, value: unknown): never {
  throw new BladeError({
    place: tensor === undefined ? place : `${place}: tensor ${tensor}`,
    rule,
    value: typeof value === "bigint" ? String(value) : value,
    mend: "the file is damaged or not a safetensors file: take it from its source again",
  });
}
