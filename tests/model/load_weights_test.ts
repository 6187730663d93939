import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { unpackHalves } from "../../src/device/ops.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { halfFormatOf, loadWeights } from "../../src/model/load_weights.ts";
import { logitsOf } from "../../src/model/logits.ts";
import { parameterShapes } from "../../src/model/parameters.ts";
import { encodeSafetensors, type HalfTensor, type NamedTensor } from "../../src/model/safetensors.ts";
import { halvesToFloats } from "../../src/numerics/half.ts";
import { inFolder } from "../data/_folder.ts";
import { onEachDevice } from "../device/devices.ts";
import { loudCheckpoint, TINY, weightsFile } from "./tiny_checkpoint.ts";

const TEXTS = [[1, 10, 3, 3], [0, 7, 2, 9]];

/** What a folder that holds the tensors is loaded to, on the host. */
function loaded(tensors: ReadonlyMap<string, NamedTensor>, config: DecoderConfig) {
  return inFolder({ "model.safetensors": weightsFile(tensors) }, async (folder) => {
    const parameters = await loadWeights(folder, config);
    const values = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const [name, tensor] of Object.entries(parameters)) {
      values.set(name, { shape: tensor.shape, data: await tensor.data() as Float32Array });
    }
    tf.dispose(Object.values(parameters));
    return values;
  });
}

onEachDevice("every number of a checkpoint is where the decoder looks for it", async () => {
  const tensors = loudCheckpoint(TINY);
  const values = await loaded(tensors, TINY);
  assertEquals(
    new Map([...values].map(([name, { shape }]) => [name, shape])),
    new Map([...parameterShapes(TINY)].map(([name, shape]) => [name, [...shape]])),
  );
  const of = (name: string) => tensors.get(name)!.data;
  const own = (name: string) => [...values.get(name)!.data];
  // Column j of a projection [in, out] is row j of the checkpoint's matrices [out, in], stacked.
  const columns = (rows: number, ...names: string[]) => {
    const stacked = names.flatMap((name) => [...of(name)]);
    const width = stacked.length / rows;
    return Array.from(stacked, (_, at) => stacked[(at % width) * rows + Math.floor(at / width)]!);
  };
  assertEquals(own("embedding"), [...of("model.embed_tokens.weight")]);
  assertEquals(own("norm"), [...of("model.norm.weight")]);
  for (const layer of [0, 1]) {
    const [from, to] = [`model.layers.${layer}`, `layers.${layer}`];
    const qkv = ["q_proj", "k_proj", "v_proj"].map((module) => `${from}.self_attn.${module}`);
    assertEquals(own(`${to}.attentionNorm`), [...of(`${from}.input_layernorm.weight`)]);
    assertEquals(own(`${to}.feedForwardNorm`), [...of(`${from}.post_attention_layernorm.weight`)]);
    assertEquals(own(`${to}.qkv`), columns(8, ...qkv.map((module) => `${module}.weight`)));
    assertEquals(own(`${to}.qkvBias`), qkv.flatMap((module) => [...of(`${module}.bias`)]));
    assertEquals(own(`${to}.attentionOut`), columns(16, `${from}.self_attn.o_proj.weight`));
    assertEquals(
      own(`${to}.gateUp`),
      columns(8, `${from}.mlp.gate_proj.weight`, `${from}.mlp.up_proj.weight`),
    );
    assertEquals(own(`${to}.down`), columns(6, `${from}.mlp.down_proj.weight`));
  }
}, ["cpu", "wasm", "webgpu"]);

