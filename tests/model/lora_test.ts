import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { NO_DROPOUT } from "../../src/model/dropout.ts";
import {
  adapterNames,
  adapterShapes,
  LORA_TARGETS,
  projectionParts,
  PROJECTIONS,
} from "../../src/model/lora.ts";
import { mergedParameter } from "../../src/model/merge.ts";
import {
  initialParameters,
  type Parameters,
  parameterShapes,
  trainedShapes,
} from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { tokenModel } from "../../src/train/model.ts";
import { valueAndGradients } from "../../src/train/value_and_gradients.ts";
import { onEachDevice } from "../device/devices.ts";
import { FEW_ITEMS, tokenCatalog } from "../rollout/token_catalog.ts";
import { contextOf, loudWeights, tinyModel, upload } from "./tiny_model.ts";

const codec = tokenCatalog(FEW_ITEMS);
const plain = tinyModel("autoregressive", codec);
const lora = { rank: 2, alpha: 3, dropout: 0, targets: LORA_TARGETS };
const adapted: DecoderConfig = { ...plain.config, lora };
const CONTEXTS = [contextOf(0, [1], [2]), contextOf(1, [3, 0])];
const SLATES = {
  groupSize: 2,
  cutoff: 2,
  items: Int32Array.of(0, 3, 5, 4, 1, 2, 4, 5),
  behaviorLogProb: new Float64Array(4),
};

/** Adapters none of which is zero. */
function loudAdapters(config: DecoderConfig): Parameters {
  return Object.fromEntries([...trainedShapes(config)].map(([name, shape]) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    randomKey(8).split(name).fillNormal(values);
    return [name, tf.tensor(values.map((value) => 0.4 * value), [...shape])];
  }));
}

function modelWith(config: DecoderConfig, frozen: Parameters) {
  return tokenModel({
    config,
    codec,
    dropout: 0,
    frozen,
    start: () => Promise.reject(new Error("not asked for")),
  });
}

/** Mean log-probability of the slates, with its gradients, read to the host. */
async function lossOf({ policy }: ReturnType<typeof modelWith>, parameters: Parameters) {
  const arrays = uploadArrays(policy.layOut(CONTEXTS, SLATES));
  const { value, gradients } = valueAndGradients(
    parameters,
    (current) => tf.mean(policy.logProb(current, arrays, SLATES, NO_DROPOUT)) as tf.Scalar,
  );
  const numbers = new Map<string, Float32Array>();
  for (const [name, tensor] of Object.entries(gradients)) {
    numbers.set(name, await tensor.data() as Float32Array);
  }
  const [loss] = await value.data();
  tf.dispose([value, ...Object.values(gradients), ...Object.values(arrays)]);
  return { loss: loss!, gradients: numbers };
}

onEachDevice("gradients of adapters are those of the merged weights, projected", async () => {
  const base = upload(plain.config, loudWeights(plain.config));
  const adapters = loudAdapters(adapted);
  const merged = Object.fromEntries(
    [...parameterShapes(plain.config).keys()].map((name) => [
      name,
      mergedParameter(adapted, { ...base, ...adapters }, name),
    ]),
  );
  const own = await lossOf(modelWith(adapted, base), adapters);
  const full = await lossOf(modelWith(plain.config, {}), merged);
  assertAlmostEquals(own.loss, full.loss, 1e-5);
  assertEquals([...own.gradients.keys()].sort(), [...adapterShapes(adapted).keys()].sort());
  const scale = lora.alpha / lora.rank;
  for (let layer = 0; layer < 2; layer++) {
    for (const projection of PROJECTIONS) {
      const { rows, parts } = projectionParts(adapted, projection);
      const columns = parts.reduce((sum, part) => sum + part.columns, 0);
      const ofWhole = full.gradients.get(`layers.${layer}.${projection}`)!;
      let first = 0;
      for (const { module, columns: width } of parts) {
        const { a, b } = adapterNames(layer, module);
        const [A, B] = [await adapters[a]!.data(), await adapters[b]!.data()];
        const dW = (i: number, j: number) => ofWhole[i * columns + first + j]!;
        own.gradients.get(a)!.forEach((found, at) => {
          const [i, r] = [Math.floor(at / lora.rank), at % lora.rank];
          let sum = 0;
          for (let j = 0; j < width; j++) sum += dW(i, j) * B[r * width + j]!;
          assertAlmostEquals(found, scale * sum, 1e-4, `${a} [${i}, ${r}]`);
        });
        own.gradients.get(b)!.forEach((found, at) => {
          const [r, j] = [Math.floor(at / width), at % width];
          let sum = 0;
          for (let i = 0; i < rows; i++) sum += A[i * lora.rank + r]! * dW(i, j);
          assertAlmostEquals(found, scale * sum, 1e-4, `${b} [${r}, ${j}]`);
        });
        first += width;
      }
    }
  }
  tf.dispose([base, adapters, merged].flatMap((tree) => Object.values(tree)));
});

onEachDevice("fresh adapters change nothing, and without them the base answers, to the bit", async () => {
  const base = upload(plain.config, loudWeights(plain.config));
  const [with0, without] = [modelWith(adapted, base), modelWith(plain.config, {})];
  const fresh = initialParameters(adapted, randomKey(3));
  const plainLogProb = await logProbOf(without, base);
  assertEquals(await logProbOf(with0, fresh), plainLogProb);
  const loud = loudAdapters(adapted);
  assert(Math.abs((await logProbOf(with0, loud))[0]! - plainLogProb[0]!) > 1e-3);
  assertEquals(await logProbOf(with0, {}), plainLogProb);
  tf.dispose([base, fresh, loud].flatMap((tree) => Object.values(tree)));
}, ["cpu", "wasm"]);

async function logProbOf({ policy }: ReturnType<typeof modelWith>, parameters: Parameters) {
  const logProb = tf.tidy(() =>
    policy.logProb(parameters, uploadArrays(policy.layOut(CONTEXTS, SLATES)), SLATES, NO_DROPOUT)
  );
  const values = [...await logProb.data()];
  logProb.dispose();
  return values;
}

onEachDevice("adapters of some modules alone leave the others as they are", async () => {
  const config: DecoderConfig = { ...plain.config, lora: { ...lora, targets: ["v_proj", "up_proj"] } };
  const base = upload(plain.config, loudWeights(plain.config));
  const adapters = loudAdapters(config);
  assertEquals(Object.keys(adapters).length, 2 * 2 * 2);
  const merged = mergedParameter(config, { ...base, ...adapters }, "layers.0.qkv");
  const [before, after] = [await base["layers.0.qkv"]!.data(), await merged.data()];
  after.forEach((value, at) => {
    const isValue = at % 16 >= 12;
    assertEquals(value === before[at], !isValue, `${at}`);
  });
  tf.dispose([merged, ...Object.values(base), ...Object.values(adapters)]);
}, ["cpu", "wasm"]);
