import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { adapterNames, adapterShapes, type Lora, LORA_TARGETS } from "../../src/model/lora.ts";
import { mergedParameter } from "../../src/model/merge.ts";
import { type HostTensor, type Parameters, trainedShapes } from "../../src/model/parameters.ts";
import { fromPeft, parsePeftConfig, peftConfig, toPeft } from "../../src/model/peft.ts";
import { readAdapter, readAdapterConfig } from "../../src/model/read_adapter.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../src/model/safetensors.ts";
import { writeAdapter } from "../../src/model/write_adapter.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { inFolder } from "../data/_folder.ts";
import { onEachDevice } from "../device/devices.ts";
import { TINY } from "./tiny_checkpoint.ts";
import { loudWeights, upload } from "./tiny_model.ts";

const lora: Lora = { rank: 2, alpha: 3, dropout: 0.25, targets: LORA_TARGETS };
const CONFIG: DecoderConfig = { ...TINY, lora };

/** Values on the host for every shape, none of them zero. */
function loud(shapes: ReadonlyMap<string, readonly number[]>): Map<string, HostTensor> {
  return new Map([...shapes].map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    randomKey(8).split(name).fillNormal(data);
    return [name, { shape, data: data.map((value) => 0.4 * value) }];
  }));
}

/** All parameters of a model, its adapters loud. */
function loudModel(config: DecoderConfig): Parameters {
  const adapters = Object.fromEntries(
    [...loud(adapterShapes(config))].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  );
  return { ...upload(config, loudWeights(config)), ...adapters };
}

/** Inputs and outputs of the modules of a block of `TINY`. */
const MODULES: readonly [name: string, inputs: number, outputs: number][] = [
  ["self_attn.q_proj", 8, 16],
  ["self_attn.k_proj", 8, 8],
  ["self_attn.v_proj", 8, 8],
  ["self_attn.o_proj", 16, 8],
  ["mlp.gate_proj", 8, 6],
  ["mlp.up_proj", 8, 6],
  ["mlp.down_proj", 6, 8],
];

Deno.test("adapters are described as PEFT does, and read from that", () => {
  const json = peftConfig(lora, "some/model", []);
  assertEquals(json["peft_type"], "LORA");
  assertEquals(json["base_model_name_or_path"], "some/model");
  assertEquals([json["r"], json["lora_alpha"], json["lora_dropout"]], [2, 3, 0.25]);
  assertEquals([json["bias"], json["modules_to_save"]], ["none", null]);
  assertEquals(parsePeftConfig(JSON.stringify(json), "a.json"), lora);
  const some: Lora = { rank: 1, alpha: 0.5, dropout: 0, targets: ["v_proj", "down_proj"] };
  const saved = peftConfig(some, "m", ["embed_tokens", "lm_head"]);
  assertEquals(saved["modules_to_save"], ["embed_tokens", "lm_head"]);
  assertEquals(parsePeftConfig(JSON.stringify(saved), "a.json"), some);
});

Deno.test("what other versions of PEFT write or leave out is read alike", () => {
  const least = { peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: ["o_proj"] };
  const expected: Lora = { rank: 4, alpha: 8, dropout: 0, targets: ["o_proj"] };
  assertEquals(parsePeftConfig(JSON.stringify(least), "a.json"), expected);
  const most = {
    ...least,
    rank_pattern: {},
    alpha_pattern: {},
    use_dora: null,
    eva_config: null,
    init: true,
  };
  assertEquals(parsePeftConfig(JSON.stringify(most), "a.json"), expected);
});

