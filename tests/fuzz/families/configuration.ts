import fc from "fast-check";
import { checkConfig, loadConfig } from "../../../src/config/parse.ts";
import { planExperiment } from "../../../src/experiment/plan.ts";
import { type Family, textOf, writeParts } from "../family.ts";
import { asBytes, spoiled } from "../spoiled_text.ts";
import { spoiledJson, spoiledValue } from "../spoiled_value.ts";

/** A configuration that sets much of what there is. */
const CONFIG = {
  name: "fuzzed",
  seed: 3,
  device: "cpu",
  threads: 2,
  data: {
    folder: "data",
    reader: "table",
    interactions: "a.csv",
    columns: { user: "u", item: "i" },
    kCore: 2,
  },
  model: { layers: 1, width: 16, heads: 2, hidden: 32, codec: "item", slate: "plackett-luce" },
  sft: { epochs: 2, batchSize: 8 },
  reward: {
    terms: [{ metric: "ndcg@10", weight: 0.7 }, { metric: "ild@10" }],
    combine: "sum",
    constraints: [{ metric: "coverage@10", atLeast: 0.1 }],
    isolate: "remote",
  },
  target: { kind: "bayesian", n: 4, priorSlates: 8 },
  align: { method: "blade", cutoff: 5, groupSize: 4, epochs: 2 },
  evaluate: { metrics: ["ndcg@10"], systems: ["reference", "best-of-8", "aligned"], resamples: 100 },
  plugins: ["./mine.ts"],
  checkpoint: {},
};

const COMMENTED = `\ufeff// a run
{ /* seeds */ "seed": 2, "align": { "cutoff": 5, }, "reward": { "terms": [{ "metric": "ndcg@10" },], }, }`;

const EXPERIMENT = {
  name: "two",
  base: { model: { layers: 1 }, align: { epochs: 1 } },
  set: { "align.cutoff": 5 },
  data: [{ name: "toy", set: { "data.kCore": 2 } }],
  seeds: [1, 2],
  arms: [{ name: "blade", set: {} }, { name: "sft", set: { "align.method": "sft" } }],
  grid: { "align.groupSize": [2, 4] },
  random: { trials: 2, seed: 1, "sft.epochs": { min: 1, max: 3, whole: true }, "target.n": [2, 4] },
  halving: { rungs: [1, 2], keep: 0.5, metric: "reward" },
  baseline: "sft",
  metrics: ["ndcg@10"],
  parallel: 1,
};

const OVERRIDES = [
  "align.cutoff=5",
  "reward.terms.0.weight=1",
  "device=cpu",
  'evaluate.metrics=["ndcg@5"]',
  "data.columns.user=u",
  "model.pretrained=hf:a/b",
];

/** Configurations, experiments and `--set`. */
export const CONFIGURATION_FAMILIES: readonly Family[] = [
  {
    name: "configuration",
    inputs: fc.record({
      "run.jsonc": asBytes(fc.oneof(spoiledJson(CONFIG), spoiled(COMMENTED, JSON.stringify(CONFIG)))),
    }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await loadConfig(`${folder}/run.jsonc`);
    },
  },
  {
    name: "configuration-value",
    inputs: fc.record({ value: spoiledValue(CONFIG, {}).map((value) => JSON.stringify(value) ?? "null") }),
    run: ({ value }) => checkConfig(JSON.parse(textOf(value))),
  },
  {
    name: "set",
    inputs: fc.record({
      set: spoiled(...OVERRIDES),
      value: spoiledJson({ align: { cutoff: 5 }, plugins: [] }),
    }),
    run({ set, value }) {
      let document: unknown = {};
      try {
        document = JSON.parse(textOf(value));
      } catch {
        // The file is another family's.
      }
      checkConfig(document, { set: [textOf(set)] });
    },
  },
  {
    name: "experiment",
    inputs: fc.record({ text: fc.oneof(spoiledJson(EXPERIMENT), spoiled(JSON.stringify(EXPERIMENT))) }),
    run: ({ text }) => planExperiment(textOf(text), "runs/two.jsonc", []),
  },
];
