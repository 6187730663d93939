import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Slates } from "../../src/core/slates.ts";
import { BUILTIN } from "../../src/reward/builtin.ts";
import {
  advance,
  createPopulationState,
  marginalRewards,
  type PopulationState,
} from "../../src/reward/marginal.ts";
import type { MetricBatch, PopulationMetric } from "../../src/reward/metric.ts";
import { parseMetricSpec } from "../../src/reward/metric_spec.ts";
import { isNotDefined } from "../../src/reward/not_defined.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { ITEMS, smallWorld } from "../contracts/world.ts";

const { contexts, signals } = smallWorld();
const WIDTH = 4;

const SPECS = [
  "coverage",
  "coverage@2?as=count",
  "gini",
  "gini@2?normalize=n-1",
  "entropy",
  "entropy@3?base=2",
  "div-ratio",
  "or-ratio@3",
  "mgu",
  "mgu@2?categories=a|b",
  "dgu",
  "calibration",
  "calibration@3?weights=log&alpha=0.1",
  "calibration?per=context",
  "exposure",
  "exposure@2?group=old&as=ratio",
  "pop-rsp@3",
  "pop-reo",
  "user-gap",
  "user-gap@3?metric=ild",
  "user-gap?metric=novelty",
];

/** A slate shown, when, to whom. */
interface Shown {
  readonly step: number;
  readonly row: readonly number[];
  readonly context: number;
}

Deno.test("every built-in metric of many slates is among those checked here", () => {
  const population = BUILTIN.filter(({ spec }) => spec.kind === "population").map(({ spec }) => spec.name);
  assertEquals(
    population.toSorted(),
    [...new Set(SPECS.map((spec) => parseMetricSpec(spec).name))].toSorted(),
  );
});

/** Distinct items, a gap or two, at times a short end. */
const slate = fc.tuple(
  fc.uniqueArray(fc.integer({ min: 0, max: ITEMS - 1 }), { minLength: WIDTH, maxLength: WIDTH }),
  fc.array(fc.integer({ min: 0, max: WIDTH - 1 }), { maxLength: 1 }),
).map(([row, gaps]) => row.map((item, place) => gaps.includes(place) ? -1 : item));
const shownTo = fc.record({ row: slate, context: fc.integer({ min: 0, max: contexts.length - 1 }) });
const steps = fc.array(fc.array(shownTo, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });

for (const spec of SPECS) {
  Deno.test(`${spec} rewards a slate by the value with it less the value without, both reckoned anew`, async () => {
    const loaded = await loadMetric(spec);
    const metric = loaded.metric as PopulationMetric;
    let compared = 0;
    fc.assert(
      fc.property(steps, fc.array(shownTo, { minLength: 1, maxLength: 5 }), (before, asked) => {
        let exposure: PopulationState = createPopulationState([{ metric: loaded, weight: 1 }], signals, {
          discount: 0.7,
        });
        for (const step of before) {
          exposure = advance(exposure, slatesOf(step), step.map(({ context }) => context));
        }
        const shown = before.flatMap((step, at) => step.map((one): Shown => ({ ...one, step: at })));
        const rewards = marginalRewards(loaded, batchOf(asked), signals, exposure);
        const without = anew(metric, shown, before.length);
        asked.forEach((one, row) => {
          const withIt = anew(metric, [...shown, { ...one, step: before.length - 1 }], before.length);
          const reward = rewards.values[row]!;
          if (typeof without === "number" && typeof withIt === "number") {
            compared++;
            assertAlmostEquals(reward, withIt - without, 1e-10, `row ${row}`);
          } else {
            assert(Number.isNaN(reward) && rewards.reasons.has(row), `row ${row} has a value`);
          }
        });
        // Asked again, answered the same: equal slates have equal rewards.
        const twice = marginalRewards(loaded, batchOf([...asked, ...asked]), signals, exposure).values;
        for (let row = 0; row < asked.length; row++) {
          assertAlmostEquals(twice[row + asked.length]!, twice[row]!, 1e-13, "a slate leaves a trace");
        }
      }),
      { numRuns: 60 },
    );
    assert(compared > 30, `only ${compared} rewards were compared`);
  });
}

/** The value of slates that each faded by 0.7 at every step since, from an empty state. */
function anew(metric: PopulationMetric, shown: readonly Shown[], stepCount: number): number | undefined {
  const state = metric.create(signals);
  for (const { step, row, context } of shown) {
    metric.add(state, row, 0.7 ** (stepCount - 1 - step), undefined, context);
  }
  const value = metric.value(state);
  return isNotDefined(value) ? undefined : value;
}

function slatesOf(shown: readonly { readonly row: readonly number[] }[]): Slates {
  return {
    groupSize: 1,
    cutoff: WIDTH,
    items: Int32Array.from(shown.flatMap(({ row }) => row)),
    behaviorLogProb: new Float64Array(shown.length),
  };
}

function batchOf(
  shown: readonly { readonly row: readonly number[]; readonly context: number }[],
): MetricBatch {
  return {
    items: Int32Array.from(shown.flatMap(({ row }) => row)),
    contextRow: Int32Array.from(shown, ({ context }) => context),
    contexts,
    cutoff: WIDTH,
  };
}