Deno.test.each<[string, Record<string, unknown> | string, string[]]>([
  ["no JSON", "{", ["a.json: must be JSON"]],
  ["a list", "[]", ["a.json: ", "object"]],
  ["null", "null", ["a.json: ", "object"]],
  ["another method", { peft_type: "IA3" }, ["a.json: peft_type: ", "IA3"]],
  ["no rank", { r: undefined }, ["a.json: r: "]],
  ["a rank of zero", { r: 0 }, ["a.json: r: ", "got 0"]],
  ["a fraction of a rank", { r: 1.5 }, ["a.json: r: ", "got 1.5"]],
  ["a negative alpha", { lora_alpha: -1 }, ["a.json: lora_alpha: ", "got -1"]],
  ["a dropout of all", { lora_dropout: 1 }, ["a.json: lora_dropout: "]],
  ["a module of another kind", { target_modules: ["q_proj", "c_attn"] }, [
    "a.json: target_modules.1: ",
    "c_attn",
  ]],
  ["a pattern of modules", { target_modules: ".*q_proj" }, ["a.json: target_modules: ", ".*q_proj"]],
  ["no modules", { target_modules: [] }, ["a.json: target_modules: "]],
  ["biases", { bias: "all" }, ["a.json: bias: ", "all"]],
  ["another scale", { use_rslora: true }, ["a.json: use_rslora: ", "true"]],
  ["directions and lengths apart", { use_dora: true }, ["a.json: use_dora: ", "true"]],
  ["ranks of their own", { rank_pattern: { q_proj: 4 } }, ["a.json: rank_pattern.q_proj: ", "4"]],
  ["alphas of their own", { alpha_pattern: { q_proj: 4 } }, ["a.json: alpha_pattern.q_proj: ", "4"]],
])("adapters with %s are refused by key", (_name, change, says) => {
  const text = typeof change === "string"
    ? change
    : JSON.stringify({ ...peftConfig(lora, "m", []), ...change });
  const error = assertThrows(() => parsePeftConfig(text, "a.json"), BladeError);
  for (const part of says) assertStringIncludes(error.message, part);
  assertStringIncludes(error.message, "take adapters of plain LoRA on q_proj, k_proj");
});

Deno.test("adapters have the names and shapes of PEFT, their numbers turned", () => {
  const adapters = loud(adapterShapes(CONFIG));
  const tensors = toPeft(CONFIG, adapters);
  const expected = [0, 1].flatMap((layer) =>
    MODULES.flatMap(([module, inputs, outputs]): [string, number[]][] => [
      [`base_model.model.model.layers.${layer}.${module}.lora_A.weight`, [2, inputs]],
      [`base_model.model.model.layers.${layer}.${module}.lora_B.weight`, [outputs, 2]],
    ])
  );
  assertEquals(
    [...tensors].map(([name, { shape }]): [string, number[]] => [name, [...shape]]).sort(),
    expected.sort(),
  );
  const { a, b } = adapterNames(1, "down_proj");
  const [A, B] = ["A", "B"].map((letter) =>
    tensors.get(`base_model.model.model.layers.1.mlp.down_proj.lora_${letter}.weight`)!.data
  );
  for (let r = 0; r < 2; r++) {
    for (let i = 0; i < 6; i++) assertEquals(A![r * 6 + i], adapters.get(a)!.data[i * 2 + r]);
    for (let o = 0; o < 8; o++) assertEquals(B![o * 2 + r], adapters.get(b)!.data[r * 8 + o]);
  }
  assertEquals(fromPeft(CONFIG, tensors, "a.safetensors"), adapters);
});

Deno.test("adapters of some modules are those tensors and no others", () => {
  const config: DecoderConfig = { ...TINY, layers: 1, lora: { ...lora, targets: ["v_proj"] } };
  const adapters = loud(adapterShapes(config));
  const names = [...toPeft(config, adapters).keys()];
  const module = "base_model.model.model.layers.0.self_attn.v_proj";
  assertEquals(names, [`${module}.lora_A.weight`, `${module}.lora_B.weight`]);
  assertEquals(fromPeft(config, toPeft(config, adapters), "a"), adapters);
});

const V = "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight";

