import type { Objective } from "../objective/objective.ts";
import { backward } from "../objective/backward.ts";
import { distill } from "../objective/distill.ts";
import { jeffreys } from "../objective/jeffreys.ts";
import { adamw } from "../optimizer/adamw.ts";
import type { Optimizer } from "../optimizer/optimizer.ts";
import { warmupCosine } from "../optimizer/schedules.ts";
import { createModel, type Model } from "../train/model.ts";
import type { FitOptions } from "../train/fit_next_items.ts";
import { randomKey } from "../numerics/random.ts";
import type { BladeConfig } from "./schema.ts";

/** The model that a configuration describes, over so many items. */
export function modelOf({ model }: BladeConfig, items: number): Model {
  return createModel(model, items);
}

/** The objective of alignment. */
export function objectiveOf({ align }: BladeConfig): Objective {
  const floor = align.logRatioFloor === null ? {} : { floor: align.logRatioFloor };
  switch (align.objective) {
    case "distill":
      return distill();
    case "backward":
      return backward(floor);
    case "jeffreys":
      return jeffreys({ beta: align.beta, ...floor });
    default:
      throw new TypeError(`Cannot build: ${align.objective satisfies never}`);
  }
}

/** Settings of supervised training before alignment, or of its control on the labels that alignment sees. */
export function fitOptionsOf(config: BladeConfig, stage: FitOptions["stage"]): FitOptions {
  const { sft, align } = config;
  const { epochs, batch, learningRate, warmup, weightDecay, clipNorm } = stage === "sft" ? sft : align;
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
    ...(sft.loss === "sampled" ? { negatives: sft.negatives } : {}),
    key: randomKey(config.seed).split(stage),
  };
}

/** The optimizer of alignment over so many contexts. */
export function alignOptimizerOf({ align }: BladeConfig, contexts: number): Optimizer {
  const totalSteps = Math.ceil(contexts / align.batch) * align.epochs;
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
