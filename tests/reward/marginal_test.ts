import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { defineMetric, notDefined } from "blade";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import type { Slates } from "../../src/core/slates.ts";
import {
  advance,
  createPopulationState,
  marginalRewards,
  type PopulationState,
  populationValue,
} from "../../src/reward/marginal.ts";
import type { RewardTerm } from "../../src/reward/combine.ts";
import type { PopulationMetric } from "../../src/reward/metric.ts";
import { PluginFault } from "../../src/reward/fault.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { scoreRollouts } from "../../src/reward/score_rollouts.ts";
import { exposureFrom, exposureTensors } from "../../src/train/exposure.ts";
import { smallWorld } from "../contracts/world.ts";

const { contexts, signals } = smallWorld();

function slatesOf(...rows: readonly (readonly number[])[]): Slates {
  return {
    groupSize: 1,
    cutoff: rows[0]!.length,
    items: Int32Array.from(rows.flat()),
    behaviorLogProb: new Float64Array(rows.length),
  };
}

/** One step in which each slate is shown to the next context. */
function shown(before: PopulationState, slates: Slates): PopulationState {
  const rows = slates.items.length / slates.cutoff;
  return advance(before, slates, Array.from({ length: rows }, (_, row) => row % contexts.length));
}

async function termsOf(...specs: readonly string[]) {
  return await Promise.all(specs.map(async (spec) => ({ metric: await loadMetric(spec), weight: 1 })));
}

Deno.test("a population reward is the value with the slate less the value without it", async () => {
  const terms = await termsOf("coverage");
  const before = shown(createPopulationState(terms, signals, { discount: 1 }), slatesOf([0, 1], [0, 2]));
  // 3 of 12 items are shown; the slates add 0, 1 and 2 items.
  const { reward } = await scoreRollouts(
    slatesOf([0, 1], [2, 3], [4, 5]),
    contexts.slice(0, 3),
    terms,
    signals,
    before,
  );
  assertEquals([...reward], [0, 0.0833333333333, 0.166666666667]);
});

Deno.test("mgu's reward is turned round: what brings the shares nearer to the histories is worth more", async () => {
  const terms = await termsOf("mgu?categories=a|b");
  const before = shown(createPopulationState(terms, signals, { discount: 1 }), slatesOf([3, 4], [3, 3]));
  const { values, reward } = await scoreRollouts(
    slatesOf([0, 1], [3, 4]),
    contexts.slice(0, 2),
    terms,
    signals,
    before,
  );
  // Histories: a 40+30+10+2 = 82, b 10+10+8+1 = 29 (item 2 in halves); items 8 and 9 count for their known category.
  const a = 82 / 111;
  assertAlmostEquals(values[0]![0]!, Math.abs(2 / 6 - a) - a, 1e-12);
  assertEquals(values[0]![1], 0);
  assertAlmostEquals(reward[0]!, a - Math.abs(2 / 6 - a), 1e-11);
});

Deno.test("slates of one batch do not see each other", async () => {
  const terms = await termsOf("coverage");
  const empty = createPopulationState(terms, signals, { discount: 0.9 });
  const { reward } = await scoreRollouts(
    slatesOf([5, 6], [5, 6]),
    contexts.slice(0, 2),
    terms,
    signals,
    empty,
  );
  assertEquals(reward[0], reward[1]);
});

Deno.test("the state survives a checkpoint: the same rewards after JSON", async () => {
  const terms = await termsOf("mgu@2", "coverage@1");
  let state = createPopulationState(terms, signals, { discount: 0.7 });
  for (const first of [0, 3, 6]) state = shown(state, slatesOf([first, first + 1, first + 2]));
  const slates = slatesOf([5, 2, 1]);
  assertEquals(
    await scoreRollouts(slates, contexts.slice(0, 1), terms, signals, JSON.parse(JSON.stringify(state))),
    await scoreRollouts(slates, contexts.slice(0, 1), terms, signals, state),
  );
});

Deno.test("an item that faded is a new one again", async () => {
  const terms = await termsOf("coverage?as=count");
  const once = shown(createPopulationState(terms, signals, { discount: 0.5 }), slatesOf([4]));
  const rewardAfter = async (steps: number) => {
    let state = once;
    for (let step = 0; step < steps; step++) state = shown(state, slatesOf([0]));
    return (await scoreRollouts(slatesOf([4]), contexts.slice(0, 1), terms, signals, state)).reward[0];
  };
  // 0.5⁶ = 0.016 is above the floor of 0.01 slates, 0.5⁷ below.
  assertEquals([await rewardAfter(6), await rewardAfter(7)], [0, 1]);
});

