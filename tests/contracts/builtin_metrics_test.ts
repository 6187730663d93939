import { assertEquals } from "@std/assert";
import type { Slate } from "../../src/reward/metric.ts";
import { BUILTIN } from "../../src/reward/builtin.ts";
import { formatMetricSpec, parseMetricSpec } from "../../src/reward/metric_spec.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { checkMetricContract } from "./metric_contract.ts";

interface Case {
  readonly spec: string;
  readonly better: readonly [Slate, Slate];
  readonly undefinedFor?: Slate;
}

const hit = { better: [[0, 2, 3, 5], [3, 5, 7, 1]], undefinedFor: [1, 2] } as const;
const varied = { better: [[0, 3, 5, 7], [0, 1, 2, 8]], undefinedFor: [1, 11] } as const;
/** The item without a category. */
const uncategorized = [11];

const CASES: readonly Case[] = [
  { spec: "recall@4", ...hit },
  { spec: "recall@4?threshold=2", ...hit },
  { spec: "recall?empty=zero", better: hit.better },
  { spec: "hit-rate@4", better: [[0, 1], [1, 3]], undefinedFor: [1] },
  { spec: "precision@4", ...hit },
  { spec: "precision", ...hit },
  { spec: "ndcg@4", ...hit },
  { spec: "ndcg@5?gain=exponential&ideal=full", ...hit },
  { spec: "ndcg?gain=binary", ...hit },
  { spec: "mrr@4", better: [[1, 0], [1, 3, 0]], undefinedFor: [1] },
  { spec: "map@4", ...hit },
  { spec: "map@4?divisor=min", ...hit },
  { spec: "map?divisor=k", ...hit },
  { spec: "ild@4", ...varied },
  { spec: "ild@4?distance=cosine", ...varied },
  { spec: "ild?distance=hamming", ...varied },
  { spec: "ild?distance=cosine&by=features", better: [[0, 1, 2], [3, 6, 9]], undefinedFor: [1, 11] },
  { spec: "ild?distance=hamming&by=embedding", better: [[1, 2], [1, 3]], undefinedFor: [1, 11] },
  { spec: "novelty@4", better: [[8, 9], [0, 1]], undefinedFor: [-1, -1] },
  { spec: "novelty?kind=inverse-user-frequency", better: [[8, 9], [0, 1]], undefinedFor: [-1] },
  { spec: "popularity@4", better: [[8, 9], [0, 1]], undefinedFor: [-1] },
  { spec: "popularity?as=share", better: [[8, 9], [0, 1]], undefinedFor: [-1] },
  { spec: "coverage@4", better: [[0, 1, 2], [0, 0, 1]] },
  { spec: "coverage?as=count", better: [[0, 1, 2], [0, 0, 1]] },
  { spec: "r-precision@4", ...hit },
  { spec: "r-precision", better: hit.better, undefinedFor: [1] },
  { spec: "f-beta@4", ...hit },
  { spec: "f-beta@4?beta=2&empty=zero", better: hit.better },
  { spec: "dcg@4", ...hit },
  { spec: "dcg?gain=exponential&threshold=2", ...hit },
  { spec: "serendipity@4", better: [[9, 8], [0, 3]], undefinedFor: [1] },
  { spec: "epc@4", better: [[9, 8], [0, 3]], undefinedFor: [1] },
  { spec: "efd@4", better: [[9, 8], [0, 3]], undefinedFor: [1] },
  { spec: "efd?threshold=2", better: [[9, 6], [0, 3]], undefinedFor: [1] },
  { spec: "long-tail@4", better: [[9, 8], [0, 1]], undefinedFor: [-1] },
  { spec: "long-tail?tail-max-count=5", better: [[9, 8], [0, 1]], undefinedFor: [-1] },
  { spec: "long-tail?head-interactions=0.5", better: [[9, 8], [0, 1]], undefinedFor: [-1] },
  { spec: "gini@4", better: [[1, 2, 3], [0, 0, 5]], undefinedFor: [-1] },
  { spec: "gini?normalize=n-1", better: [[1, 2, 3], [0, 0, 5]], undefinedFor: [-1] },
  { spec: "entropy@4", better: [[1, 2, 3], [0, 0, 5]], undefinedFor: [-1] },
  { spec: "entropy?base=2", better: [[1, 2, 3], [0, 0, 5]], undefinedFor: [-1] },
  { spec: "div-ratio@4", better: [[1, 2, 3], [0, 0, 5]], undefinedFor: [-1] },
  { spec: "or-ratio@4", better: [[1, 2, 3], [0, 0, 5]], undefinedFor: [-1] },
  { spec: "calibration@4", better: [[0, 1, 3], [6, 7]], undefinedFor: uncategorized },
  {
    spec: "calibration?weights=log&categories=a|b|c",
    better: [[0, 1, 3], [6, 7]],
    undefinedFor: uncategorized,
  },
  { spec: "calibration@4?per=context&alpha=0.1", better: [[0, 2], [6, 7]], undefinedFor: uncategorized },
  { spec: "dgu@4", better: [[0, 1, 3], [6, 7]], undefinedFor: uncategorized },
  { spec: "dgu?categories=a|b", better: [[0, 1, 3], [3, 4]], undefinedFor: uncategorized },
  { spec: "exposure@4", better: [[6, 1], [1, 6]], undefinedFor: uncategorized },
  { spec: "exposure?group=old", better: [[1, 6], [6, 1]], undefinedFor: uncategorized },
  { spec: "exposure?group=old&as=ratio", better: [[1, 6], [6, 1]], undefinedFor: uncategorized },
  // The head are items 0 to 4, of which the context knows 0, 1 and 2.
  { spec: "pop-rsp@4", better: [[3, 8, 9], [0, 1, 2]], undefinedFor: [-1] },
  // Found beside 2 of 4 of the tail: 1 of 2 of the head and a third of the tail, or 2 of 2 (both known) and no more.
  { spec: "pop-reo@4", better: [[4, 8], [0, 2]], undefinedFor: [1] },
  { spec: "user-gap@4", better: [[8, 9], [1, 3]], undefinedFor: [0] },
  { spec: "user-gap@4?metric=ild&group=group", better: [[0, 6, 7], [0, 1]], undefinedFor: [0] },
  { spec: "user-gap@4?metric=popularity", better: [[1, 7], [0, 1]], undefinedFor: [0] },
  // Training is half a, a quarter b: [0, 1, 3] is nearer to it than [6, 7].
  { spec: "mgu@4", better: [[0, 1, 3], [6, 7]], undefinedFor: uncategorized },
  { spec: "mgu?categories=a|b", better: [[0, 1, 3], [3, 4]], undefinedFor: uncategorized },
  // The user's own history is of a and b.
  { spec: "mgu-list@4", better: [[0, 2, 3], [6, 7]], undefinedFor: uncategorized },
  { spec: "mgu-list?categories=a|b", better: [[0, 2, 3], [3, 4]], undefinedFor: uncategorized },
];

for (const { spec, ...expectations } of CASES) {
  Deno.test(`${spec} holds the contract of metric plugins`, async () => {
    const registry = await createRegistry();
    const at = (cutoff: number) => registry.load(formatMetricSpec({ ...parseMetricSpec(spec), cutoff }));
    await checkMetricContract(await registry.load(spec), { ...expectations, at });
  });
}

Deno.test("the contract is checked for every built-in metric", () => {
  const checked = new Set(CASES.map(({ spec }) => parseMetricSpec(spec).name));
  assertEquals(BUILTIN.map(({ spec }) => spec.name).filter((name) => !checked.has(name)), []);
});
