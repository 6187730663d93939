/** Models of a few hundred weights, large enough in value that every one of them matters. */
import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../../src/codec/item_codec.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { type Parameters, parameterShapes } from "../../src/model/parameters.ts";
import { type RandomKey, randomKey } from "../../src/numerics/random.ts";
import { createModel, type Model, type ModelOptions } from "../../src/train/model.ts";
import type { Context } from "../../src/core/context.ts";
import type { Slates } from "../../src/core/slates.ts";
import { uploadArrays } from "../../src/device/arrays.ts";
import type { Policy } from "../../src/rollout/policy.ts";

/** Two layers, and half as many key as query heads. */
export function tinyModel(
  slate: Model["slate"],
  items: number | ItemCodec = 7,
  change: Partial<ModelOptions> = {},
): Model {
  return createModel({
    slate,
    layers: 2,
    width: 8,
    heads: 4,
    kvHeads: 2,
    hidden: 6,
    dropout: 0,
    ropeBase: 100,
    normEpsilon: 1e-5,
    ...change,
  }, items);
}

/** Weights on the host: scales of the norms around 1, all else normal with a deviation of 0.5. */
export function loudWeights(config: DecoderConfig, key: RandomKey = randomKey(5)): Map<string, Float32Array> {
  return new Map(
    [...parameterShapes(config)].map(([name, shape]) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      key.split(name).fillNormal(values);
      const isScale = name.toLowerCase().endsWith("norm");
      return [name, values.map((value) => isScale ? 1 + 0.2 * value : 0.5 * value)];
    }),
  );
}

/** Weights on the current device, the caller's to free. */
export function upload(config: DecoderConfig, weights: ReadonlyMap<string, Float32Array>): Parameters {
  return Object.fromEntries(
    [...parameterShapes(config)].map((
      [name, shape],
    ) => [name, tf.tensor(weights.get(name)!.slice(), [...shape])]),
  );
}

/** `policy.logProb` of slates that are not laid out yet. */
export function slateLogProb(
  policy: Policy,
  parameters: Parameters,
  contexts: readonly Context[],
  slates: Slates,
): tf.Tensor1D {
  return policy.logProb(parameters, uploadArrays(policy.layOut(contexts, slates)), slates);
}

/** A context whose seen items are its history and some before it. */
export function contextOf(contextId: number, history: readonly number[], seenBefore: number[] = []): Context {
  return { contextId, user: contextId, history, seen: new Set([...seenBefore, ...history]) };
}
