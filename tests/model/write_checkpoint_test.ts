import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { exportedConfig } from "../../src/model/exported_config.ts";
import { parseCheckpointConfig } from "../../src/model/hugging_face_config.ts";
import { loadWeights } from "../../src/model/load_weights.ts";
import { logitsOf } from "../../src/model/logits.ts";
import { adapterShapes, LORA_TARGETS } from "../../src/model/lora.ts";
import { mergedParameter } from "../../src/model/merge.ts";
import { type Parameters, parameterShapes } from "../../src/model/parameters.ts";
import { openWeightFiles } from "../../src/model/weight_files.ts";
import { type WeightFormat, writeCheckpoint } from "../../src/model/write_checkpoint.ts";
import { floatsToHalves } from "../../src/numerics/half.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { inFolder } from "../data/_folder.ts";
import { onEachDevice } from "../device/devices.ts";
import { checkpointShapes, loudCheckpoint, TINY, weightsFile } from "./tiny_checkpoint.ts";
import { loudWeights, upload } from "./tiny_model.ts";

const PLAIN: DecoderConfig = { ...TINY, qkvBias: false };
const lora = { rank: 2, alpha: 3, dropout: 0, targets: LORA_TARGETS };

/** Models by what they have, with the architecture that a checkpoint of them is of. */
const MODELS: Readonly<Record<string, readonly [config: DecoderConfig, architecture: string]>> = {
  "nothing of its own": [PLAIN, "LlamaForCausalLM"],
  "biases": [TINY, "Qwen2ForCausalLM"],
  "scales of heads": [{ ...PLAIN, headNorms: true }, "Qwen3ForCausalLM"],
  "a table of scores": [{ ...PLAIN, tied: false }, "MistralForCausalLM"],
  "tokens that were added": [{ ...PLAIN, addedTokens: 3 }, "LlamaForCausalLM"],
  "tokens that were added to both tables": [
    { ...TINY, tied: false, addedTokens: 3 },
    "Qwen2ForCausalLM",
  ],
  "adapters": [{ ...TINY, lora }, "Qwen2ForCausalLM"],
  "adapters of some modules, and tokens that were added": [
    { ...PLAIN, addedTokens: 2, lora: { ...lora, targets: ["k_proj", "down_proj"] } },
    "LlamaForCausalLM",
  ],
};

/** All parameters of a model, adapters included, none of them zero. */
function loudModel(config: DecoderConfig): Parameters {
  const adapters = Object.fromEntries([...adapterShapes(config)].map(([name, shape]) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    randomKey(8).split(name).fillNormal(values);
    return [name, tf.tensor(values.map((value) => 0.4 * value), [...shape])];
  }));
  return { ...upload(config, loudWeights(config)), ...adapters };
}

/** A config.json that a model began with. */
function startedFrom(config: DecoderConfig, architecture: string): Record<string, unknown> {
  return {
    ...exportedConfig({ ...config, addedTokens: 0 }, null, "bf16"),
    architectures: [architecture],
    keeps: "what it does not know",
  };
}

/** Writes a model to a folder of a name that is free, and hands it to a test. */
async function written(
  config: DecoderConfig,
  parameters: Parameters,
  { architecture, format }: { architecture: string; format: WeightFormat },
  test: (folder: string) => Promise<void>,
) {
  await inFolder({}, async (root) => {
    const json = exportedConfig(config, startedFrom(config, architecture), format);
    assertEquals(json["keeps"], "what it does not know");
    await writeCheckpoint(`${root}/out`, config, parameters, format, { "config.json": JSON.stringify(json) });
    await test(`${root}/out`);
  });
}

