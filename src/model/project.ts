import * as tf from "@tensorflow/tfjs";
import type { DecoderConfig } from "./config.ts";
import type { Dropout } from "./dropout.ts";
import { adapterNames, type Projection, projectionParts } from "./lora.ts";
import { type AdapterPart, addAdapters, timesHalves } from "../device/ops.ts";
import { parameter, type Parameters } from "./parameters.ts";

/** [n, rows] through a projection of a block, its bias and its adapters where there are any, to [n, columns]. */
export function project(
  config: DecoderConfig,
  parameters: Parameters,
  layer: number,
  projection: Projection,
  x: tf.Tensor2D,
  drop: Dropout,
): tf.Tensor2D {
  const weights = parameter(parameters, `layers.${layer}.${projection}`);
  const product = weights.dtype === "float32"
    ? tf.matMul(x, weights) as tf.Tensor2D
    : timesHalves(x, weights, config.half!);
  const bias = parameters[`layers.${layer}.${projection}Bias`];
  const biased = bias === undefined ? product : tf.add(product, bias) as tf.Tensor2D;
  if (config.lora === null) return biased;
  const { parts } = projectionParts(config, projection);
  // With its adapters left out of the weights, the decoder is the one that they were trained beside.
  const adapters = parts.map(({ module, columns }): AdapterPart => {
    const { a, b } = adapterNames(layer, module);
    if (parameters[a] === undefined) return { columns, adapter: null };
    return { columns, adapter: { a: parameter(parameters, a), b: parameter(parameters, b) } };
  });
  if (adapters.every(({ adapter }) => adapter === null)) return biased;
  const dropped = drop.apply(x, `adapters ${layer} ${projection}`) as tf.Tensor2D;
  return addAdapters(biased, dropped, adapters, config.lora.alpha / config.lora.rank);
}