onEachDevice("scales of heads and a table of scores are loaded where a model has them", async () => {
  const config = { ...TINY, qkvBias: false, headNorms: true, tied: false };
  const tensors = loudCheckpoint(config);
  const values = await loaded(tensors, config);
  assertEquals([...values.keys()].sort(), [...parameterShapes(config).keys()].sort());
  const pairs = [
    ["head", "lm_head.weight"],
    ["embedding", "model.embed_tokens.weight"],
    ["layers.0.queryNorm", "model.layers.0.self_attn.q_norm.weight"],
    ["layers.1.keyNorm", "model.layers.1.self_attn.k_norm.weight"],
  ];
  for (const [own, name] of pairs) assertEquals(values.get(own!)!.data, tensors.get(name!)!.data);
}, ["cpu"]);

onEachDevice("a matrix larger than a tile is turned whole", async () => {
  const config = { ...TINY, layers: 1, width: 34, hidden: 71, qkvBias: false };
  const tensors = loudCheckpoint(config);
  const { data } = (await loaded(tensors, config)).get("layers.0.gateUp")!;
  const [gate, up] = ["gate", "up"].map((part) =>
    tensors.get(`model.layers.0.mlp.${part}_proj.weight`)!.data
  );
  for (let row = 0; row < 34; row++) {
    for (let column = 0; column < 142; column++) {
      const expected = column < 71 ? gate![column * 34 + row] : up![(column - 71) * 34 + row];
      assertEquals(data[row * 142 + column], expected, `[${row}, ${column}]`);
    }
  }
}, ["cpu"]);

const Q = "model.layers.1.self_attn.q_proj.weight";

/** Checkpoints that do not fit, and what is said of them. */
const WRONG: readonly [name: string, change: (tensors: Map<string, NamedTensor>) => void, says: string[]][] =
  [
    ["without a tensor", (tensors) => tensors.delete(Q), [
      `tensor ${Q}: must be there with the shape [16,8] that config.json implies, got "none"`,
    ]],
    ["without a bias", (tensors) => tensors.delete("model.layers.0.self_attn.k_proj.bias"), [
      "tensor model.layers.0.self_attn.k_proj.bias: must be there with the shape [8]",
    ]],
    ["with a matrix turned", (tensors) => tensors.set(Q, { ...tensors.get(Q)!, shape: [8, 16] }), [
      `tensor ${Q}: must be there with the shape [16,8]`,
      "[8,16]",
    ]],
    ["with a matrix laid flat", (tensors) => tensors.set(Q, { ...tensors.get(Q)!, shape: [128] }), [
      `tensor ${Q}`,
      "[128]",
    ]],
    [
      "with a tensor that no such model has",
      (tensors) =>
        tensors.set("model.layers.0.self_attn.o_proj.bias", { shape: [8], data: new Float32Array(8) }),
      ["tensor model.layers.0.self_attn.o_proj.bias: must belong to the architecture that config.json names"],
    ],
    [
      "with a third layer",
      (tensors) =>
        tensors.set("model.layers.2.input_layernorm.weight", { shape: [8], data: new Float32Array(8) }),
      ["tensor model.layers.2.input_layernorm.weight: must belong to the architecture"],
    ],
    [
      "whose last tensor holds no number",
      (tensors) => tensors.set("model.norm.weight", { shape: [8], data: new Float32Array(8).fill(NaN) }),
      ["tensor model.norm.weight: must be of finite float32 numbers"],
    ],
  ];

for (const [name, change, says] of WRONG) {
  onEachDevice(`a checkpoint ${name} is refused, and nothing of it stays`, async () => {
    const tensors = new Map<string, NamedTensor>(loudCheckpoint(TINY));
    change(tensors);
    const before = tf.memory().numTensors;
    await inFolder({ "model.safetensors": weightsFile(tensors) }, async (folder) => {
      const error = await assertRejects(() => loadWeights(folder, TINY), BladeError);
      assertStringIncludes(error.message, folder);
      for (const part of says) assertStringIncludes(error.message, part);
    });
    assertEquals(tf.memory().numTensors, before);
  }, ["cpu"]);
}

