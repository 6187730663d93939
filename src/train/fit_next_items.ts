import * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import type { HostArrays, Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { dropout, dropoutKeys } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { adamw } from "../optimizer/adamw.ts";
import type { Optimizer } from "../optimizer/optimizer.ts";
import { warmupCosine } from "../optimizer/schedules.ts";
import { bestWeights, endEpoch, startBest } from "./best.ts";
import { fitCheckpoint, type FitState, freeFitState } from "./fit_state.ts";
import { gradientStep } from "./gradient_step.ts";
import type { Keeper } from "./keeper.ts";
import { partsOf } from "./parts_of.ts";
import type { Model } from "./model.ts";
import { epochBatches, type NextItemExample } from "./next_item_examples.ts";
import { startWatch } from "./step_times.ts";
import { inSmallerParts } from "./smaller_parts.ts";
import { createStepLog, type NonFiniteRules, type StepBatch, type StepLog } from "./step_log.ts";

/** Settings of supervised training. */
export interface FitOptions {
  /** Name of the stage in logs and checkpoints. */
  readonly stage: "sft" | "sft-continued";
  readonly epochs: number;
  /** Users per step. */
  readonly batch: number;
  readonly learningRate: number;
  /** Share of the steps over which the learning rate rises. */
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Epochs without a better validation score before it stops. */
  readonly patience: number;
  /** Length of the slates that an autoregressive model learns to complete. */
  readonly cutoff: number;
  /** Items drawn per step that stand for the catalog in the loss; it goes through all of it when left out. */
  readonly negatives?: number;
  /** Users that a gradient is taken of at once; all of the batch when left out. */
  readonly microBatch?: number;
  /** What happens with a batch whose loss is no number; the run stops before it when left out. */
  readonly nonFinite?: NonFiniteRules;
  readonly key: RandomKey;
}

/** The optimizer of supervised training over so many examples. */
export function fitOptimizer(examples: number, o: FitOptions): Optimizer {
  const totalSteps = Math.ceil(examples / o.batch) * o.epochs;
  const learningRate = warmupCosine({ peak: o.learningRate, warmupSteps: o.warmup * totalSteps, totalSteps });
  return adamw({ learningRate, weightDecay: o.weightDecay, clipNorm: o.clipNorm });
}

/**
 * Next-item cross-entropy with AdamW, warm-up and cosine decay. Returns the weights of the epoch with the best
 * validation score, and frees the state.
 *
 * @throws {BladeError} when there is nothing to learn from, when the device has no memory for one row, or when
 * interrupted.
 * @throws {NonFiniteStep} when the loss is no number.
 */
export async function fitNextItems(
  model: Model,
  examples: readonly NextItemExample[],
  start: FitState,
  options: FitOptions,
  validate: (parameters: Parameters) => Promise<number>,
  observer: Observer,
  keeper: Keeper,
): Promise<{ parameters: Parameters; bestEpoch: number; bestScore: number }> {
  const { stage, epochs, batch, patience, key } = options;
  if (examples.length === 0) throw nothingToLearn(stage);
  const optimizer = fitOptimizer(examples.length, options);
  observer.stage(stage, Math.ceil(examples.length / batch) * epochs);
  const log = createStepLog(stage, observer, undefined, options.nonFinite);
  // A device that is ahead must not go on from a step that is to be the last.
  const halted = options.nonFinite?.on === "skip" ? undefined : tf.fill([1], 0);
  let state = start;
  // Weights that were trained before are the first that an epoch has to beat.
  if (stage === "sft-continued" && state.best === null) {
    const score = await validate(state.parameters);
    observer.step({ stage, step: 0, values: { epoch: 0, validation: score } });
    state = startBest(state, score);
  }
  while (state.epoch < epochs && state.epoch - (state.best?.epoch ?? 0) < patience) {
    const batches = epochBatches(examples, batch, key.split("epoch", state.epoch));
    while (state.batch < batches.length) {
      state = await fitStep(model, state, batches[state.batch]!, optimizer, options, log, halted);
      await keeper.afterStep(stage, state.step, () => log.flush().then(() => fitCheckpoint(stage, state)));
    }
    await log.flush();
    const score = await validate(state.parameters);
    observer.step({ stage, step: state.step, values: { epoch: state.epoch + 1, validation: score } });
    state = endEpoch(state, score);
  }
  const result = {
    parameters: bestWeights(state),
    bestEpoch: state.best?.epoch ?? 0,
    bestScore: state.best?.score ?? NaN,
  };
  freeFitState(state);
  halted?.dispose();
  return result;
}

/**
 * One update on one batch: the weights and what the optimizer remembers of them change in place. Where the device has no
 * memory for the batch it is taken in parts, and so are those after it.
 *
 * @param halted [1] 0 so far; see `gradientStep`. Where it is left out, the state before a step cannot be had again.
 */
export async function fitStep(
  model: Model,
  state: FitState,
  examples: readonly NextItemExample[],
  optimizer: Optimizer,
  options: Pick<FitOptions, "stage" | "cutoff" | "negatives" | "microBatch" | "key">,
  log: StepLog,
  halted?: tf.Tensor,
): Promise<FitState> {
  const { config, supervision, policy, dropout: rate } = model;
  const { parameters, optimizer: { slots } } = state;
  const watch = startWatch();
  const key = options.key.split("step", state.step);
  const { stage, cutoff, negatives = null } = options;
  const step = state.step + 1;
  const layOut = async (rows: readonly NextItemExample[], firstRow: number): Promise<LaidOut> => {
    const { arrays, weight } = await supervision.layOut(parameters, rows, firstRow, {
      cutoff,
      negatives,
      key,
    });
    const drop = dropoutKeys(config, firstRow === 0 ? key : key.split("part", firstRow));
    return { arrays: { ...arrays, drop }, weight };
  };
  const loss = (current: Parameters, arrays: Uploaded<HostArrays>) =>
    supervision.loss(current, arrays, dropout(config, arrays.drop!, rate), { negatives });
  const constants = { of: supervision.constants, rate, negatives };
  const configured = options.microBatch ?? null;
  const { result: measured, most } = await inSmallerParts(
    {
      place: `${stage}: step ${step}`,
      setting: `${stage === "sft" ? "sft" : "align"}.microBatch`,
      rows: examples.length,
      unit: "users",
      warn: log.warn,
    },
    state.microBatch ?? configured,
    async (most) => {
      const parts: LaidOut[] = [];
      // One after another: the device holds what one of them is laid out with.
      for (const { rows, firstRow } of partsOf(examples, most)) parts.push(await layOut(rows, firstRow));
      const total = parts.reduce((sum, { weight }) => sum + weight, 0);
      return await gradientStep(
        {
          name: "fit",
          constants,
          parameters,
          weights: policy.frozen,
          loss: (arrays) => ({ of: (current) => loss(current, arrays) }),
        },
        parts.map(({ arrays, weight }) => ({ arrays, share: weight / total })),
        optimizer,
        state.optimizer,
        halted,
      );
    },
  );
  const batch: StepBatch = {
    users: examples.map(({ user }) => user),
    before: halted === undefined ? null : () => fitCheckpoint(stage, state),
    async badRows() {
      const bad: number[] = [];
      for (const [row, example] of examples.slice(0, MOST_TRIED).entries()) {
        const { arrays } = await layOut([example], row);
        const weights = { ...policy.frozen, ...parameters };
        const numbers = await takeNumbers(
          compute({ name: "fit: row", constants, arrays, weights }, (uploaded) => ({
            loss: loss(parameters, uploaded),
          })),
        );
        if (!Number.isFinite(numbers.loss[0])) bad.push(row);
      }
      return bad;
    },
  };
  await log.add(
    step,
    measured,
    ({ loss, gradientNorm }) => ({ loss: loss![0]!, gradientNorm: gradientNorm![0]! }),
    watch(),
    batch,
  );
  return {
    ...state,
    optimizer: { step: state.optimizer.step + 1, slots },
    step,
    batch: state.batch + 1,
    ...(most === null || most === configured ? {} : { microBatch: most }),
  };
}

/** Rows whose losses are looked at one by one, which is a pass for each. */
const MOST_TRIED = 256;

/** Rows of a batch as the loss reads them, and what they weigh beside others. */
interface LaidOut {
  readonly arrays: HostArrays;
  readonly weight: number;
}

function nothingToLearn(stage: string): BladeError {
  return new BladeError({
    place: stage,
    rule: "there must be at least one interaction to learn from",
    value: 0,
    mend: stage === "sft"
      ? 'lower data.kCore, or set align.contexts to "seen" so that sft keeps the last interactions'
      : "lower align.horizon, so that users keep a history before their targets",
  });
}
