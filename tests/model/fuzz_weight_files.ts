/** Damaged weight files of every kind, to be read without any end but a message. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { encodeSafetensors, type HalfTensor, type NamedTensor } from "../../src/model/safetensors.ts";
import { openWeightFiles } from "../../src/model/weight_files.ts";

/** How many damaged folders the tests open. */
export const FUZZ_RUNS = 3000;

/** A millisecond is usual; a second is a hang in the making. */
const SLOW_MS = 1000;

const WHOLE: ReadonlyMap<string, NamedTensor | HalfTensor> = new Map<string, NamedTensor | HalfTensor>([
  ["a", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ["b", { shape: [3], data: Uint16Array.of(0x3c00, 0, 1), type: "F16" }],
  ["c", { shape: [1], data: Uint16Array.of(0x3f80), type: "BF16" }],
  ["d", { shape: [], data: Float64Array.of(0.5) }],
  ["e", { shape: [0, 7], data: new Uint8Array(0) }],
]);

/** A file of a length, a header and data of one's own making. */
export function fileOf(header: string, data: Uint8Array, length?: bigint): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const size = fc.oneof(fc.nat(24), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e300, null, "4"));
const name = fc.oneof(fc.constantFrom("a", "", "__proto__", "__metadata__", "constructor"), fc.string());
const dtype = fc.constantFrom("F32", "F16", "BF16", "F64", "I64", "U8", "F8_E4M3", "F4", "toString", 7, null);

/** A header that is nearly right: in most entries the offsets follow each other and match the shape. */
const header = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(name, fc.constantFrom("F32", "F16", "U8"), fc.nat(3), fc.nat(3)) },
    {
      weight: 1,
      arbitrary: fc.record({
        name,
        entry: fc.oneof(
          fc.jsonValue(),
          fc.record({
            dtype,
            shape: fc.oneof(fc.array(size, { maxLength: 4 }), fc.jsonValue()),
            data_offsets: fc.oneof(fc.array(size, { maxLength: 3 }), fc.jsonValue()),
          }, { requiredKeys: [] }),
        ),
      }),
    },
  ),
  { maxLength: 4 },
).map((entries) => {
  let at = 0;
  return `{${
    entries.map((entry) => {
      if (!Array.isArray(entry)) return `${JSON.stringify(entry.name)}:${JSON.stringify(entry.entry)}`;
      const [key, type, rows, columns] = entry;
      const begin = at;
      at += rows * columns * { F32: 4, F16: 2, U8: 1 }[type]!;
      const right = { dtype: type, shape: [rows, columns], data_offsets: [begin, at] };
      return `${JSON.stringify(key)}:${JSON.stringify(right)}`;
    }).join()
  }}`;
});

const length = fc.option(
  fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n })),
  {
    nil: undefined,
    freq: 3,
  },
);

const madeUp = fc.tuple(fc.oneof(header, fc.json(), fc.string()), fc.uint8Array({ maxLength: 64 }), length)
  .map(([json, data, claimed]) => fileOf(json, data, claimed));

const mutated = fc.tuple(
  fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
  fc.oneof(fc.constant(0), fc.integer({ min: -40, max: 40 })),
).map(([changes, more]) => {
  const right = encodeSafetensors(WHOLE, { format: "pt" });
  const bytes = new Uint8Array(Math.max(0, right.length + more));
  bytes.set(right.subarray(0, bytes.length));
  for (const [at, value] of changes) bytes[at % bytes.length] = value;
  return bytes;
});

/** One damaged file. */
export const anyFile = fc.oneof(fc.uint8Array({ maxLength: 64 }), madeUp, mutated);

const index = fc.oneof(
  fc.string(),
  fc.json(),
  fc.dictionary(
    name,
    fc.oneof(fc.constantFrom("1.safetensors", "2.safetensors", "../a", "", "."), fc.string()),
    {
      maxKeys: 3,
    },
  ).map((map) => JSON.stringify({ weight_map: map })),
  fc.constant(JSON.stringify({ weight_map: { a: "1.safetensors", b: "1.safetensors" } })),
);

/** The files of a folder by name. */
export type Folder = Readonly<Record<string, Uint8Array | string>>;

/** Damaged folders. */
export const folders: fc.Arbitrary<Folder> = fc.oneof(
  { weight: 4, arbitrary: anyFile.map((file): Folder => ({ "model.safetensors": file })) },
  {
    weight: 1,
    arbitrary: fc.tuple(index, anyFile, anyFile).map(([text, first, second]): Folder => ({
      "model.safetensors.index.json": text,
      "1.safetensors": first,
      "2.safetensors": second,
    })),
  },
);

/**
 * Opens `runs` folders of damaged files and reads whatever opens. Every end is a tensor of as many numbers as its
 * shape says, or a message. Returns how many opened, and how many tensors were read.
 */
export async function fuzzWeightFiles(
  runs: number,
  seed?: number,
): Promise<{ opened: number; read: number }> {
  const path = await Deno.makeTempDir();
  const counts = { opened: 0, read: 0 };
  const check = async (folder: Folder) => {
    for (const [file, content] of Object.entries(folder)) {
      if (typeof content === "string") Deno.writeTextFileSync(`${path}/${file}`, content);
      else Deno.writeFileSync(`${path}/${file}`, content);
    }
    const start = performance.now();
    try {
      await openAndRead(path, counts);
    } catch (error) {
      if (!(error instanceof BladeError)) throw error;
      assert(error.message.length < 1500, `a message of ${error.message.length} characters`);
    } finally {
      for (const file of Object.keys(folder)) Deno.removeSync(`${path}/${file}`);
    }
    assert(performance.now() - start < SLOW_MS, "took too long");
  };
  try {
    const options = { numRuns: runs, ...(seed === undefined ? {} : { seed }) };
    await fc.assert(fc.asyncProperty(folders, check), options);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
  return counts;
}

async function openAndRead(path: string, counts: { opened: number; read: number }): Promise<void> {
  using weights = await openWeightFiles(path);
  counts.opened++;
  for (const [name, { dtype, shape }] of weights.tensors) {
    const count = shape.reduce((product, each) => product * each, 1);
    try {
      assertEquals((await weights.readFloats(name)).length, count);
      if (dtype === "F16" || dtype === "BF16") {
        assertEquals((await weights.readHalves(name)).bits.length, count);
      }
      counts.read++;
    } catch (error) {
      if (!(error instanceof BladeError)) throw error;
    }
  }
}
