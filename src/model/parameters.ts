import * as tf from "@tensorflow/tfjs";
import { readNumbers } from "../device/computation.ts";
import { unpackHalves } from "../device/ops.ts";
import type { RandomKey } from "../numerics/random.ts";
import type { DecoderConfig } from "./config.ts";
import { adapterShapes, projectionParts, PROJECTIONS } from "./lora.ts";

/** The decoder's weights by name. The owner disposes them. */
export type Parameters = Readonly<Record<string, tf.Tensor>>;

/** How a parameter starts: normal with that standard deviation, evenly spread between −bound and bound, or all alike. */
interface Start {
  readonly shape: readonly number[];
  readonly from: number | "ones" | "zeros" | { readonly bound: number };
}

const DEVIATION = 0.02;

/** Names, shapes and starts of all parameters but the adapters, in a fixed order. Matrices are [in, out]. */
function starts(config: DecoderConfig): Map<string, Start> {
  const { width, headWidth, layers, vocabulary, addedTokens } = config;
  // As GPT-2: what adds to the residual stream starts smaller the more layers add to it.
  const residual = DEVIATION / Math.sqrt(2 * layers);
  const all = new Map<string, Start>();
  const tables = config.tied ? ["embedding"] : ["embedding", "head"];
  for (const table of tables) {
    all.set(table, { shape: [vocabulary, width], from: DEVIATION });
    if (addedTokens > 0) all.set(`${table}Added`, { shape: [addedTokens, width], from: DEVIATION });
  }
  if (config.marksPicks) {
    all.set("pick", { shape: [1, width], from: DEVIATION });
    // At zero a slate first learns to read the history, as if nothing had been picked; what the picks say comes later.
    all.set("pickGate", { shape: [1, width], from: "zeros" });
  }
  for (let layer = 0; layer < layers; layer++) {
    const set = (name: string, shape: number[], from: Start["from"]) =>
      all.set(`layers.${layer}.${name}`, { shape, from });
    for (const projection of PROJECTIONS) {
      const { rows, parts } = projectionParts(config, projection);
      const columns = parts.reduce((sum, part) => sum + part.columns, 0);
      if (projection === "qkv") set("attentionNorm", [width], "ones");
      if (projection === "gateUp") set("feedForwardNorm", [width], "ones");
      const adds = projection === "attentionOut" || projection === "down";
      set(projection, [rows, columns], adds ? residual : DEVIATION);
      if (projection !== "qkv") continue;
      if (config.qkvBias) set("qkvBias", [columns], "zeros");
      if (config.headNorms) {
        set("queryNorm", [headWidth], "ones");
        set("keyNorm", [headWidth], "ones");
      }
    }
  }
  all.set("norm", { shape: [width], from: "ones" });
  return all;
}

/** What is trained where there are adapters: these, and the rows of tokens that were added. */
function trainedStarts(config: DecoderConfig): Map<string, Start> {
  if (config.lora === null) return starts(config);
  const added = [...starts(config)].filter(([name]) => name.endsWith("Added"));
  // As the reference implementation of the paper: B at zero, so that training starts at the model that was loaded.
  const adapters = [...adapterShapes(config)].map(([name, shape]): [string, Start] => [
    name,
    { shape, from: name.endsWith("loraB") ? "zeros" : { bound: 1 / Math.sqrt(shape[0]!) } },
  ]);
  return new Map([...added, ...adapters]);
}

/** Shapes of all parameters by name. */
export function parameterShapes(config: DecoderConfig): ReadonlyMap<string, readonly number[]> {
  return new Map([...starts(config)].map(([name, { shape }]) => [name, shape]));
}

/** Shapes of what training changes, by name: everything, or the adapters and the rows of added tokens. */
export function trainedShapes(config: DecoderConfig): ReadonlyMap<string, readonly number[]> {
  return new Map([...trainedStarts(config)].map(([name, { shape }]) => [name, shape]));
}

/** Number of weights but for adapters. */
export function parameterCount(config: DecoderConfig): number {
  return countOf(parameterShapes(config));
}

/** Numbers in tensors of these shapes. */
export function countOf(shapes: ReadonlyMap<string, readonly number[]>): number {
  return [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** Fresh weights of what training changes: the same for the same key on every device. */
export function initialParameters(config: DecoderConfig, key: RandomKey): Parameters {
  return Object.fromEntries(
    [...trainedStarts(config)].map(([name, start]) => [
      name,
      tf.tensor(startValues(start, key.split("parameter", name)), [...start.shape], "float32"),
    ]),
  );
}

function startValues({ shape, from }: Start, key: RandomKey): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  if (from === "zeros") return values;
  if (from === "ones") return values.fill(1);
  if (typeof from === "number") {
    key.fillNormal(values);
    return values.map((value) => value * from);
  }
  return values.map((_, i) => (2 * key.uniform(i) - 1) * from.bound);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
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

/** The named matrix as 32-bit floats, whatever it is kept in. */
export function matrix(config: DecoderConfig, parameters: Parameters, name: string): tf.Tensor2D {
  const kept = parameter(parameters, name);
  return kept.dtype === "float32" ? kept : unpackHalves(kept, config.half!) as tf.Tensor2D;
}

/** The named weight. Throws when the tree lacks it, which is a programming error. */
export function parameter(parameters: Parameters, name: string): tf.Tensor2D {
  const tensor = parameters[name];
  if (tensor === undefined) throw new Error(`no parameter named ${name}`);
  return tensor as tf.Tensor2D;
}
