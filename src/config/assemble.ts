import { checkStamps } from "../data/file_stamps.ts";
import { type Method, methodOf } from "../objective/methods.ts";
import { adamw } from "../optimizer/adamw.ts";
import type { Optimizer } from "../optimizer/optimizer.ts";
import { warmupCosine } from "../optimizer/schedules.ts";
import type { AlignSetting } from "../train/align.ts";
import { type Model, modelFromScratch } from "../train/model.ts";
import { pretrainedModel } from "../train/pretrained_model.ts";
import type { FitOptions } from "../train/fit_next_items.ts";
import { randomKey } from "../numerics/random.ts";
import type { ModelPlan } from "./plan_model.ts";
import type { BladeConfig } from "./schema.ts";

/**
 * The model that was planned, the frozen weights of a checkpoint on the device.
 *
 * @throws {BladeError} when the checkpoint is damaged, or was written to since it was planned; `start` throws so too.
 */
export async function modelOf({ model }: BladeConfig, plan: ModelPlan): Promise<Model> {
  const { decoder, codec, folder } = plan;
  if (folder === null) return modelFromScratch(decoder, codec, model);
  const loaded = await pretrainedModel(folder, decoder, codec, model.lora.from);
  await checkStamps(plan.stamps);
  return {
    ...loaded,
    async start(key) {
      const parameters = await loaded.start(key);
      await checkStamps(plan.stamps);
      return parameters;
    },
  };
}

/**
 * The method of alignment.
 *
 * @throws {TypeError} where there is none: nothing is aligned by `sft`.
 */
export function alignMethodOf({ align }: BladeConfig): Method {
  const method = methodOf(align.method);
  if (method === null) throw new TypeError(`Cannot align: ${align.method} is no method of alignment`);
  return method;
}

/** What the method makes of an update: its slates, its objective, and how often they are used. */
export function updateOf(
  config: BladeConfig,
  contexts: number,
): Pick<
  AlignSetting,
  "source" | "objective" | "anchor" | "rounds" | "updates" | "clip" | "dropout" | "microBatch"
> {
  const { align } = config;
  const method = alignMethodOf(config);
  return {
    source: method.slates,
    objective: method.objective(align, "imitate"),
    anchor: method.anchor ?? align.anchor,
    rounds: method.rounds
      ? {
        steps: Math.max(1, Math.ceil(alignStepsOf(config, contexts) / align.rounds)),
        selfPlay: method.objective(align, "self-play"),
      }
      : null,
    updates: align.updates,
    microBatch: align.microBatch,
    clip: { low: align.clip, high: align.clipHigh ?? align.clip },
    dropout: { rate: align.dropout, key: randomKey(config.seed).split("align", "dropout") },
  };
}

function alignStepsOf({ align }: BladeConfig, contexts: number): number {
  return Math.ceil(contexts / align.batch) * align.epochs;
}

/** Settings of supervised training before alignment, or of its control on the labels that alignment sees. */
export function fitOptionsOf(config: BladeConfig, stage: FitOptions["stage"]): FitOptions {
  const { sft, align } = config;
  const { epochs, batch, learningRate, warmup, weightDecay, clipNorm, microBatch } = stage === "sft"
    ? sft
    : align;
  return {
    stage,
    epochs,
    batch,
    learningRate,
    warmup,
    weightDecay,
    clipNorm,
    patience: sft.patience,
    cutoff: align.cutoff,
    ...(microBatch === null ? {} : { microBatch }),
    ...(sft.loss === "sampled" ? { negatives: sft.negatives } : {}),
    key: randomKey(config.seed).split(stage),
  };
}

/** The optimizer of alignment over so many contexts. */
export function alignOptimizerOf(config: BladeConfig, contexts: number): Optimizer {
  const { align } = config;
  const totalSteps = alignStepsOf(config, contexts) * align.updates;
  return adamw({
    learningRate: warmupCosine({
      peak: align.learningRate,
      warmupSteps: align.warmup * totalSteps,
      totalSteps,
    }),
    weightDecay: align.weightDecay,
    clipNorm: align.clipNorm,
  });
}
