import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type HalfTensor,
  type NamedTensor,
  type TensorData,
} from "../../src/model/safetensors.ts";

/** A file with a header of one's own making. */
function fileWith(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

Deno.test("encodeSafetensors() writes the bytes that the format prescribes", () => {
  const bytes = encodeSafetensors(new Map([["w", { shape: [1, 2], data: new Float32Array([1, -2]) }]]));
  const header = '{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
  assertEquals(header.length, 56); // a multiple of 8: no padding
  assertEquals([...bytes.subarray(0, 8)], [56, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(new TextDecoder().decode(bytes.subarray(8, 64)), header);
  assertEquals([...bytes.subarray(64)], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]); // 1 and −2, little-endian
});

Deno.test("encodeSafetensors() writes both types of 16 bits, behind the wider ones", () => {
  const bytes = encodeSafetensors(
    new Map<string, NamedTensor | HalfTensor>([
      ["a", { shape: [1], data: Uint16Array.of(0x3c00), type: "F16" }],
      ["b", { shape: [2], data: Uint16Array.of(0x3f80, 0xff80), type: "BF16" }],
      ["c", { shape: [], data: new Float32Array([1]) }],
    ]),
  );
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertEquals(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))), {
    c: { dtype: "F32", shape: [], data_offsets: [0, 4] },
    a: { dtype: "F16", shape: [1], data_offsets: [4, 6] },
    b: { dtype: "BF16", shape: [2], data_offsets: [6, 10] },
  });
  assertEquals([...bytes.subarray(8 + length)], [0, 0, 0x80, 0x3f, 0, 0x3c, 0x80, 0x3f, 0x80, 0xff]);
  const error = assertThrows(() => decodeSafetensors(bytes, "halves.safetensors"), BladeError);
  assertStringIncludes(
    error.message,
    "halves.safetensors: tensor a: must be of a type among F64, I64, F32, I32, U8",
  );
});

Deno.test("decodeSafetensors() reads a file as other programs write it, in any order of tensors", () => {
  const header = {
    __metadata__: { format: "pt" },
    later: { dtype: "I32", shape: [1], data_offsets: [3, 7] },
    first: { dtype: "U8", shape: [3], data_offsets: [0, 3] },
  };
  const bytes = fileWith(header, 7);
  bytes.set([1, 2, 3, 4, 0, 0, 0], bytes.length - 7);
  const { tensors, metadata } = decodeSafetensors(bytes, "weights.safetensors");
  assertEquals(metadata, { format: "pt" });
  assertEquals(tensors.get("first"), { shape: [3], data: new Uint8Array([1, 2, 3]) });
  assertEquals(tensors.get("later"), { shape: [1], data: new Int32Array([4]) });
});