for (const [has, [config, architecture]] of Object.entries(MODELS)) {
  onEachDevice(`a model with ${has} is the same after it is written and read again`, async () => {
    const parameters = loudModel(config);
    const plain: DecoderConfig = {
      ...config,
      vocabulary: config.vocabulary + config.addedTokens,
      addedTokens: 0,
      lora: null,
    };
    const merged = Object.fromEntries(
      [...parameterShapes(plain).keys()].map((name) => [name, mergedParameter(config, parameters, name)]),
    );
    const before = tf.memory().numTensors;
    await written(config, parameters, { architecture, format: "f32" }, async (folder) => {
      assertEquals(tf.memory().numTensors, before);
      const { decoder } = parseCheckpointConfig(await Deno.readTextFile(`${folder}/config.json`), folder);
      assertEquals(decoder, plain);
      using files = await openWeightFiles(folder);
      assertEquals(
        new Map([...files.tensors].map(([name, { shape }]) => [name, [...shape]])),
        checkpointShapes(plain),
      );
      const again = await loadWeights(folder, decoder);
      assertEquals(Object.keys(again).sort(), Object.keys(merged).sort());
      for (const [name, tensor] of Object.entries(again)) {
        assertEquals(tensor.shape, merged[name]!.shape, name);
        assertEquals(await tensor.data(), await merged[name]!.data(), name);
      }
      const text = [[0, plain.vocabulary - 1, 4, 4], [1, 2, 3, 10]];
      const expected = await logitsOf(plain, merged, text);
      assertEquals(await logitsOf(decoder, again, text), expected);
      // As it was trained, its adapters beside its weights, it is the same to rounding.
      const unmerged = await logitsOf(config, parameters, text);
      const apart = Math.max(...unmerged.map((value, at) => Math.abs(value - expected[at]!)));
      assert(apart < 1e-5, `${apart}`);
      tf.dispose(Object.values(again));
    });
    tf.dispose([merged, parameters].flatMap((tree) => Object.values(tree)));
  }, ["cpu", "wasm"]);
}

onEachDevice("frozen weights that are kept in 16 bits are merged with their adapters in 32", async () => {
  await inFolder({ "model.safetensors": weightsFile(loudCheckpoint(TINY), "bf16") }, async (folder) => {
    const config: DecoderConfig = { ...TINY, lora: { ...lora, targets: ["q_proj"] }, half: "bf16" };
    const [floats, halves] = [await loadWeights(folder, TINY), await loadWeights(folder, config)];
    const whole = loudModel({ ...TINY, lora: config.lora });
    const adapters = Object.fromEntries(
      [...adapterShapes(config).keys()].map((name) => [name, whole[name]!]),
    );
    const read = async (name: string, own: DecoderConfig, parameters: Parameters) => {
      await writeCheckpoint(`${folder}/${name}`, own, parameters, "f32", {});
      return await Deno.readFile(`${folder}/${name}/model.safetensors`);
    };
    const expected = await read("floats", { ...config, half: null }, { ...floats, ...adapters });
    assertEquals(await read("halves", config, { ...halves, ...adapters }), expected);
    assert(
      String(await read("base", { ...config, half: null }, floats)) !== String(expected),
      "adapters count",
    );
    tf.dispose([floats, halves, whole].flatMap((tree) => Object.values(tree)));
  });
}, ["cpu", "wasm"]);

for (const format of ["f16", "bf16"] as const) {
  onEachDevice(`weights that are written in ${format} are rounded to the nearest`, async () => {
    const parameters = loudModel(PLAIN);
    await written(PLAIN, parameters, { architecture: "LlamaForCausalLM", format }, async (folder) => {
      const json = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
      assertEquals(json.torch_dtype, { f16: "float16", bf16: "bfloat16" }[format]);
      using files = await openWeightFiles(folder);
      const { bits, format: found } = await files.readHalves("model.embed_tokens.weight");
      assertEquals(found, format);
      const embedding = await parameters["embedding"]!.data() as Float32Array;
      assertEquals(bits, floatsToHalves(embedding, format));
      // The second of three side by side, turned back: row o of [8, 8] is column 16 + o of [8, 32].
      const qkv = await parameters["layers.1.qkv"]!.data() as Float32Array;
      const key = Float32Array.from(
        { length: 64 },
        (_, at) => qkv[(at % 8) * 32 + 16 + Math.floor(at / 8)]!,
      );
      const name = "model.layers.1.self_attn.k_proj.weight";
      assertEquals((await files.readHalves(name)).bits, floatsToHalves(key, format));
      assertEquals(
        new Set([...files.tensors.values()].map(({ dtype }) => dtype)).size,
        1,
        "norms are written in 16 bits too",
      );
    });
    tf.dispose(Object.values(parameters));
  }, ["cpu"]);
}