Deno.test("the rewards of slates shown one after another add up to the value of all", async () => {
  const coverage = await loadMetric("coverage");
  const mgu = await loadMetric("mgu");
  const slate = fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(slate, { minLength: 2, maxLength: 6 }), async (rows) => {
      for (const metric of [coverage, mgu]) {
        const terms = [{ metric, weight: 1 }];
        let state = shown(createPopulationState(terms, signals, { discount: 1 }), slatesOf([0, 3, 5]));
        let sum = populationValue(metric, batchOf([[0, 3, 5]]), signals) as number;
        for (const row of rows) {
          const { values } = await scoreRollouts(slatesOf(row), contexts.slice(0, 1), terms, signals, state);
          sum += values[0]![0]!;
          state = shown(state, slatesOf(row));
        }
        const whole = populationValue(metric, batchOf([[0, 3, 5], ...rows]), signals) as number;
        assertAlmostEquals(sum, whole, 1e-9, metric.spec);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("no exposure is kept where no term reads it", async () => {
  const state = createPopulationState(await termsOf("recall@2"), signals, { discount: 0.9 });
  assertEquals(shown(state, slatesOf([1, 2])), state);
});

Deno.test("a metric of many slates without a state, or with another catalog's, is refused", async () => {
  const terms = await termsOf("coverage");
  const score = (state?: ReturnType<typeof createPopulationState>) => () =>
    scoreRollouts(slatesOf([1, 2]), contexts.slice(0, 1), terms, signals, state);
  await assertRejects(score(), BladeError, "coverage");
  await assertRejects(
    score(createPopulationState(terms, { catalogSize: 5 }, { discount: 1 })),
    BladeError,
    "12 items",
  );
});

function batchOf(rows: readonly (readonly number[])[]) {
  return {
    items: Int32Array.from(rows.flat()),
    contextRow: new Int32Array(rows.length),
    contexts: contexts.slice(0, 1),
    cutoff: 3,
  };
}

Deno.test("a metric that goes by context sees each slate with its own", async () => {
  // How far the histories of those who were shown item 0 are apart: nothing but the context tells.
  const factory = defineMetric({
    name: "long-histories",
    summary: "Weight of the slates shown to people with a long history.",
    kind: "population",
    range: [0, Infinity],
    direction: "maximize",
    needs: ["history"],
    create: ({ history }) => ({ history, sum: 0, slates: 0 }),
    add(state, slate, weight, _ranks, contextId) {
      state.slates += weight;
      state.sum += weight * state.history.of(contextId).length * slate.length;
    },
    remove(state, slate, weight, _ranks, contextId) {
      state.slates -= weight;
      state.sum -= weight * state.history.of(contextId).length * slate.length;
    },
    value: ({ sum }) => sum,
  });
  const metric = { spec: "long-histories", metric: factory(), source: { specifier: "test" } };
  const terms = [{ metric, weight: 1 }];
  const lengths = contexts.map(({ contextId }) => signals.history.of(contextId).length);
  let state = createPopulationState(terms, signals, { discount: 0.5 });
  state = shown(state, slatesOf([0, 1], [2, 3], [4, 5]));
  state = shown(state, slatesOf([6, 7]));
  assertEquals(state.shown?.contextIds, [0, 1, 2, 0]);
  assertEquals(state.shown?.weights, [0.5, 0.5, 0.5, 1]);
  const { values } = await scoreRollouts(
    slatesOf([8, 9], [8, 9]),
    contexts.slice(1, 3),
    terms,
    signals,
    state,
  );
  assertEquals([...values[0]!], [2 * lengths[1]!, 2 * lengths[2]!]);
  // As much as a checkpoint keeps.
  const empty = createPopulationState(terms, signals, { discount: 0.5 });
  const kept = exposureFrom(exposureTensors(state), empty, "align.safetensors");
  assertEquals(kept, state);
});

Deno.test("what was shown fades by a factor above 0 and at most 1", () => {
  for (const discount of [0, -0.5, 1.1, NaN]) {
    const { refusal } = assertThrows(() => createPopulationState([], signals, { discount }), BladeError);
    assertEquals([refusal.place, refusal.value], [
      "discount of what the population metrics remember",
      discount,
    ]);
  }
  assertEquals(createPopulationState([], signals, { discount: 1 }).discount, 1);
});

Deno.test("slates are kept by context where any term goes by it, and before anything was shown there are none", async () => {
  const [coverage, calibration] = await termsOf("coverage", "calibration?per=context") as [
    RewardTerm,
    RewardTerm,
  ];
  const state = (...terms: RewardTerm[]) => createPopulationState(terms, signals, { discount: 0.5 });
  const empty = { discount: 0.5, catalogSize: 12, tracked: true, items: [], places: [], weights: [] };
  assertEquals(state(coverage), { ...empty, shown: null });
  assertEquals(state(coverage, calibration), {
    ...empty,
    shown: { cutoff: 0, contextIds: [], items: [], weights: [] },
  });
});

Deno.test("an exposure keeps every place of the widest slates, and forgets what faded below a hundredth", async () => {
  const terms = await termsOf("calibration?per=context");
  const of = (groupSize: number, cutoff: number, ...items: number[]) => ({
    groupSize,
    cutoff,
    items: Int32Array.from(items),
    behaviorLogProb: new Float64Array(items.length / cutoff),
  });
  let state = createPopulationState(terms, signals, { discount: 0.5 });
  state = advance(state, of(1, 3, 1, 2, 3), [2]);
  state = advance(state, of(2, 2, 1, 2, 3, -1), [1]);
  assertEquals(state.items, [1, 2, 3, 3]);
  assertEquals(state.places, [0, 1, 2, 0]);
  assertEquals(state.weights, [1.5, 1.5, 0.5, 1]);
  assertEquals(state.shown, {
    cutoff: 3,
    contextIds: [2, 1, 1],
    items: [1, 2, 3, 1, 2, -1, 3, -1, -1],
    weights: [0.5, 1, 1],
  });
  const faded = advance({ ...state, discount: 0.01 }, of(1, 2, 5, 6), [0]);
  assertEquals([faded.items, faded.weights], [[1, 2, 3, 5, 6], [0.015, 0.015, 0.01, 1, 1]]);
  assertEquals(faded.shown!.contextIds, [1, 1, 0]);
  assertEquals(faded.shown!.weights, [0.01, 0.01, 1]);
});

/** A metric of many slates that does as told with the sum of the items shown. */
function sumMetric(value: (sum: number) => unknown, name = "sum", fails = false) {
  const factory = defineMetric({
    name,
    summary: "Whatever the test says.",
    kind: "population",
    range: [-Infinity, Infinity],
    direction: "maximize",
    needs: [],
    create: () => ({ sum: 0 }),
    add(state, slate, weight) {
      if (fails) throw "not today";
      state.sum += weight * slate.reduce((sum, item) => sum + item, 0);
    },
    remove: (state, slate, weight) => void (state.sum -= weight * slate.reduce((sum, item) => sum + item, 0)),
    value: ({ sum }) => value(sum) as number,
  });
  return { spec: `${name}@3`, metric: factory(), source: { specifier: "test" } };
}

Deno.test("a slate whose metric has no value with it, or without it, has a reason and no reward", () => {
  const state = createPopulationState([], signals, { discount: 1 });
  const odd = sumMetric((sum) => sum % 2 === 1 ? notDefined("odd") : sum);
  const { values, reasons } = marginalRewards(odd, batchOf([[0, 1, 3], [0, 1, 2]]), signals, state);
  assertEquals([values, [...reasons]], [Float64Array.of(4, NaN), [[1, "odd"]]]);
  const nothing = sumMetric((sum) => sum === 0 ? notDefined("nothing") : sum);
  const without = marginalRewards(nothing, batchOf([[0, 1, 3]]), signals, state);
  assertEquals([without.values, [...without.reasons]], [Float64Array.of(NaN), [[
    0,
    "without the slate: nothing",
  ]]]);
  assertEquals(populationValue(nothing, batchOf([[0, 0, 0]]), signals), { notDefined: "nothing" });
  assertEquals(populationValue(nothing, batchOf([[0, 1, 3], [2, 0, 0]]), signals), 6);
});

Deno.test("a metric of many slates that gives no number, or throws, is blamed", () => {
  const mend = "correct the plugin, and return notDefined(reason) where it has no value";
  const rule = "must give a finite number or notDefined(reason)";
  for (
    const [bad, value] of [[NaN, "NaN"], [Infinity, "Infinity"], ["3", "3"], [{ a: 1 }, { a: 1 }]] as const
  ) {
    const call = () => populationValue(sumMetric(() => bad), batchOf([[0, 1, 2]]), signals);
    assertEquals(assertThrows(call, PluginFault).refusal, { place: "metric sum@3", rule, value, mend });
  }
  const place = "metric sum@3: 2 slates together";
  const refusalOf = (metric: ReturnType<typeof sumMetric>) =>
    assertThrows(() => populationValue(metric, batchOf([[0, 1, 2], [3, 4, 5]]), signals), PluginFault)
      .refusal;
  assertEquals(refusalOf(sumMetric(() => 1, "sum", true)), {
    place,
    rule: "must not throw",
    value: "not today",
    mend,
  });
  const throwing = sumMetric(() => {
    throw new RangeError("beyond");
  });
  assertEquals(refusalOf(throwing), { place, rule: "must not throw", value: "RangeError: beyond", mend });
});

Deno.test("a metric that goes by context is judged beside nothing where no slates were kept", async () => {
  const [{ metric }] = await termsOf("calibration?per=context") as [RewardTerm];
  const state = createPopulationState([], signals, { discount: 1 });
  const kept = createPopulationState([{ metric, weight: 1 }], signals, { discount: 1 });
  const batch = batchOf([[0, 1, 2], [3, 4, 5]]);
  assertEquals(marginalRewards(metric, batch, signals, state), marginalRewards(metric, batch, signals, kept));
});

Deno.test("a value of many slates is of each slate once, and of nothing else", () => {
  const { metric } = sumMetric((sum) => sum);
  const shown: unknown[] = [];
  const watched = {
    ...metric as PopulationMetric,
    add: (_: unknown, ...rest: unknown[]) => void shown.push(rest),
  };
  populationValue(
    { spec: "m", metric: watched, source: { specifier: "test" } },
    batchOf([[0, 1, 2], [3, 4, -1]]),
    signals,
  );
  assertEquals(shown, [[[0, 1, 2], 1, [1, 2, 3], 0], [[3, 4], 1, [1, 2], 0]]);
});
