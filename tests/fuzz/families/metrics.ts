import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatMetricSpec, isModule, parseMetricSpec } from "../../../src/reward/metric_spec.ts";
import { resolveOptions } from "../../../src/reward/options.ts";
import { createRegistry, type MetricRegistry } from "../../../src/reward/registry.ts";
import { type Family, textOf } from "../family.ts";
import { spoiled } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const SPECS = [
  "ndcg@10",
  "ndcg@10?gain=binary",
  "mgu?categories=Action|Sci%2DFi",
  "calibration@5?alpha=0.1&x=2",
  "coverage@10",
  "f-beta@3?beta=0.5",
  "npm:@someone/metric@1.2.3@10?a=b",
  "./mine.ts@5",
];

const DECLARED = {
  threshold: 0,
  word: "a",
  flag: false,
  words: [] as readonly string[],
  gain: { choices: ["linear", "binary"] as const },
  share: { standard: 0.1, least: 0, greatest: 1 },
  free: undefined,
};

/** The built-in metrics alone: a module of the input's choosing would be another's code. */
let registry: Promise<MetricRegistry> | undefined;

/** Metric specs and options. */
export const METRIC_FAMILIES: readonly Family[] = [
  {
    name: "metric-spec",
    inputs: fc.record({ spec: spoiled(...SPECS) }),
    async run({ spec }) {
      const text = textOf(spec);
      const name = parseMetricSpec(text);
      assertEquals(parseMetricSpec(formatMetricSpec(name)), name);
      if (isModule(name.name)) return;
      registry ??= createRegistry();
      await (await registry).load(text);
    },
  },
  {
    name: "metric-options",
    inputs: fc.record({
      options: spoiledJson({
        threshold: 1,
        word: "b",
        flag: true,
        words: ["x"],
        gain: "binary",
        share: 1,
        free: "c",
      }),
    }),
    run({ options }) {
      let given: unknown = {};
      try {
        given = JSON.parse(textOf(options));
      } catch {
        // Options come as values: their text is another's.
      }
      resolveOptions("ndcg", DECLARED, Object(given));
    },
  },
];
