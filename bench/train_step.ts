import { stepsPerRead } from "../src/device/computation.ts";
import type { Device } from "../src/device/open_device.ts";
import { initialParameters } from "../src/model/parameters.ts";
import { randomKey } from "../src/numerics/random.ts";
import { fitOptimizer, type FitOptions, fitStep } from "../src/train/fit_next_items.ts";
import { freeFitState, startFit } from "../src/train/fit_state.ts";
import { createStepLog } from "../src/train/step_log.ts";
import { createModel } from "../src/train/model.ts";
import type { NextItemExample } from "../src/train/next_item_examples.ts";
import { devices } from "./devices.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { trainingFlops } from "./flops.ts";
import { peakProducts } from "./matmul.ts";

export const ITEMS = 2000, POSITIONS = 32, BATCH = 32;

/** Steps before the first that counts: V8 goes on compiling for about as many. */
export const WARM_UPS = 20;

export const OPTIONS: FitOptions = {
  stage: "sft",
  epochs: 100,
  batch: BATCH,
  learningRate: 1e-3,
  warmup: 0.1,
  weightDecay: 0.01,
  clipNorm: 1,
  patience: 3,
  cutoff: 10,
  key: randomKey(1),
};

const quiet = { stage() {}, step() {}, note() {} };

/** One step of supervised training against the device's own matrix product: what the rest of the step costs. */
export const trainStep: Bench = async (only) => {
  const figures: Record<string, Figure> = {};
  for await (const { name, device } of devices(only)) Object.assign(figures, await onDevice(name, device));
  return figures;
};

export const MODEL = {
  layers: 4,
  width: 128,
  heads: 4,
  kvHeads: 2,
  hidden: 344,
  dropout: 0,
  ropeBase: 10_000,
  normEpsilon: 1e-5,
};

/** 31 items of history behind the begin token: 32 positions, and a target after each. */
export function batchOfExamples(): NextItemExample[] {
  return Array.from({ length: BATCH }, (_, row) => ({
    history: Array.from({ length: POSITIONS - 1 }, (_, i) => (row * 37 + i * 101) % ITEMS),
    targets: Array.from(
      { length: POSITIONS },
      (_, i) => ({ after: i, item: (row * 7 + i * 13) % ITEMS, weight: 1 }),
    ),
  }));
}

export async function onDevice(name: string, { adapter }: Device): Promise<Record<string, Figure>> {
  const model = createModel({ slate: "plackett-luce", ...MODEL }, ITEMS);
  const examples = batchOfExamples();
  const optimizer = fitOptimizer(BATCH, OPTIONS);
  let state = startFit(initialParameters(model.config, OPTIONS.key), optimizer);
  // As many steps as are made before what they measured is read, and that too. The first twenty are the compilers'.
  const count = stepsPerRead();
  const log = createStepLog("sft", quiet, count);
  const peak = peakProducts();
  const ms = await medianMs({
    peak: peak.run,
    steps: async () => {
      for (let i = 0; i < count; i++) {
        state = await fitStep(model, state, examples, optimizer, OPTIONS, log);
      }
    },
  }, { repeats: 15, warmUps: WARM_UPS });
  const stepMs = ms.steps / count;
  peak.dispose();
  freeFitState(state);
  const tokens = BATCH * POSITIONS;
  const flops = trainingFlops(model.config, { tokens, keys: POSITIONS, scored: tokens, items: ITEMS });
  const gflops = flops / stepMs / 1e6, boundGflops = peak.rate(ms.peak);
  return {
    [`train-step/${name}`]: {
      ms: stepMs,
      tokensPerSecond: 1000 * tokens / stepMs,
      gflops,
      boundGflops,
      ratio: gflops / boundGflops,
      bound: `${peak.name}, ${adapter}`,
    },
  };
}
