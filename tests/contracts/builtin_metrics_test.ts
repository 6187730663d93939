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