Deno.test.each<[string, (tensors: Map<string, NamedTensor>) => void, string[]]>([
  ["is missing", (tensors) => tensors.delete(V), [V, "shape [8,2]", '"none"']],
  ["is turned", (tensors) => tensors.set(V, { ...tensors.get(V)!, shape: [2, 8] }), [V, "[8,2]", "[2,8]"]],
  ["is of another type", (tensors) => tensors.set(V, { shape: [8, 2], data: new Float64Array(16) }), [
    V,
    "32-bit float",
  ]],
  [
    "holds what is no number",
    (tensors) => tensors.set(V, { shape: [8, 2], data: new Float32Array(16).fill(1, 0, 15).fill(NaN, 15) }),
    [V, "must be of finite numbers, got NaN"],
  ],
  [
    "is of a third layer",
    (tensors) => tensors.set(V.replace("layers.1", "layers.2"), tensors.get(V)!),
    [V.replace("layers.1", "layers.2"), "must be of a module that has adapters"],
  ],
  [
    "is a table that nothing was added to",
    (tensors) =>
      tensors.set("base_model.model.model.embed_tokens.weight", {
        shape: [11, 8],
        data: new Float32Array(88),
      }),
    ["base_model.model.model.embed_tokens.weight", "must be of a module that has adapters"],
  ],
])("adapters of which a tensor %s are refused by its name", (_name, change, says) => {
  const tensors = toPeft(CONFIG, loud(adapterShapes(CONFIG)));
  change(tensors);
  const error = assertThrows(() => fromPeft(CONFIG, tensors, "a.safetensors"), BladeError);
  for (const part of ["a.safetensors: tensor ", ...says]) assertStringIncludes(error.message, part);
});

for (const tied of [true, false]) {
  onEachDevice(
    `rows of added tokens go along with ${tied ? "one table" : "both tables"}, and come back`,
    async () => {
      const config: DecoderConfig = { ...CONFIG, addedTokens: 3, tied };
      const parameters = loudModel(config);
      await inFolder({ "a.partial/adapter_model.bin": "of a run that was cut off" }, async (root) => {
        const before = tf.memory().numTensors;
        await writeAdapter(`${root}/a`, config, parameters, "the/base");
        assertEquals(tf.memory().numTensors, before);
        const files = (await Array.fromAsync(Deno.readDir(`${root}/a`))).map(({ name }) => name).sort();
        assertEquals(files, ["adapter_config.json", "adapter_model.safetensors"]);
        assertEquals((await Array.fromAsync(Deno.readDir(root))).length, 1);
        const json = JSON.parse(await Deno.readTextFile(`${root}/a/adapter_config.json`));
        assertEquals(json.modules_to_save, tied ? ["embed_tokens"] : ["embed_tokens", "lm_head"]);
        assertEquals(json.base_model_name_or_path, "the/base");
        const bytes = await Deno.readFile(`${root}/a/adapter_model.safetensors`);
        const { tensors } = decodeSafetensors(bytes, "a");
        for (
          const [own, name] of [
            ["embedding", "base_model.model.model.embed_tokens.weight"],
            ["head", "base_model.model.lm_head.weight"],
          ] as const
        ) {
          assertEquals(tensors.has(name), own === "embedding" || !tied);
          if (!tensors.has(name)) continue;
          assertEquals(tensors.get(name)!.shape, [14, 8]);
          const [base, added] = [parameters[own]!, parameters[`${own}Added`]!];
          assertEquals([...tensors.get(name)!.data], [...await base.data(), ...await added.data()]);
        }
        assertEquals(await readAdapterConfig(`${root}/a`), lora);
        const again = await readAdapter(`${root}/a`, config);
        assertEquals([...Object.keys(again)].sort(), [...trainedShapes(config).keys()].sort());
        for (const [name, tensor] of Object.entries(again)) {
          assertEquals(tensor.shape, [...trainedShapes(config).get(name)!], name);
          assertEquals(await tensor.data(), await parameters[name]!.data(), name);
        }
        tf.dispose(Object.values(again));
        const short = new Map([...tensors].filter(([name]) => !name.endsWith("embed_tokens.weight")));
        const error = assertThrows(() => fromPeft(config, short, "a"), BladeError);
        assertStringIncludes(
          error.message,
          "embed_tokens.weight: must be a 32-bit float tensor of shape [14,8]",
        );
      });
      tf.dispose(Object.values(parameters));
    },
    ["cpu", "wasm"],
  );
}

