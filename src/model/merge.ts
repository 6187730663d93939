import * as tf from "@tensorflow/tfjs";
import type { DecoderConfig } from "./config.ts";
import { adapterNames, projectionParts, PROJECTIONS } from "./lora.ts";
import { matrix, parameter, type Parameters } from "./parameters.ts";
import { tidy } from "./tidy.ts";

/**
 * A parameter as 32-bit floats with what adapters and added tokens make of it: W + (alpha/rank)·A·B for a projection, the
 * added rows below the others for a table, itself for all others.
 *
 * @returns a new tensor, the caller's to free
 */
export function mergedParameter(config: DecoderConfig, parameters: Parameters, name: string): tf.Tensor {
  return tidy(() => {
    const own = matrix(config, parameters, name);
    const added = parameters[`${name}Added`];
    if (added !== undefined) return tf.concat([own, added], 0);
    const change = config.lora === null ? null : changeOf(config, parameters, name);
    return change === null ? tf.mul(own, 1) : tf.add(own, change);
  });
}

/** What the adapters of a projection add to it; null where it has none. */
function changeOf(config: DecoderConfig, parameters: Parameters, name: string): tf.Tensor | null {
  const [, layer, projection] = /^layers\.(\d+)\.(\w+)$/.exec(name) ?? [];
  const known = PROJECTIONS.find((one) => one === projection);
  if (known === undefined) return null;
  const { rows, parts } = projectionParts(config, known);
  const changes = parts.map(({ module, columns }) => {
    const { a, b } = adapterNames(Number(layer), module);
    if (parameters[a] === undefined) return tf.zeros([rows, columns]);
    return tf.matMul(parameter(parameters, a), parameter(parameters, b));
  });
  if (parts.every(({ module }) => parameters[adapterNames(Number(layer), module).a] === undefined)) {
    return null;
  }
  const { alpha, rank } = config.lora!;
  return tf.mul(changes.length === 1 ? changes[0]! : tf.concat(changes, 1), alpha / rank);
}
