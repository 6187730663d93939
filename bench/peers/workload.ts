/**
 * What all peers compute, as one safetensors file: the weights of blade's models, a batch, histories and the settings.
 *
 * @module
 */
import { initialParameters, type Parameters, readParameters } from "../../src/model/parameters.ts";
import { encodeSafetensors, type NamedTensor } from "../../src/model/safetensors.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { createModel, type Model } from "../../src/train/model.ts";
import * as tf from "@tensorflow/tfjs";
import { CONTEXTS, CUTOFF, GROUP, HISTORY, rolloutContexts } from "../rollouts.ts";
import { BATCH, batchOfExamples, ITEMS, MODEL, OPTIONS, POSITIONS, WARM_UPS } from "../train_step.ts";

/** Settings as the file's header holds them. */
export const CONFIG = {
  ...MODEL,
  items: ITEMS,
  batch: BATCH,
  positions: POSITIONS,
  learningRate: OPTIONS.learningRate,
  weightDecay: OPTIONS.weightDecay,
  clipNorm: OPTIONS.clipNorm,
  totalSteps: OPTIONS.epochs,
  warmupSteps: OPTIONS.warmup * OPTIONS.epochs,
  /** Steps whose losses are compared: the later ones also see the gradients and the optimizer. */
  checkedSteps: 4,
  /** Steps before the first that counts, for every peer. */
  warmUps: WARM_UPS,
  contexts: CONTEXTS,
  group: GROUP,
  cutoff: CUTOFF,
  history: HISTORY,
};

export type WorkloadConfig = typeof CONFIG;

/** The model that is trained, and its first weights. */
export function trainedModel(): { model: Model; parameters: Parameters } {
  const model = createModel({ slate: "plackett-luce", ...MODEL }, ITEMS);
  return { model, parameters: initialParameters(model.config, OPTIONS.key) };
}

/** The model that draws slates, with its gate half open: at first it is shut, and would hide what the picks say. */
export function drawingModel(): { model: Model; parameters: Parameters } {
  const model = createModel({ slate: "autoregressive", ...MODEL }, ITEMS);
  const parameters = initialParameters(model.config, randomKey(1));
  const gate = parameters.pickGate!;
  const pickGate = tf.fill(gate.shape, 0.5);
  gate.dispose();
  return { model, parameters: { ...parameters, pickGate } };
}

/** Writes the file from the current device. */
export async function writeWorkload(path: string): Promise<void> {
  const tensors = new Map<string, NamedTensor>();
  for (const [part, { parameters }] of [["train", trainedModel()], ["rollout", drawingModel()]] as const) {
    for (const [name, tensor] of await readParameters(parameters)) tensors.set(`${part}.${name}`, tensor);
    tf.dispose(Object.values(parameters));
  }
  const examples = batchOfExamples(), begin = ITEMS;
  const integers = (name: string, shape: number[], values: number[]) =>
    tensors.set(name, { shape, data: Int32Array.from(values) });
  integers("tokens", [BATCH, POSITIONS], examples.flatMap(({ history }) => [begin, ...history]));
  integers(
    "targets",
    [BATCH * POSITIONS],
    examples.flatMap(({ targets }) => targets.map(({ item }) => item)),
  );
  integers("histories", [CONTEXTS, HISTORY], rolloutContexts().flatMap(({ history }) => [...history]));
  await Deno.writeFile(path, encodeSafetensors(tensors, { config: JSON.stringify(CONFIG) }));
}
