import type { Context } from "../src/core/context.ts";
import type { ItemIndex } from "../src/core/ids.ts";
import type { Device } from "../src/device/open_device.ts";
import { initialParameters } from "../src/model/parameters.ts";
import { randomKey } from "../src/numerics/random.ts";
import { disposeTree } from "../src/optimizer/parameter_tree.ts";
import { rollOut } from "../src/rollout/roll_out.ts";
import { createModel } from "../src/train/model.ts";
import { devices } from "./devices.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { forwardFlops } from "./flops.ts";
import { peakProducts } from "./matmul.ts";
import { ITEMS, MODEL } from "./train_step.ts";

/** 512 slates of 10 items for 64 contexts. */
export const CONTEXTS = 64, GROUP = 8, CUTOFF = 10, HISTORY = 22;

/** The model of the training step, drawing slates pick by pick, on every device. */
export const rollouts: Bench = async (only) => {
  const figures: Record<string, Figure> = {};
  for await (const { name, device } of devices(only)) figures[`rollouts/${name}`] = await rolloutsOn(device);
  return figures;
};

/** Contexts that have seen what their history holds. */
export function rolloutContexts(): Context[] {
  return Array.from({ length: CONTEXTS }, (_, contextId): Context => {
    const history = Array.from({ length: HISTORY }, (_, i): ItemIndex => (contextId * 37 + i * 101) % ITEMS);
    return { contextId, user: contextId, history, seen: new Set(history) };
  });
}

/** Draws the slates again and again on the current device, beside its own matrix product. */
export async function rolloutsOn({ adapter, threads }: Device, repeats = 5): Promise<Figure> {
  const model = createModel({ slate: "autoregressive", ...MODEL }, ITEMS);
  const parameters = initialParameters(model.config, randomKey(1));
  const contexts = rolloutContexts();
  const options = { groupSize: GROUP, cutoff: CUTOFF, key: randomKey(2) };
  const peak = peakProducts();
  const ms = await medianMs({
    peak: peak.run,
    rollouts: () => rollOut(model.policy, parameters, contexts, options),
  }, { repeats, warmUps: 5 });
  peak.dispose();
  disposeTree(parameters);
  const gflops = rolloutFlops() / ms.rollouts / 1e6, boundGflops = peak.rate(ms.peak);
  return {
    ms: ms.rollouts,
    slatesPerSecond: 1000 * CONTEXTS * GROUP / ms.rollouts,
    gflops,
    boundGflops,
    ratio: gflops / boundGflops,
    bound: `${peak.name}, ${adapter}, ${threads} threads`,
  };
}

/** Each history once, then every pick but the last of every slate. */
export function rolloutFlops(): number {
  const { config } = createModel({ slate: "autoregressive", ...MODEL }, ITEMS);
  const length = HISTORY + 1, rows = CONTEXTS * GROUP;
  return forwardFlops(config, { tokens: CONTEXTS * length, keys: length, scored: CONTEXTS, items: ITEMS }) +
    (CUTOFF - 1) *
      forwardFlops(config, { tokens: rows, keys: length + CUTOFF / 2, scored: rows, items: ITEMS });
}
