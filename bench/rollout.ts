import type { Context } from "../src/core/context.ts";
import type { ItemIndex } from "../src/core/ids.ts";
import type { Signals } from "../src/core/signals.ts";
import { closeDevice, type Device, openDevice } from "../src/device/open_device.ts";
import { findBlas } from "../src/device/native/find_blas.ts";
import { initialParameters } from "../src/model/parameters.ts";
import { disposeTree } from "../src/optimizer/parameter_tree.ts";
import { randomKey } from "../src/numerics/random.ts";
import { loadMetric } from "../src/reward/registry.ts";
import { scoreRollouts } from "../src/reward/score_rollouts.ts";
import { rollOut } from "../src/rollout/roll_out.ts";
import { createModel } from "../src/train/model.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { forwardFlops } from "./flops.ts";
import { peakProducts } from "./matmul.ts";

const ITEMS = 2000, CONTEXTS = 64, GROUP = 8, CUTOFF = 10, HISTORY = 31;

/** 512 slates of 10 items: drawn by either policy, and judged by two metrics. */
export const rollout: Bench = async () => {
  const figures = await onDevice(await openDevice({ device: "wasm" }));
  if ("blas" in await findBlas()) {
    const native = await onDevice(await openDevice({ device: "native" }));
    // Judging computes nothing on a device.
    for (const [name, figure] of Object.entries(native)) {
      if (name.startsWith("sample/")) figures[`${name}/native`] = figure;
    }
  }
  closeDevice();
  return figures;
};

async function onDevice(device: Device): Promise<Record<string, Figure>> {
  const contexts = Array.from({ length: CONTEXTS }, (_, contextId): Context => {
    const history = Array.from({ length: HISTORY }, (_, i): ItemIndex => (contextId * 37 + i * 101) % ITEMS);
    return { contextId, user: contextId, history, seen: new Set(history) };
  });
  const figures: Record<string, Figure> = {};
  for (const slate of ["plackett-luce", "autoregressive"] as const) {
    const model = createModel({
      slate,
      layers: 2,
      width: 64,
      heads: 2,
      kvHeads: 2,
      hidden: 172,
      dropout: 0,
      ropeBase: 10_000,
      normEpsilon: 1e-5,
    }, ITEMS);
    const parameters = initialParameters(model.config, randomKey(1));
    const options = { groupSize: GROUP, cutoff: CUTOFF, key: randomKey(2) };
    const terms = [
      { metric: await loadMetric("ndcg@10"), weight: 0.7 },
      { metric: await loadMetric("ild@10"), weight: 0.3 },
    ];
    const slates = await rollOut(model.policy, parameters, contexts, options);
    const peak = peakProducts();
    const ms = await medianMs({
      peak: peak.run,
      sample: () => rollOut(model.policy, parameters, contexts, options),
      score: () => scoreRollouts(slates, contexts, terms, SIGNALS),
    }, { repeats: 7 });
    peak.dispose();
    disposeTree(parameters);
    const tokens = CONTEXTS * (HISTORY + 1), rows = CONTEXTS * GROUP;
    const flops = forwardFlops(model.config, { tokens, keys: HISTORY + 1, scored: CONTEXTS, items: ITEMS }) +
      (slate === "plackett-luce" ? 0 : (CUTOFF - 1) *
        forwardFlops(model.config, { tokens: rows, keys: HISTORY + CUTOFF / 2, scored: rows, items: ITEMS }));
    const gflops = flops / ms.sample / 1e6, boundGflops = peak.rate(ms.peak);
    figures[`sample/${slate}`] = {
      ms: ms.sample,
      slatesPerSecond: 1000 * rows / ms.sample,
      gflops,
      boundGflops,
      ratio: gflops / boundGflops,
      bound: `${peak.name}, ${device.adapter}, ${device.threads} threads`,
    };
    figures[`score/after ${slate}`] = {
      ms: ms.score,
      slatesPerSecond: 1000 * rows / ms.score,
      ratio: ms.sample / (ms.sample + ms.score),
      bound: "drawing the same slates, at no cost of judging them",
    };
  }
  return figures;
}

const SIGNALS: Signals = {
  relevance: { of: (contextId) => new Map([[(contextId * 11) % ITEMS, 1]]) },
  popularity: {
    counts: new Float64Array(ITEMS).fill(1),
    users: new Float64Array(ITEMS).fill(1),
    totalInteractions: ITEMS,
    totalUsers: ITEMS,
    order: Array.from({ length: ITEMS }, (_, i) => i),
  },
  categories: {
    names: Array.from({ length: 18 }, (_, i) => `category ${i}`),
    of: (item) => item % 3 === 0 ? [item % 18] : [item % 18, item % 7],
  },
  features: { dimensions: 0, of: () => undefined },
  embedding: { dimensions: 0, of: () => undefined },
  history: { of: () => [] },
  userGroups: new Map(),
  itemGroups: { names: [], of: () => undefined },
  catalogSize: ITEMS,
};
