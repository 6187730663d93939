import type { Context } from "../src/core/context.ts";
import type { CategoryTable, Signals } from "../src/core/signals.ts";
import { randomKey } from "../src/numerics/random.ts";
import type { ListMetric, MetricBatch } from "../src/reward/metric.ts";
import { loadMetric } from "../src/reward/registry.ts";
import { scoreList } from "../src/reward/score_list.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";

/** Like a step of training on MovieLens: slates of 10, four for each context, 18 categories. */
const [CONTEXTS, GROUP, CUTOFF, ITEMS, CATEGORIES, HISTORY] = [4096, 4, 10, 4000, 18, 50];
const LISTS = CONTEXTS * GROUP;

/** Lists that the metrics which training asks most often judge in a second, against only reading their items. */
export const metrics: Bench = async () => {
  const { batch, signals } = world();
  const specs = ["ndcg@10", "ild@10", "mgu-list@10", "recall@10", "novelty@10"];
  const loaded = await Promise.all(specs.map((spec) => loadMetric(spec)));
  const jobs = loaded.map(({ spec, metric }) =>
    [spec, () => Promise.resolve(scoreList(spec, metric as ListMetric, batch, signals))] as const
  );
  const pass = "reading";
  const ms = await medianMs(
    { ...Object.fromEntries(jobs), [pass]: () => Promise.resolve(readItems(batch)) } as Record<
      string,
      () => Promise<unknown>
    >,
    { repeats: 31, warmUps: 8 },
  );
  return Object.fromEntries(specs.map((spec): [string, Figure] => [`metrics/${spec}`, {
    ms: ms[spec]!,
    ratio: ms[pass]! / ms[spec]!,
    bound: "one pass over the items of the batch",
    listsPerSecond: 1000 * LISTS / ms[spec]!,
  }]));
};

function readItems({ items }: MetricBatch): number {
  let sum = 0;
  for (let at = 0; at < items.length; at++) sum += items[at]!;
  return sum;
}

function world(): { batch: MetricBatch; signals: Signals } {
  const key = randomKey(1);
  const draw = (name: string, length: number, below: number) => {
    const own = key.split(name);
    return Int32Array.from({ length }, (_, i) => Math.floor(own.uniform(i) * below));
  };
  const items = draw("slates", LISTS * CUTOFF, ITEMS);
  const relevant = draw("relevant", CONTEXTS, ITEMS);
  const past = draw("history", CONTEXTS * HISTORY, ITEMS);
  const drawn = draw("categories", ITEMS * 3, CATEGORIES);
  const categoriesOf = Array.from(
    { length: ITEMS },
    (_, item) => [...new Set(drawn.subarray(3 * item, 3 * item + 3))],
  );
  const categories: CategoryTable = {
    names: Array.from({ length: CATEGORIES }, (_, category) => `c${category}`),
    of: (item) => categoriesOf[item] ?? [],
  };
  // Every other context finds its held-out item in its lists.
  for (let context = 0; context < CONTEXTS; context += 2) {
    items[context * GROUP * CUTOFF + context % CUTOFF] = relevant[context]!;
  }
  const histories = Array.from(
    { length: CONTEXTS },
    (_, c) => [...past.subarray(c * HISTORY, (c + 1) * HISTORY)],
  );
  const counts = Float64Array.from({ length: ITEMS }, (_, item) => ITEMS - item);
  const gains = Array.from(relevant, (item) => new Map([[item, 1]]));
  const contexts = histories.map((history, contextId): Context => ({
    contextId,
    user: contextId,
    history,
    seen: new Set(),
  }));
  const none = { dimensions: 0, of: () => undefined };
  return {
    batch: {
      items,
      contextRow: Int32Array.from({ length: LISTS }, (_, row) => Math.floor(row / GROUP)),
      contexts,
      cutoff: CUTOFF,
    },
    signals: {
      relevance: { of: (contextId) => gains[contextId]! },
      popularity: {
        counts,
        users: counts,
        totalInteractions: counts.reduce((sum, count) => sum + count, 0),
        totalUsers: ITEMS,
        order: Array.from({ length: ITEMS }, (_, item) => item),
      },
      categories,
      features: none,
      embedding: none,
      history: { of: (contextId) => histories[contextId]! },
      userGroups: new Map(),
      itemGroups: { names: [], of: () => undefined },
      catalogSize: ITEMS,
    },
  };
}