onEachDevice(
  "merged by hand from the file that is written, weights are those that are merged here",
  async () => {
    const parameters = loudModel(CONFIG);
    await inFolder({}, async (root) => {
      await writeAdapter(`${root}/a`, CONFIG, parameters, "base");
      const { tensors, metadata } = decodeSafetensors(
        await Deno.readFile(`${root}/a/adapter_model.safetensors`),
        "a",
      );
      assertEquals(metadata, { format: "pt" });
      const json = JSON.parse(await Deno.readTextFile(`${root}/a/adapter_config.json`));
      /** What PEFT adds to a module's matrix [out, in]. */
      const change = (layer: number, module: string, o: number, i: number, inputs: number) => {
        const of = `base_model.model.model.layers.${layer}.${module}`;
        const [A, B] = [tensors.get(`${of}.lora_A.weight`)!, tensors.get(`${of}.lora_B.weight`)!];
        let sum = 0;
        for (let r = 0; r < json.r; r++) {
          sum += Number(B.data[o * json.r + r]) * Number(A.data[r * inputs + i]);
        }
        return sum * json.lora_alpha / json.r;
      };
      const projections: Record<string, readonly string[]> = {
        qkv: ["q_proj", "k_proj", "v_proj"],
        attentionOut: ["o_proj"],
        gateUp: ["gate_proj", "up_proj"],
        down: ["down_proj"],
      };
      for (const layer of [0, 1]) {
        for (const [projection, names] of Object.entries(projections)) {
          const modules = names.map((name) => MODULES.find(([module]) => module.endsWith(name))!);
          const width = modules.reduce((sum, [, , outputs]) => sum + outputs, 0);
          const name = `layers.${layer}.${projection}`;
          const tensor = mergedParameter(CONFIG, parameters, name);
          const [merged, base] = [await tensor.data(), await parameters[name]!.data()];
          tensor.dispose();
          let first = 0, largest = 0;
          for (const [module, inputs, outputs] of modules) {
            for (let i = 0; i < inputs; i++) {
              for (let o = 0; o < outputs; o++) {
                const at = i * width + first + o;
                const added = change(layer, module, o, i, inputs);
                assertAlmostEquals(merged[at]!, base[at]! + added, 1e-6, `${name} [${i}, ${first + o}]`);
                largest = Math.max(largest, Math.abs(added));
              }
            }
            first += outputs;
          }
          assert(largest > 0.1, "adapters count");
        }
      }
    });
    tf.dispose(Object.values(parameters));
  },
  ["cpu", "wasm"],
);

Deno.test("a folder without adapters is refused with the file that is missing", async () => {
  await inFolder({ "adapter_config.json": JSON.stringify(peftConfig(lora, "m", [])) }, async (folder) => {
    assertEquals(await readAdapterConfig(folder), lora);
    const missing = await readAdapter(folder, CONFIG).catch((error) => error);
    assert(missing instanceof BladeError);
    assertStringIncludes(missing.message, `${folder}/adapter_model.safetensors: must be there`);
    const nowhere = await readAdapterConfig(`${folder}/nowhere`).catch((error) => error);
    assert(nowhere instanceof BladeError);
    assertStringIncludes(nowhere.message, `${folder}/nowhere/adapter_config.json: must be there`);
  });
  const file = encodeSafetensors(toPeft(CONFIG, loud(adapterShapes(CONFIG)))).slice(0, -1);
  await inFolder({ "adapter_model.safetensors": file }, async (folder) => {
    const damaged = await readAdapter(folder, CONFIG).catch((error) => error);
    assert(damaged instanceof BladeError);
    assertStringIncludes(damaged.message, `${folder}/adapter_model.safetensors: tensor `);
  });
});
