import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { BladeError } from "../../src/core/errors.ts";
import { floatsToHalves } from "../../src/numerics/half.ts";
import { encodeSafetensors, type HalfTensor, type NamedTensor } from "../../src/model/safetensors.ts";
import { openWeightFiles } from "../../src/model/weight_files.ts";
import { fileOf, FUZZ_RUNS, fuzzWeightFiles } from "./fuzz_weight_files.ts";

type Tensor = NamedTensor | HalfTensor;

const encode = (tensors: Readonly<Record<string, Tensor>>) =>
  encodeSafetensors(new Map(Object.entries(tensors)));

/** A folder of files for one test, gone after it. */
async function folderOf(files: Readonly<Record<string, Uint8Array | string>>) {
  const path = await Deno.makeTempDir();
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeFile(
      `${path}/${name}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** The message with which the weights of a folder are refused. */
async function refusalOf(path: string, tensor?: string): Promise<string> {
  const error = await assertRejects(async () => {
    using weights = await openWeightFiles(path);
    if (tensor !== undefined) await weights.readFloats(tensor);
  }, BladeError);
  return error.message;
}

const floats = (...values: number[]): NamedTensor => ({
  shape: [values.length],
  data: Float32Array.from(values),
});

const halves = (type: "F16" | "BF16", ...values: number[]): HalfTensor => ({
  shape: [values.length],
  data: floatsToHalves(Float32Array.from(values), type === "F16" ? "f16" : "bf16"),
  type,
});

Deno.test("tensors of every type of floats are read as the numbers that were written", async () => {
  const tensors: Record<string, Tensor> = {
    f32: { shape: [2, 2], data: Float32Array.of(1, -0.1, 3e38, 1e-45) },
    f64: { shape: [3], data: Float64Array.of(0.1, -2, 1e-300) },
    f16: halves("F16", 1, -2, 65504, 2 ** -24),
    bf16: halves("BF16", 1, -2, 2 ** 127, 2 ** -133),
    scalar: { shape: [], data: Float32Array.of(7) },
    empty: { shape: [0, 3], data: new Float32Array(0) },
  };
  await using folder = await folderOf({ "model.safetensors": encode(tensors) });
  using weights = await openWeightFiles(folder.path);
  const file = `${folder.path}/model.safetensors`;
  assertEquals(
    Object.fromEntries(weights.tensors),
    {
      f32: { dtype: "F32", shape: [2, 2], file },
      f64: { dtype: "F64", shape: [3], file },
      f16: { dtype: "F16", shape: [4], file },
      bf16: { dtype: "BF16", shape: [4], file },
      scalar: { dtype: "F32", shape: [], file },
      empty: { dtype: "F32", shape: [0, 3], file },
    },
  );
  // All at once: readings that overlap in time must not mix.
  const names = Object.keys(tensors);
  const read = await Promise.all(names.map((name) => weights.readFloats(name)));
  assertEquals(Object.fromEntries(names.map((name, at) => [name, [...read[at]!]])), {
    f32: [1, Math.fround(-0.1), Math.fround(3e38), 2 ** -149],
    f64: [Math.fround(0.1), -2, 0],
    f16: [1, -2, 65504, 2 ** -24],
    bf16: [1, -2, 2 ** 127, 2 ** -133],
    scalar: [7],
    empty: [],
  });
  for (const [name, format] of [["f16", "f16"], ["bf16", "bf16"]] as const) {
    const { data } = tensors[name]!;
    assertEquals(await weights.readHalves(name), { format, bits: data as Uint16Array });
  }
});

Deno.test("readFloats() writes into an array that is given, and refuses one of another length", async () => {
  await using folder = await folderOf({ "model.safetensors": encode({ w: halves("BF16", 1, 2) }) });
  using weights = await openWeightFiles(folder.path);
  const all = new Float32Array(4);
  const part = all.subarray(1, 3);
  assert(await weights.readFloats("w", part) === part);
  assertEquals([...all], [0, 1, 2, 0]);
  await assertRejects(() => weights.readFloats("w", all), RangeError, "into 4 numbers");
});

Deno.test("a tensor of many chunks is read whole, from behind other data, at any alignment", async () => {
  // Three chunks of 8 MiB and a part, where chunks meet no even place of the file.
  const count = 3 * 4 * 2 ** 20 + 5;
  const data = Uint16Array.from({ length: count }, (_, at) => (at * 40_503) % 0x7c00);
  const bytes = new Uint8Array(data.buffer);
  const header = {
    odd: { dtype: "U8", shape: [1], data_offsets: [0, 1] },
    w: { dtype: "F16", shape: [count], data_offsets: [1, 1 + bytes.length] },
  };
  const content = new Uint8Array(1 + bytes.length);
  content.set(bytes, 1);
  await using folder = await folderOf({ "model.safetensors": fileOf(JSON.stringify(header), content) });
  using weights = await openWeightFiles(folder.path);
  const { bits } = await weights.readHalves("w");
  assert(bits.every((half, at) => half === data[at]));
  const expected = new Float16Array(data.buffer);
  assert((await weights.readFloats("w")).every((value, at) => value === expected[at]));
});

Deno.test("shards are read as one, each tensor from the file that holds it", async () => {
  const map = { a: "model-1.safetensors", b: "model-2.safetensors", c: "model-1.safetensors" };
  await using folder = await folderOf({
    "model-1.safetensors": encode({ a: floats(1), c: halves("F16", 3) }),
    "model-2.safetensors": encode({ b: floats(2) }),
    "model.safetensors.index.json": JSON.stringify({ metadata: { total_size: 0 }, weight_map: map }),
  });
  using weights = await openWeightFiles(folder.path);
  assertEquals([...weights.tensors.keys()].sort(), ["a", "b", "c"]);
  for (const [name, value] of [["a", 1], ["b", 2], ["c", 3]] as const) {
    assertEquals([...await weights.readFloats(name)], [value]);
    assertEquals(weights.tensors.get(name)!.file, `${folder.path}/${map[name]}`);
  }
});

Deno.test("one file goes before an index, and links out of the folder are followed", async () => {
  await using blobs = await folderOf({ blob: encode({ a: floats(1) }) });
  await using folder = await folderOf({ "model.safetensors.index.json": "damaged" });
  await Deno.symlink(`${blobs.path}/blob`, `${folder.path}/model.safetensors`);
  using weights = await openWeightFiles(folder.path);
  assertEquals([...await weights.readFloats("a")], [1]);
});

Deno.test("what is closed is not read any more", async () => {
  await using folder = await folderOf({ "model.safetensors": encode({ a: floats(1) }) });
  const weights = await openWeightFiles(folder.path);
  weights[Symbol.dispose]();
  await assertRejects(() => weights.readFloats("a"));
});

Deno.test("NaN and infinities are refused with the file, the tensor and the first index", async (t) => {
  const long = new Float32Array(5 * 2 ** 20);
  long[4_194_304 + 17] = NaN;
  const cases: Record<string, [Tensor, string]> = {
    f32: [floats(0, 1, NaN, Infinity), "is not at index 2, got NaN"],
    chunks: [{ shape: [5, 2 ** 20], data: long }, "is not at index 4194321, got NaN"],
    f64: [{ shape: [2], data: Float64Array.of(1, -1e39) }, "is not at index 1, got -Infinity"],
    f16: [halves("F16", 1, -Infinity), "is not at index 1, got -Infinity"],
    bf16: [halves("BF16", NaN, 1), "is not at index 0, got NaN"],
  };
  for (const [name, [tensor, says]] of Object.entries(cases)) {
    await t.step(name, async () => {
      await using folder = await folderOf({
        "model.safetensors": encode({ other: floats(1), "the.weight": tensor }),
      });
      const place = `${folder.path}/model.safetensors: tensor the.weight: must be of finite float32 numbers`;
      assertStringIncludes(await refusalOf(folder.path, "the.weight"), `${place}, and ${says}`);
      using weights = await openWeightFiles(folder.path);
      assertEquals([...await weights.readFloats("other")], [1]);
      if (!("type" in tensor)) return;
      const error = await assertRejects(() => weights.readHalves("the.weight"), BladeError);
      assertStringIncludes(error.message, `${place}, and ${says}`);
    });
  }
});

Deno.test("a tensor of another type or name is refused by name", async () => {
  const quantized = JSON.stringify({ q: { dtype: "F8_E4M3", shape: [2], data_offsets: [0, 2] } });
  await using folder = await folderOf({ "model.safetensors": fileOf(quantized, new Uint8Array(2)) });
  assertStringIncludes(
    await refusalOf(folder.path, "q"),
    'tensor q: must be of floats (F32, F16, BF16, F64), got "F8_E4M3"',
  );
  assertStringIncludes(
    await refusalOf(folder.path, "lm_head.weight"),
    "tensor lm_head.weight: must be among the weights",
  );
  await using other = await folderOf({ "model.safetensors": encode({ w: floats(1) }) });
  using weights = await openWeightFiles(other.path);
  const error = await assertRejects(() => weights.readHalves("w"), BladeError);
  assertStringIncludes(error.message, 'model.safetensors: tensor w: must be of type F16 or BF16, got "F32"');
});

const F32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const withHeader = (header: unknown, dataBytes: number) =>
  fileOf(JSON.stringify(header), new Uint8Array(dataBytes));
const twoTensors = encode({ first: floats(1, 2), last: floats(3, 4) });

Deno.test.each<[string, Uint8Array, string]>([
  ["under 8 bytes", new Uint8Array(5), "must begin with 8 bytes"],
  ["that is empty", new Uint8Array(0), "must begin with 8 bytes"],
  [
    "with an absurd header length",
    new Uint8Array(16).fill(255),
    "must have a header that fits into the file (16 bytes)",
  ],
  ["with a header that is no JSON", fileOf("{", new Uint8Array(0)), "must have a header of JSON"],
  [
    "of an unknown type",
    withHeader({ bad: { ...F32(0, 4), dtype: "F4" } }, 4),
    "tensor bad: must be of a type among",
  ],
  [
    "with a wrong shape",
    withHeader({ bad: F32(0, 4, [2]) }, 4),
    "tensor bad: must take 8 bytes for F32 of shape [2], got 4",
  ],
  [
    "with a fraction of a shape",
    withHeader({ bad: F32(0, 4, [0.5]) }, 4),
    "tensor bad: must have a shape of whole",
  ],
  ["with offsets backwards", withHeader({ bad: F32(4, 0, [0]) }, 4), "tensor bad: must have two offsets"],
  ["with an overlap", withHeader({ ok: F32(0, 8), bad: F32(4, 12) }, 12), "tensor bad: must begin where"],
  ["with a gap", withHeader({ ok: F32(0, 4), bad: F32(8, 12) }, 12), "tensor bad: must begin where"],
  [
    "cut off in its last tensor",
    twoTensors.slice(0, -3),
    "tensor last: must have two offsets within 13 bytes of data",
  ],
  [
    "cut off in its first tensor",
    twoTensors.slice(0, -12),
    "tensor first: must have two offsets within 4 bytes of data",
  ],
  [
    "with bytes of no tensor",
    withHeader({ ok: F32(0, 4) }, 5),
    "must hold 4 bytes of data, as its header says, got 5",
  ],
])("a weight file %s is refused", async (_name, bytes, says) => {
  await using folder = await folderOf({ "model.safetensors": bytes });
  const message = await refusalOf(folder.path);
  assertStringIncludes(message, `${folder.path}/model.safetensors: ${says}`);
});

Deno.test("a header over the format's 100 MB is refused before it is read", async () => {
  await using folder = await folderOf({
    "model.safetensors": new Uint8Array([1, 0xe1, 0xf5, 5, 0, 0, 0, 0]),
  });
  await Deno.truncate(`${folder.path}/model.safetensors`, 2 ** 30);
  assertStringIncludes(await refusalOf(folder.path), "must have a header of at most 100000000 bytes, got");
});

Deno.test("a tensor that no memory holds is refused by name", async () => {
  // A sparse file takes no room on the disk; 2³⁸ numbers are beyond any typed array.
  const header = fileOf(JSON.stringify({ huge: F32(0, 2 ** 40) }), new Uint8Array(0));
  await using folder = await folderOf({ "model.safetensors": header });
  await Deno.truncate(`${folder.path}/model.safetensors`, header.length + 2 ** 40);
  assertStringIncludes(await refusalOf(folder.path, "huge"), "tensor huge: must fit into memory");
});

Deno.test("a file that becomes shorter while it is open is refused by the tensor that is gone", async () => {
  await using folder = await folderOf({ "model.safetensors": twoTensors });
  using weights = await openWeightFiles(folder.path);
  await Deno.truncate(`${folder.path}/model.safetensors`, twoTensors.length - 1);
  assertEquals([...await weights.readFloats("first")], [1, 2]);
  const error = await assertRejects(() => weights.readFloats("last"), BladeError);
  assertStringIncludes(error.message, "tensor last: must stay as it was");
});

const shards = { "1.safetensors": encode({ a: floats(1) }), "2.safetensors": encode({ b: floats(2) }) };
const mapped = (map: Readonly<Record<string, unknown>>) => JSON.stringify({ weight_map: map });

Deno.test.each<[string, Readonly<Record<string, Uint8Array | string>>, readonly string[]]>([
  ["that is no JSON", { "model.safetensors.index.json": "{" }, [
    "model.safetensors.index.json: must be JSON",
  ]],
  ["without a weight_map", { "model.safetensors.index.json": "[]" }, ["index.json: must have a weight_map"]],
  ["of null", { "model.safetensors.index.json": "null" }, ["index.json: must have a weight_map"]],
  ["of nothing", { "model.safetensors.index.json": mapped({}) }, [
    "index.json: must name at least one tensor",
  ]],
  [
    "that leads out of the folder",
    { "model.safetensors.index.json": mapped({ a: "../1.safetensors" }) },
    ["index.json: tensor a: must be in a shard named by a plain file name", "../1.safetensors"],
  ],
  ["with a path of Windows", { "model.safetensors.index.json": mapped({ a: "x\\1" }) }, [
    "tensor a: must be in a shard",
  ]],
  ["with a number for a name", { "model.safetensors.index.json": mapped({ a: 1 }) }, [
    "tensor a: must be in a shard",
  ]],
  ["with the folder for a name", { "model.safetensors.index.json": mapped({ a: "." }) }, [
    "tensor a: must be in a shard",
  ]],
  [
    "that names a shard that is not there",
    { ...shards, "model.safetensors.index.json": mapped({ a: "1.safetensors", c: "3.safetensors" }) },
    ["3.safetensors: must exist"],
  ],
  [
    "that names a tensor in the wrong shard",
    { ...shards, "model.safetensors.index.json": mapped({ a: "1.safetensors", b: "1.safetensors" }) },
    ["index.json: tensor b: must be in 1.safetensors, which it names", "in no shard"],
  ],
  [
    "that swaps the shards of two tensors",
    { ...shards, "model.safetensors.index.json": mapped({ a: "2.safetensors", b: "1.safetensors" }) },
    ["index.json: tensor a: must be in 2.safetensors, which it names", "1.safetensors"],
  ],
  [
    "whose shards share a tensor",
    {
      ...shards,
      "2.safetensors": encode({ a: floats(1), b: floats(2) }),
      "model.safetensors.index.json": mapped({ a: "1.safetensors", b: "2.safetensors" }),
    },
    ["2.safetensors: tensor a: must be in one shard only", "1.safetensors"],
  ],
])("an index %s is refused", async (_name, files, says) => {
  await using folder = await folderOf(files);
  const message = await refusalOf(folder.path);
  assertStringIncludes(message, folder.path);
  for (const part of says) assertStringIncludes(message, part);
});

Deno.test("a folder without weights is refused with what was looked for, and what is there instead", async () => {
  const looked = "must hold model.safetensors, or model.safetensors.index.json and its shards";
  await using empty = await folderOf({ "config.json": "{}" });
  assertStringIncludes(await refusalOf(empty.path), `${empty.path}: ${looked}.`);
  await using adapter = await folderOf({ "adapter_model.safetensors": "" });
  assertStringIncludes(await refusalOf(adapter.path), `${looked}, got "adapter_model.safetensors"`);
  for (
    const name of ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"]
  ) {
    await using pickled = await folderOf({ [name]: "" });
    const message = await refusalOf(pickled.path);
    assertStringIncludes(message, `${looked}: only safetensors is read, got "${name}"`);
    assertStringIncludes(message, "save_pretrained");
  }
  assertStringIncludes(await refusalOf(`${empty.path}/nowhere`), "nowhere: must be a folder");
  assertStringIncludes(await refusalOf(`${empty.path}/config.json`), "config.json: must be a folder");
});

Deno.test("a folder in the place of a file, and a pipe that nobody writes to, are refused at once", async () => {
  await using folder = await folderOf({});
  await Deno.mkdir(`${folder.path}/model.safetensors`);
  assertStringIncludes(await refusalOf(folder.path), "model.safetensors: must be a file");
  if (Deno.build.os === "windows") return;
  await Deno.remove(`${folder.path}/model.safetensors`);
  await new Deno.Command("mkfifo", { args: [`${folder.path}/model.safetensors`] }).output();
  assertStringIncludes(await refusalOf(folder.path), "model.safetensors: must be a file");
});

Deno.test("no damage ends in anything but numbers or a message, soon", async () => {
  const { opened, read } = await fuzzWeightFiles(FUZZ_RUNS);
  assert(opened > FUZZ_RUNS / 100 && opened < FUZZ_RUNS / 2, `${opened} of ${FUZZ_RUNS} opened`);
  assert(read > 0);
});

// Models that another program wrote are not part of the repository: they are read where someone put them beside it.
const beside = fromFileUrl(new URL("../../../shared/golden/llm", import.meta.url));
const isThere = await Deno.stat(beside).then(() => true, () => false);

Deno.test({
  name: "every tensor of models that transformers wrote is read, whole or sharded, in each type",
  ignore: !isThere,
  async fn() {
    const types: Record<string, string> = {};
    for await (const { name } of Deno.readDir(beside)) {
      using weights = await openWeightFiles(`${beside}/${name}`);
      const { hidden_size, vocab_size } = JSON.parse(
        await Deno.readTextFile(`${beside}/${name}/config.json`),
      );
      const embedding = weights.tensors.get("model.embed_tokens.weight")!;
      assertEquals(embedding.shape, [vocab_size, hidden_size], name);
      for (const [tensor, { dtype, shape }] of weights.tensors) {
        const values = await weights.readFloats(tensor);
        assertEquals(values.length, shape.reduce((product, size) => product * size, 1));
        assert(values.some((value) => value !== 0) || tensor.endsWith("bias"), `${name}: ${tensor}`);
        types[name] = dtype;
      }
    }
    assertEquals(types, { llama: "F32", "llama3-rope": "BF16", mistral: "F32", qwen2: "F16", qwen3: "F32" });
  },
});
