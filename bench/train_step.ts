import { closeDevice, type Device, openDevice } from "../src/device/open_device.ts";
import { requestGpuAdapter } from "../src/device/gpu_adapter.ts";
import { findBlas } from "../src/device/native/find_blas.ts";
import { initialParameters } from "../src/model/parameters.ts";
import { randomKey } from "../src/numerics/random.ts";
import { fitOptimizer, type FitOptions, fitStep } from "../src/train/fit_next_items.ts";
import { freeFitState, startFit } from "../src/train/fit_state.ts";
import { createStepLog } from "../src/train/step_log.ts";
import { createModel } from "../src/train/model.ts";
import type { NextItemExample } from "../src/train/next_item_examples.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { trainingFlops } from "./flops.ts";
import { peakProducts, peakRate } from "./matmul.ts";

export const ITEMS = 2000, POSITIONS = 32, BATCH = 32;

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
export const trainStep: Bench = async () => {
  const figures: Record<string, Figure> = {};
  for (const name of "blas" in await findBlas() ? ["wasm", "native"] as const : ["wasm"] as const) {
    Object.assign(figures, await onDevice(name, await openDevice({ device: name, threads: 1 })));
    const device = await openDevice({ device: name });
    if (device.threads === 1) continue;
    Object.assign(figures, await onDevice(`${name}-${device.threads}-threads`, device));
  }
  const gpu = await requestGpuAdapter();
  if (!("missing" in gpu) && !gpu.fallback) {
    Object.assign(figures, await onDevice("webgpu", await openDevice({ device: "webgpu" })));
  }
  closeDevice();
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
  const log = createStepLog("sft", quiet);
  const peak = peakProducts();
  const ms = await medianMs({
    peak: peak.run,
    step: async () => {
      state = await fitStep(model, state, examples, optimizer, OPTIONS, log);
    },
  }, { repeats: 15, warmUps: 3 });
  peak.dispose();
  freeFitState(state);
  const tokens = BATCH * POSITIONS;
  const flops = trainingFlops(model.config, { tokens, keys: POSITIONS, scored: tokens, items: ITEMS });
  const gflops = flops / ms.step / 1e6, boundGflops = peakRate(ms.peak);
  return {
    [`train-step/${name}`]: {
      ms: ms.step,
      gflops,
      boundGflops,
      ratio: gflops / boundGflops,
      bound: `512³ matrix product, ${adapter}`,
    },
  };
}
