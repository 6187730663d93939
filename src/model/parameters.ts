import * as tf from "@tensorflow/tfjs";
import { readNumbers } from "../device/computation.ts";
import type { RandomKey } from "../numerics/random.ts";
import { type DecoderConfig, headWidth } from "./config.ts";

/** The decoder's weights by name. The owner disposes them. */
export type Parameters = Readonly<Record<string, tf.Tensor>>;

/** How a parameter starts: normal with that standard deviation, or all alike. */
interface Start {
  readonly shape: readonly number[];
  readonly deviation: number | "ones" | "zeros";
}

const DEVIATION = 0.02;

/** Names, shapes and starts of all parameters, in a fixed order. Matrices are [in, out]. */
function starts(config: DecoderConfig): Map<string, Start> {
  const { width, heads, kvHeads, hidden, layers, vocabulary } = config;
  const head = headWidth(config);
  // As GPT-2: what adds to the residual stream starts smaller the more layers add to it.
  const residual = DEVIATION / Math.sqrt(2 * layers);
  const all = new Map<string, Start>();
  all.set("embedding", { shape: [vocabulary, width], deviation: DEVIATION });
  if (config.marksPicks) {
    all.set("pick", { shape: [1, width], deviation: DEVIATION });
    // At zero a slate first learns to read the history, as if nothing had been picked; what the picks say comes later.
    all.set("pickGate", { shape: [1, width], deviation: "zeros" });
  }
  for (let layer = 0; layer < layers; layer++) {
    const set = (name: string, shape: number[], deviation: Start["deviation"]) =>
      all.set(`layers.${layer}.${name}`, { shape, deviation });
    set("attentionNorm", [width], "ones");
    set("qkv", [width, (heads + 2 * kvHeads) * head], DEVIATION);
    set("attentionOut", [heads * head, width], residual);
    set("feedForwardNorm", [width], "ones");
    set("gateUp", [width, 2 * hidden], DEVIATION);
    set("down", [hidden, width], residual);
  }
  all.set("norm", { shape: [width], deviation: "ones" });
  return all;
}

/** Shapes of all parameters by name. */
export function parameterShapes(config: DecoderConfig): ReadonlyMap<string, readonly number[]> {
  return new Map([...starts(config)].map(([name, { shape }]) => [name, shape]));
}

/** Number of weights. */
export function parameterCount(config: DecoderConfig): number {
  return [...starts(config).values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}

/** Fresh weights: the same for the same key on every device. */
export function initialParameters(config: DecoderConfig, key: RandomKey): Parameters {
  const parameters: Record<string, tf.Tensor> = {};
  for (const [name, { shape, deviation }] of starts(config)) {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (deviation === "ones") values.fill(1);
    else if (deviation !== "zeros") {
      key.split("parameter", name).fillNormal(values);
      for (let i = 0; i < values.length; i++) values[i]! *= deviation;
    }
    parameters[name] = tf.tensor(values, [...shape], "float32");
  }
  return parameters;
}

/** The same weights in tensors of their own: changing or freeing one tree leaves the other. */
export function copyParameters(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, tf.mul(tensor, 1)]));
}

/** Weights read back to the host, for checkpoints and tests. */
export async function readParameters(parameters: Parameters): Promise<Map<string, HostTensor>> {
  const numbers = await readNumbers(Object.values(parameters));
  return new Map(
    Object.entries(parameters).map(([name, { shape }], i) =>
      [name, { shape, data: numbers[i] as Float32Array }] as const
    ),
  );
}

/** A tensor's values on the host. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights on the device from their values on the host. */
export function uploadParameters(values: ReadonlyMap<string, HostTensor>): Parameters {
  return Object.fromEntries(
    // A copy: updates in place must not reach the caller's numbers.
    [...values].map(([name, { shape, data }]) => [name, tf.tensor(data.slice(), [...shape], "float32")]),
  );
}

/** The named weight. Throws when the tree lacks it, which is a programming error. */
export function parameter(parameters: Parameters, name: string): tf.Tensor2D {
  const tensor = parameters[name];
  if (tensor === undefined) throw new Error(`no parameter named ${name}`);
  return tensor as tf.Tensor2D;
}