onEachDevice("a number that the format cannot hold is refused by name, and so is none", async () => {
  const parameters = loudModel(PLAIN);
  const set = (name: string, value: number) => {
    parameters[name]!.dispose();
    return { ...parameters, [name]: tf.tensor([1, 1, 1, value, 1, 1, 1, 1]) };
  };
  const large = set("layers.1.attentionNorm", 70_000);
  const refusalOf = async (own: Parameters, format: WeightFormat) =>
    await inFolder({}, async (root) => {
      const error = await assertRejects(
        () => writeCheckpoint(`${root}/out`, PLAIN, own, format, {}),
        BladeError,
      );
      assertEquals(await Array.fromAsync(Deno.readDir(root)), []);
      return error.message;
    });
  const place = "tensor model.layers.1.input_layernorm.weight: must be of finite numbers in the format";
  assertStringIncludes(await refusalOf(large, "f16"), `${place} f16, got 70000`);
  assertStringIncludes(await refusalOf(large, "f16"), "bf16 or f32");
  await inFolder({}, (root) => writeCheckpoint(`${root}/out`, PLAIN, large, "bf16", {}));
  const broken = { ...large, "layers.1.attentionNorm": tf.fill([8], NaN) };
  for (const format of ["f32", "f16", "bf16"] as const) {
    assertStringIncludes(await refusalOf(broken, format), `${place} ${format}, got NaN`);
  }
  tf.dispose([...Object.values(large), broken["layers.1.attentionNorm"]]);
}, ["cpu"]);

onEachDevice("a mark for picks is refused before anything is written", async () => {
  const config = { ...PLAIN, marksPicks: true };
  const parameters = loudModel(config);
  await inFolder({}, async (root) => {
    const error = await assertRejects(
      () => writeCheckpoint(`${root}/out`, config, parameters, "f32", {}),
      BladeError,
    );
    assertStringIncludes(error.message, `${root}/out: a model of autoregressive slates over ids has a mark`);
    assertStringIncludes(error.message, "model.slate plackett-luce");
    assertEquals(await Array.fromAsync(Deno.readDir(root)), []);
  });
  tf.dispose(Object.values(parameters));
}, ["cpu"]);

onEachDevice("what a run that was cut off left beside the folder is no obstacle, and goes", async () => {
  const parameters = loudModel(PLAIN);
  const left = { "out.partial/model.safetensors": "half", "out.partial/merges.txt": "of another model" };
  await inFolder(left, async (root) => {
    await writeCheckpoint(`${root}/out/`, PLAIN, parameters, "f32", { "config.json": "{}" });
    assertEquals((await Array.fromAsync(Deno.readDir(root))).map(({ name }) => name), ["out"]);
    const files = (await Array.fromAsync(Deno.readDir(`${root}/out`))).map(({ name }) => name).sort();
    assertEquals(files, ["config.json", "model.safetensors"]);
    tf.dispose(Object.values(await loadWeights(`${root}/out`, PLAIN)));
  });
  tf.dispose(Object.values(parameters));
}, ["cpu"]);

onEachDevice("a failure on the way leaves no folder, and a folder that is there stays as it is", async () => {
  const parameters = loudModel(PLAIN);
  const { norm: _, ...short } = parameters;
  await inFolder({ "taken/a.txt": "a" }, async (root) => {
    await assertRejects(
      () => writeCheckpoint(`${root}/out`, PLAIN, short, "f32", {}),
      Error,
      "no parameter named norm",
    );
    await assertRejects(() => writeCheckpoint(`${root}/out`, PLAIN, parameters, "f32", { "no/where": "" }));
    const error = await assertRejects(
      () => writeCheckpoint(`${root}/taken`, PLAIN, parameters, "f32", {}),
      BladeError,
    );
    assertStringIncludes(error.message, `${root}/taken: must not exist yet`);
    assertEquals((await Array.fromAsync(Deno.readDir(root))).map(({ name }) => name), ["taken"]);
    assertEquals(await Deno.readTextFile(`${root}/taken/a.txt`), "a");
  });
  tf.dispose(Object.values(parameters));
}, ["cpu"]);
