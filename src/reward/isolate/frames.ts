/** The numbers that a frame carries beside its message. */
export type FrameArray = Int32Array | Float64Array;

/** What two processes say to each other: a message that JSON holds, and arrays of numbers as they lie in memory. */
export interface Frame {
  /** What is said. */
  readonly message: Readonly<Record<string, unknown>>;
  /** The numbers that go with it. */
  readonly arrays: readonly FrameArray[];
}

/** Bytes before a frame's payload: token, sequence, length of the JSON, length of the arrays. */
export const HEADER_BYTES = 32;

/** Bytes of the token that begins every frame of a session, so that what a plugin prints is never taken for one. */
export const TOKEN_BYTES = 16;

/** What a header says of the payload behind it. */
export interface FrameHeader {
  /** [16] bytes */
  readonly token: Uint8Array;
  /** Of the question; an answer repeats it. */
  readonly sequence: number;
  /** With its padding. */
  readonly jsonBytes: number;
  /** Of all arrays, each padded to 8. */
  readonly bodyBytes: number;
}

/**
 * A frame as bytes.
 *
 * @param token [16]
 *
 * @example
 * ```ts
 * import { decodePayload, encodeFrame, HEADER_BYTES, readHeader } from "./frames.ts";
 * import { assertEquals } from "@std/assert";
 * const bytes = encodeFrame(new Uint8Array(16).fill(7), 3, { message: { kind: "score" }, arrays: [Int32Array.of(1, -1)] });
 * const header = readHeader(bytes.subarray(0, HEADER_BYTES));
 * assertEquals([header.sequence, header.token[0]], [3, 7]);
 * const { message, arrays } = decodePayload(bytes.slice(HEADER_BYTES), header);
 * assertEquals([message.kind, arrays], ["score", [Int32Array.of(1, -1)]]);
 * ```
 */
export function encodeFrame(
  token: Uint8Array,
  sequence: number,
  { message, arrays }: Frame,
): Uint8Array<ArrayBuffer> {
  const packed = arrays.map((array) => array instanceof Int32Array ? narrowed(array) : array);
  const shapes = packed.map((array) => [typeOf(array), array.length]);
  const json = new TextEncoder().encode(JSON.stringify({ message, shapes }));
  const jsonBytes = padded(json.length);
  const bodyBytes = packed.reduce((bytes, array) => bytes + padded(array.byteLength), 0);
  const bytes = new Uint8Array(HEADER_BYTES + jsonBytes + bodyBytes);
  bytes.set(token);
  bytes.set(new Uint8Array(Uint32Array.of(sequence, jsonBytes, bodyBytes, 0).buffer), TOKEN_BYTES);
  bytes.fill(32, HEADER_BYTES, HEADER_BYTES + jsonBytes);
  bytes.set(json, HEADER_BYTES);
  let at = HEADER_BYTES + jsonBytes;
  for (const array of packed) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += padded(array.byteLength);
  }
  return bytes;
}

/** Reads the header of a frame. */
export function readHeader(bytes: Uint8Array): FrameHeader {
  const [sequence, jsonBytes, bodyBytes] = new Uint32Array(bytes.slice(TOKEN_BYTES, HEADER_BYTES).buffer);
  return {
    token: bytes.slice(0, TOKEN_BYTES),
    sequence: sequence!,
    jsonBytes: jsonBytes!,
    bodyBytes: bodyBytes!,
  };
}

/**
 * The frame in a payload, which begins at a multiple of 8 of its buffer. The arrays are views on it.
 *
 * @throws {Error} when the payload is none.
 */
export function decodePayload(payload: Uint8Array<ArrayBuffer>, { jsonBytes }: FrameHeader): Frame {
  const text = new TextDecoder().decode(payload.subarray(0, jsonBytes));
  const { message, shapes } = JSON.parse(text) as { message: Frame["message"]; shapes: [string, number][] };
  if (typeof message !== "object" || message === null) throw new TypeError("a frame without a message");
  let at = payload.byteOffset + jsonBytes;
  const arrays = shapes.map(([type, length]) => {
    const Numbers = type === "int16" ? Int16Array : type === "int32" ? Int32Array : Float64Array;
    const array = new Numbers(payload.buffer, at, length);
    at += padded(array.byteLength);
    return array instanceof Int16Array ? new Int32Array(array) : array;
  });
  return { message, arrays };
}

/** Small numbers in half the bytes: what goes through a pipe is what a batch costs. */
function narrowed(array: Int32Array): Int32Array | Int16Array {
  const narrow = new Int16Array(array);
  for (let at = 0; at < array.length; at++) if (narrow[at] !== array[at]) return array;
  return narrow;
}

function typeOf(array: FrameArray | Int16Array): string {
  return array instanceof Int16Array ? "int16" : array instanceof Int32Array ? "int32" : "float64";
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
