import type { Context } from "../src/core/context.ts";
import type { ItemIndex } from "../src/core/ids.ts";
import type { RewardBatch } from "../src/core/rewards.ts";
import type { Slates } from "../src/core/slates.ts";
import type { Device } from "../src/device/open_device.ts";
import { stepsPerRead } from "../src/device/computation.ts";
import { copyParameters, initialParameters } from "../src/model/parameters.ts";
import { randomKey } from "../src/numerics/random.ts";
import { distill } from "../src/objective/distill.ts";
import { adamw } from "../src/optimizer/adamw.ts";
import { createModel } from "../src/train/model.ts";
import { createStepLog } from "../src/train/step_log.ts";
import { updatePolicy } from "../src/train/update_policy.ts";
import { devices } from "./devices.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { ITEMS, MODEL } from "./train_step.ts";

const CONTEXTS = 8, GROUP = 8, CUTOFF = 10, HISTORY = 50;

const quiet = { stage() {}, step() {}, note() {} };

/** An update on G slates a context that share the work on its history, against the same slates each by itself. */
export const sharedPrefix: Bench = async (only) => {
  const figures: Record<string, Figure> = {};
  for await (const { name, device } of devices(only)) {
    figures[`shared-prefix/${name}`] = await onDevice(device);
  }
  return figures;
};

async function onDevice({ adapter }: Device): Promise<Figure> {
  const model = createModel({ slate: "autoregressive", ...MODEL }, ITEMS);
  const reference = initialParameters(model.config, randomKey(1));
  const parameters = copyParameters(reference);
  const optimizer = adamw({ learningRate: 1e-4, clipNorm: 1 });
  const shared = Array.from({ length: CONTEXTS }, (_, contextId): Context => {
    const history = Array.from({ length: HISTORY }, (_, i): ItemIndex => (contextId * 37 + i * 101) % ITEMS);
    return { contextId, user: contextId, history, seen: new Set(history) };
  });
  const slates = await model.policy.sample(parameters, shared, {
    groupSize: GROUP,
    cutoff: CUTOFF,
    key: randomKey(2),
  });
  const alone = shared.flatMap((context) => Array.from({ length: GROUP }, () => context));
  const count = stepsPerRead();
  const log = createStepLog("align", quiet, count);
  let state = { parameters, optimizer: optimizer.init(parameters) };
  const update = (contexts: readonly Context[], rollouts: Slates) => async () => {
    const setting = {
      model,
      reference,
      objective: distill(),
      optimizer,
      klCoefficient: 0.01,
      source: "policy" as const,
      updates: 1,
      microBatch: null,
      clip: { low: 0.2, high: 0.2 },
      dropout: { rate: 0, key: randomKey(1) },
    };
    for (let i = 0; i < count; i++) {
      const { optimizer, measured, gauges } = await updatePolicy(
        state,
        contexts,
        rollouts,
        REWARDS,
        WEIGHTS,
        null,
        setting,
      );
      state = { parameters, optimizer };
      await log.add(i, measured, gauges, {});
    }
  };
  const ms = await medianMs({
    shared: update(shared, slates),
    alone: update(alone, { ...slates, groupSize: 1 }),
  }, { repeats: 7 });
  return {
    ms: ms.shared / count,
    aloneMs: ms.alone / count,
    timesFaster: ms.alone / ms.shared,
    ratio: ms.shared / ms.alone,
    bound: `the same update, each slate with a history of its own, ${adapter}`,
  };
}

const ROWS = CONTEXTS * GROUP;
const REWARDS: RewardBatch = {
  values: [new Float64Array(ROWS)],
  reward: new Float64Array(ROWS),
  defined: new Uint8Array(ROWS).fill(1),
  undefinedReasons: new Map(),
};
const WEIGHTS = {
  logDensityRatio: Float64Array.from({ length: ROWS }, (_, row) => Math.sin(row)),
  baseline: new Float64Array(ROWS),
} as Parameters<typeof updatePolicy>[4];