Deno.test("whatever is encoded is decoded to the same bits, whatever the types, shapes and names", () => {
  const data: fc.Arbitrary<TensorData> = fc.oneof(
    fc.float32Array(),
    fc.float64Array(),
    fc.int32Array(),
    fc.bigInt64Array(),
    fc.uint8Array(),
  );
  const tensor = data.map((values): NamedTensor => ({ shape: [1, values.length], data: values }));
  const name = fc.string().filter((text) => text !== "__metadata__");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, tensor), { maxLength: 5 }),
      fc.dictionary(fc.string(), fc.string()),
      (entries, metadata) => {
        const tensors = new Map(entries);
        const read = decodeSafetensors(encodeSafetensors(tensors, metadata), "f");
        assertEquals(new Set(read.tensors.keys()), new Set(tensors.keys()));
        for (const [key, { shape, data }] of tensors) {
          const back = read.tensors.get(key)!;
          assertEquals(back.shape, shape);
          assertEquals(back.data.constructor, data.constructor);
          assertEquals(
            new Uint8Array(back.data.buffer, back.data.byteOffset, back.data.byteLength),
            new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
          );
        }
        assertEquals(Object.entries(read.metadata), Object.entries(metadata));
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("equal tensors give equal bytes, whatever the order they were added in", () => {
  const a: [string, NamedTensor] = ["a", { shape: [2], data: new Float32Array([1, 2]) }];
  const b: [string, NamedTensor] = ["b", { shape: [], data: new Float64Array([3]) }];
  assertEquals(encodeSafetensors(new Map([a, b])), encodeSafetensors(new Map([b, a])));
});

Deno.test("encodeSafetensors() refuses a shape that does not hold the numbers", () => {
  const tensors = new Map([["bias", { shape: [3], data: new Float32Array(2) }]]);
  const error = assertThrows(() => encodeSafetensors(tensors), BladeError);
  assertStringIncludes(error.message, "tensor bias");
  assertStringIncludes(error.message, "got 2");
});

/** Of a length that says more than the format allows, in a file that could hold it. */
function oversized(): Uint8Array {
  const bytes = new Uint8Array(100_000_016);
  new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
  return bytes;
}

const F32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

Deno.test.each<[string, Uint8Array, string]>([
  ["a file under 8 bytes", new Uint8Array(7), "must begin with 8 bytes"],
  [
    "a header longer than the file",
    new Uint8Array(8).fill(255),
    "must have a header that fits into the file",
  ],
  ["a header that is no JSON", fileWith("{w", 0), "must have a header of JSON"],
  ["a header that is no UTF-8", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff]), "must have a header of JSON"],
  ["a header that is no object", fileWith("[]", 0), "must have a JSON object as its header"],
  [
    "an unknown type",
    fileWith({ w: { ...F32(0, 4), dtype: "F8" } }, 4),
    "tensor w: must be of a type among F64",
  ],
  [
    "a type called like a method",
    fileWith({ w: { ...F32(0, 4), dtype: "toString" } }, 4),
    "tensor w: must be of a type",
  ],
  ["an entry of null", fileWith({ w: null }, 0), "tensor w: must be of a type"],
  ["a negative shape", fileWith({ w: F32(0, 4, [-1, -1]) }, 4), "tensor w: must have a shape"],
  ["a shape that is no array", fileWith({ w: F32(0, 4, 1) }, 4), "tensor w: must have a shape"],
  ["offsets past the end", fileWith({ w: F32(0, 8) }, 4), "tensor w: must have two offsets within 4 bytes"],
  ["offsets that run backwards", fileWith({ w: F32(4, 0, [0]) }, 4), "tensor w: must have two offsets"],
  ["offsets that do not match the shape", fileWith({ w: F32(0, 8, [1]) }, 8), "tensor w: must take 4 bytes"],
  ["an endless shape", fileWith({ w: F32(0, 4, Array(1000).fill(2)) }, 4), "2,2,2…]"],
  [
    "a shape beyond all numbers",
    fileWith({ w: F32(0, 4, [...Array(99).fill(2 ** 50), 0]) }, 4),
    "must take 0 bytes",
  ],
  ["a header beyond the format's bound", oversized(), "must have a header of at most 100000000 bytes"],
  ["tensors that overlap", fileWith({ a: F32(0, 8), b: F32(4, 12) }, 12), "tensor b: must begin where"],
  ["a gap between tensors", fileWith({ a: F32(0, 4), b: F32(8, 12) }, 12), "tensor b: must begin where"],
  ["bytes that no tensor owns", fileWith({ a: F32(0, 4) }, 12), "must hold 4 bytes of data"],
  [
    "a file that was cut off",
    encodeSafetensors(new Map([["a", { shape: [4], data: new Float32Array(4) }]])).slice(0, -1),
    "tensor a: must have two offsets",
  ],
  [
    "metadata that is no string",
    fileWith({ __metadata__: { step: 3 } }, 0),
    "must have strings as its metadata",
  ],
])("decodeSafetensors() refuses %s", (_name, bytes, rule) => {
  const error = assertThrows(() => decodeSafetensors(bytes, "weights.safetensors"), BladeError);
  assertStringIncludes(error.message, "weights.safetensors");
  assertStringIncludes(error.message, rule);
});

Deno.test("no bytes make the reader throw anything but a message", () => {
  const damaged = fc.tuple(fc.nat(200), fc.nat(255)).map(([at, value]) => {
    const bytes = encodeSafetensors(new Map([["a", { shape: [2, 2], data: new Float32Array(4) }]]), {
      k: "v",
    });
    bytes[at % bytes.length] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      try {
        decodeSafetensors(bytes, "f");
      } catch (error) {
        assertEquals(error instanceof BladeError, true, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