onEachDevice("what a checkpoint may have beside its weights is passed over, and only that", async () => {
  const spare = new Map<string, NamedTensor>([
    ...loudCheckpoint(TINY),
    ["lm_head.weight", { shape: [11, 8], data: new Float32Array(88).fill(7) }],
    ["model.layers.0.self_attn.rotary_emb.inv_freq", { shape: [2], data: Float32Array.of(1, 0.1) }],
  ]);
  assertEquals(await loaded(spare, TINY), await loaded(loudCheckpoint(TINY), TINY));
  const untied = { ...TINY, tied: false };
  const error = await assertRejects(() => loaded(loudCheckpoint(TINY), untied), BladeError);
  assertStringIncludes(error.message, "tensor lm_head.weight: must be there with the shape [11,8]");
}, ["cpu"]);

for (const half of ["bf16", "f16"] as const) {
  onEachDevice(
    `matrices that stay in ${half} are the numbers that 32 bits give, and so are logits`,
    async (device) => {
      for (const config of [TINY, { ...TINY, qkvBias: false, headNorms: true, tied: false }]) {
        const file = weightsFile(loudCheckpoint(config), half);
        await inFolder({ "model.safetensors": file }, async (folder) => {
          const floats = await loadWeights(folder, config);
          const kept = { ...config, half: await halfFormatOf(folder) };
          assertEquals(kept.half, half);
          const halves = await loadWeights(folder, kept);
          assertEquals(Object.keys(halves), Object.keys(floats));
          for (const [name, tensor] of Object.entries(halves)) {
            const isMatrix = floats[name]!.shape.length === 2;
            assertEquals(tensor.dtype, isMatrix ? "int32" : "float32", name);
            const numbers = isMatrix ? unpackHalves(tensor, half) : tensor;
            assertEquals(numbers.shape, floats[name]!.shape, name);
            assertEquals(await numbers.data(), await floats[name]!.data(), name);
            if (isMatrix) numbers.dispose();
          }
          const [own, expected] = [
            await logitsOf(kept, halves, TEXTS),
            await logitsOf(config, floats, TEXTS),
          ];
          assert(expected.some((value) => Math.abs(value) > 0.1));
          if (device.backend !== "webgpu") assertEquals(own, expected);
          else own.forEach((value, at) => assertAlmostEquals(value, expected[at]!, 1e-5));
          tf.dispose([halves, floats].flatMap((tree) => Object.values(tree)));
        });
      }
    },
    ["cpu", "wasm", "webgpu"],
  );
}

Deno.test("the 16-bit format of a folder is that of all its tensors", async () => {
  const tensors = loudCheckpoint(TINY);
  const half: HalfTensor = { shape: [2], data: Uint16Array.of(0, 1), type: "F16" };
  const both = encodeSafetensors(
    new Map<string, NamedTensor | HalfTensor>([["a", half], ["b", tensors.get(Q)!]]),
  );
  for (
    const [file, format] of [
      [weightsFile(tensors), null],
      [weightsFile(tensors, "f16"), "f16"],
      [weightsFile(tensors, "bf16"), "bf16"],
      [both, null],
    ] as const
  ) {
    await inFolder({ "model.safetensors": file }, async (folder) => {
      assertEquals(await halfFormatOf(folder), format);
    });
  }
});

onEachDevice("16 bits are read as they are: the numbers are those that were rounded", async () => {
  const tensors = loudCheckpoint(TINY);
  await inFolder({ "model.safetensors": weightsFile(tensors, "bf16") }, async (folder) => {
    const parameters = await loadWeights(folder, { ...TINY, half: "bf16" });
    const bits = new Uint16Array((await parameters["embedding"]!.data() as Int32Array).buffer);
    const rounded = halvesToFloats(bits, "bf16");
    tensors.get("model.embed_tokens.weight")!.data.forEach((value, at) => {
      assertAlmostEquals(rounded[at]!, value, Math.abs(value) * 2 ** -8);
    });
    tf.dispose(Object.values(parameters));
  });
}, ["cpu"]);
