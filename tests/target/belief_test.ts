import { assert, assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { randomKey } from "../../src/numerics/random.ts";
import {
  type Belief,
  type BeliefSettings,
  createBelief,
  deserializeBelief,
  type ScoredSlates,
  serializeBelief,
  setPrior,
  updateBatch,
  weighBatch,
} from "../../src/target/belief.ts";
import { createEvidence, updateEvidence } from "../../src/target/evidence.ts";
import { bayesianWeighing } from "../../src/target/weigh_group.ts";
import { weighQuantiles } from "../../src/target/weigh_quantiles.ts";
import { weighSums } from "../../src/target/weigh_sums.ts";
import { weighRollouts } from "../../src/target/weigh_rollouts.ts";

const SETTINGS: BeliefSettings = {
  kind: "bayesian",
  n: 4,
  priorStrength: 6,
  discount: 0.9,
  pooling: 0,
  maxAtoms: 128,
  columns: 1,
};

/** A batch of rewards; null where a slate has none. */
function batch(...rewards: (number | null)[]): ScoredSlates {
  return {
    values: [Float64Array.from(rewards, (reward) => reward ?? NaN)],
    defined: Uint8Array.from(rewards, (reward) => reward === null ? 0 : 1),
  };
}

function withPrior(settings: Partial<BeliefSettings>, ...priors: number[][]): Belief {
  const belief = createBelief({ ...SETTINGS, ...settings, contexts: priors.length });
  const ids = priors.map((_, id) => id);
  return setPrior(belief, ids, batch(...priors.flat()), priors[0]!.length);
}

Deno.test("A belief weighs and learns as the evidence of each context alone does", () => {
  const priors = [[0, 1, 2], [5, 5, 7]];
  const rewards = batch(1, 3, 7, 6);
  const belief = withPrior({}, ...priors);
  const weights = weighBatch(belief, [0, 1], rewards, { groupSize: 2 });
  const after = updateBatch(belief, [0, 1], rewards, { groupSize: 2 });
  priors.forEach((prior, id) => {
    const evidence = createEvidence({ prior, priorStrength: 6 });
    const group = rewards.values[0]!.slice(2 * id, 2 * id + 2);
    const alone = weighRollouts(evidence, group, { n: 4 });
    assertEquals(weights.logDensityRatio.slice(2 * id, 2 * id + 2), alone.logDensityRatio);
    assertEquals(weights.baseline.slice(2 * id, 2 * id + 2), alone.groupBaseline);
    assertEquals(after.evidence[id]!.atoms, updateEvidence(evidence, group, { discount: 0.9 }).atoms);
  });
});

Deno.test("A batch of eight contexts gives what eight batches of one give", () => {
  const key = randomKey(3);
  const priors = Array.from({ length: 8 }, (_, b) => [0, 1, 2, 3].map((m) => key.split(b).uniform(m)));
  const belief = withPrior({}, ...priors);
  const rewards = batch(...Array.from({ length: 24 }, (_, row) => key.split("rollouts").uniform(row)));
  const ids = [3, 0, 7, 1, 2, 6, 5, 4];
  const together = weighBatch(belief, ids, rewards, { groupSize: 3 });
  const after = updateBatch(belief, ids, rewards, { groupSize: 3 });
  let afterEach = belief;
  ids.forEach((id, b) => {
    const one = batch(...rewards.values[0]!.slice(3 * b, 3 * b + 3));
    const alone = weighBatch(belief, [id], one, { groupSize: 3 });
    assertEquals(together.logDensityRatio.slice(3 * b, 3 * b + 3), alone.logDensityRatio);
    afterEach = updateBatch(afterEach, [id], one, { groupSize: 3 });
  });
  assertEquals(serializeBelief(afterEach), serializeBelief(after));
});

Deno.test("A slate without a reward counts for nobody and gets no weight", () => {
  const belief = withPrior({}, [0, 1]);
  const withGap = weighBatch(belief, [0], batch(2, null, 0.5), { groupSize: 3 });
  const without = weighBatch(belief, [0], batch(2, 0.5), { groupSize: 2 });
  assertEquals([...withGap.logDensityRatio], [without.logDensityRatio[0]!, NaN, without.logDensityRatio[1]!]);
  assertEquals([...withGap.baseline], [without.baseline[0]!, NaN, without.baseline[1]!]);
  assertEquals(withGap.gauges, without.gauges);
  const after = updateBatch(belief, [0], batch(2, null, 0.5), { groupSize: 3 });
  assertEquals(
    after.evidence[0]!.atoms,
    updateBatch(belief, [0], batch(2, 0.5), { groupSize: 2 }).evidence[0]!.atoms,
  );
});

Deno.test("A prior slate without a reward leaves its share to the others", () => {
  const empty = createBelief({ ...SETTINGS, contexts: 1 });
  const belief = setPrior(empty, [0], batch(1, null, 3), 3);
  assertEquals(belief.evidence[0]!.atoms, [[1, 3], [3, 3]]);
});

Deno.test("A context whose slates all lack a reward is passed over: no weights, no visit, no gauge", () => {
  const belief = withPrior({}, [0, 1], [0, 1]);
  const rewards = batch(null, null, 2, 3);
  const { logDensityRatio, gauges } = weighBatch(belief, [0, 1], rewards, { groupSize: 2 });
  assert(logDensityRatio.slice(0, 2).every(Number.isNaN));
  assertEquals(gauges, weighBatch(belief, [1], batch(2, 3), { groupSize: 2 }).gauges);
  assertEquals(gauges.evidenceWeight, 6);
  assertStrictEquals(updateBatch(belief, [0, 1], rewards, { groupSize: 2 }).evidence[0], belief.evidence[0]);
});

Deno.test("The belief that was given stays as it was", () => {
  const belief = withPrior({ pooling: 2 }, [0, 1]);
  const before = structuredClone(serializeBelief(belief));
  updateBatch(belief, [0], batch(4, 5), { groupSize: 2 });
  assertEquals(serializeBelief(belief), before);
});

Deno.test("A static belief weighs by the reference's share and never learns", () => {
  const belief = withPrior({ kind: "static", n: 5 }, [1, 2, 2, 3]);
  const rewards = batch(2, 9, 10);
  const { logDensityRatio, baseline, gauges } = weighBatch(belief, [0], rewards, { groupSize: 3 });
  const [tie, above] = [Math.log(5) + 4 * Math.log(1 / 2), Math.log(5)];
  assertAlmostEquals(logDensityRatio[0]!, tie, 1e-14);
  assertEquals([...logDensityRatio.slice(1)], [above, above]);
  assertAlmostEquals(baseline[0]!, above, 1e-14);
  assertAlmostEquals(baseline[1]!, (tie + above) / 2, 1e-14);
  assertEquals(gauges.priorShare, 1);
  assertStrictEquals(updateBatch(belief, [0], rewards, { groupSize: 3 }), belief);
});

Deno.test("A static share counts every reference slate, however few atoms a Bayesian belief would keep", () => {
  const belief = withPrior({ kind: "static", n: 3, maxAtoms: 2 }, [1, 2, 3, 4]);
  const { logDensityRatio } = weighBatch(belief, [0], batch(3.5), { groupSize: 1 });
  assertAlmostEquals(logDensityRatio[0]!, Math.log(3) + 2 * Math.log(3 / 4), 1e-14);
});

Deno.test("The gauges say what their definitions say", () => {
  const belief = withPrior({ n: 2 }, [0, 1], [0, 1]);
  const first = updateBatch(belief, [0], batch(1, 1), { groupSize: 2 });
  // Context 0 knows [0: 2.7, 1: 2.7 + 2], 5.4 of 7.4 from the prior; context 1 its prior of 6.
  const rewards = batch(1, 1, 2, 0);
  const { gauges, logDensityRatio } = weighBatch(first, [0, 1], rewards, { groupSize: 2 });
  const spread = Math.abs(logDensityRatio[2]! - logDensityRatio[3]!) / 2;
  assertAlmostEquals(gauges.signal, spread / 2, 1e-12);
  assertEquals(gauges.saturated, 1 / 4);
  assertEquals(gauges.tied, 1 / 2);
  assertAlmostEquals(gauges.priorShare, (5.4 / 7.4 + 1) / 2, 1e-12);
  assertAlmostEquals(gauges.evidenceWeight, (7.4 + 6) / 2, 1e-12);
});

Deno.test("Groups of one neither tie nor have a spread, and nothing can be above no evidence", () => {
  const belief = createBelief({ ...SETTINGS, contexts: 1 });
  const { gauges } = weighBatch(belief, [0], batch(1), { groupSize: 1 });
  assertEquals(gauges, { signal: 0, saturated: 0, tied: 0, priorShare: 0, evidenceWeight: 0 });
});

Deno.test("A context without a history borrows from the pool of all contexts", () => {
  const empty = createBelief({ ...SETTINGS, pooling: 3, contexts: 2 });
  const learned = updateBatch(empty, [0], batch(1, 2, 2), { groupSize: 3 });
  const borrowed = weighBatch(learned, [1], batch(2), { groupSize: 1 });
  const own = weighRollouts(createEvidence({ prior: [1, 2, 2], priorStrength: 3 }), [2], { n: 4 });
  assertAlmostEquals(borrowed.logDensityRatio[0]!, own.logDensityRatio[0]!, 1e-12);
  assertAlmostEquals(borrowed.baseline[0]!, own.groupBaseline[0]!, 1e-12);
  assertEquals(borrowed.gauges.evidenceWeight, 3);
  assertEquals(borrowed.gauges.priorShare, 0);
});

Deno.test("The pool is made of what was rolled out lately, and keeps its weight", () => {
  let belief = withPrior({ pooling: 3 }, [0, 0]);
  for (let step = 0; step < 600; step++) {
    belief = updateBatch(belief, [0], batch(step < 300 ? 1 : 5, step < 300 ? 2 : 6), { groupSize: 2 });
  }
  // 600 rewards of late, 424 of before: all of the 1024 that the pool holds.
  assertEquals(belief.pool.values.length, 1024);
  assertEquals(belief.pool.values.filter((reward) => reward >= 5).length, 600);
});

Deno.test("A belief comes back from its arrays number for number, and goes on alike", () => {
  for (const kind of ["bayesian", "static"] as const) {
    const pooling = kind === "bayesian" ? 2 : 0;
    let belief = withPrior({ kind, pooling, maxAtoms: 5 }, [0.1, 0.2], [0.3, 0.3]);
    belief = updateBatch(belief, [1], batch(0.4, 0.15), { groupSize: 2 });
    const back = deserializeBelief(structuredClone(serializeBelief(belief)));
    assertEquals(serializeBelief(back), serializeBelief(belief));
    assertEquals(back.settings, belief.settings);
    const rewards = batch(0.3, 0.5, 0.1, 0.45);
    const next = (from: Belief) => updateBatch(from, [0, 1], rewards, { groupSize: 2 });
    assertEquals(serializeBelief(next(back)), serializeBelief(next(belief)));
  }
});

Deno.test("Arrays that are damaged are refused by name", () => {
  const arrays = serializeBelief(withPrior({}, [0, 1]));
  const { weights: _, ...lacking } = arrays;
  assertThrows(() => deserializeBelief(lacking), BladeError, "checkpoint: belief.weights");
  assertThrows(() => deserializeBelief({ ...arrays, ages: new Int32Array(1) }), BladeError, "2 entries");
  assertThrows(
    () => deserializeBelief({ ...arrays, offsets: new Float64Array(2) }),
    BladeError,
    "belief.offsets",
  );
  assertThrows(
    () => deserializeBelief({ ...arrays, settings: Float64Array.of(7, 4, 6, 0.9, 0, 128, 1) }),
    BladeError,
    "kind of target",
  );
});

Deno.test("Settings out of range are refused with what to do", () => {
  const create = (settings: Partial<BeliefSettings>) => () =>
    createBelief({ ...SETTINGS, ...settings, contexts: 1 });
  assertThrows(create({ n: 0.5 }), BladeError, "target.n");
  assertThrows(create({ priorStrength: -1 }), BladeError, "target.priorStrength");
  assertThrows(create({ discount: 0 }), BladeError, "target.discount");
  assertThrows(create({ pooling: -1 }), BladeError, "target.pooling");
  assertThrows(create({ maxAtoms: 1.5 }), BladeError, "target.maxAtoms");
  assertThrows(create({ kind: "static", pooling: 1 }), BladeError, "reference slates alone");
});

Deno.test("Rows that do not fit the contexts, and contexts that do not exist, are refused", () => {
  const belief = withPrior({}, [0, 1]);
  assertThrows(() => weighBatch(belief, [0], batch(1, 2, 3), { groupSize: 2 }), RangeError, "need 2");
  assertThrows(() => weighBatch(belief, [1], batch(1, 2), { groupSize: 2 }), RangeError, "contextId");
});

Deno.test("How a static belief counts ties comes back from its arrays", () => {
  for (const ties of ["half", "up-to", "exact"] as const) {
    const settings = { priorStrength: 0, discount: 1, pooling: 0, maxAtoms: 8, columns: 1 };
    const belief = createBelief({ kind: "static", ties, contexts: 1, n: 4, ...settings });
    const { settings: found } = deserializeBelief(serializeBelief(belief));
    assertEquals([found.kind, found.ties ?? "half"], ["static", ties]);
  }
});

Deno.test("A Bayesian belief keeps no more atoms of its prior than it may, a static one every slate", () => {
  const atoms = (kind: "bayesian" | "static", maxAtoms: number) =>
    withPrior({ kind, maxAtoms }, [1, 2, 3, 4]).evidence[0]!.atoms.length;
  assertEquals([atoms("bayesian", 3), atoms("static", 3), atoms("static", 9)], [3, 4, 4]);
});

Deno.test("The reference's slates are the first in the pool, and without pooling there is none", () => {
  assertEquals([...withPrior({ pooling: 2 }, [3, 1], [2, 2]).pool.values], [3, 1, 2, 2]);
  const without = updateBatch(withPrior({}, [3, 1]), [0], batch(4, 5), { groupSize: 2 });
  assertEquals(without.pool.values.length, 0);
});

const TWO_METRICS: ScoredSlates = {
  values: [Float64Array.of(0, 1, 2, 2), Float64Array.of(5, 3, 5, 4)],
  defined: Uint8Array.of(1, 1, 1, 1),
};

function ofTwoMetrics(): Belief {
  const empty = createBelief({ ...SETTINGS, pooling: 2, columns: 2, contexts: 2 });
  const belief = setPrior(empty, [0, 1], TWO_METRICS, 2);
  return updateBatch(belief, [1], {
    values: [Float64Array.of(2), Float64Array.of(4)],
    defined: Uint8Array.of(1),
  }, { groupSize: 1 });
}

Deno.test("Two metrics are weighed by their own orders or by their sum, as the preference says", () => {
  const belief = setPrior(createBelief({ ...SETTINGS, columns: 2, contexts: 2 }), [0, 1], TWO_METRICS, 2);
  const observed = [belief.evidence[0]!];
  const rewards = { values: [Float64Array.of(1, 3), Float64Array.of(4, 9)], defined: Uint8Array.of(1, 1) };
  const group = Float64Array.of(1, 4, 3, 9);
  const weights = [1, -0.5];
  for (const [combine, weigh] of [["quantile", weighQuantiles], ["sum", weighSums]] as const) {
    const { logDensityRatio, baseline } = weighBatch(belief, [0], rewards, {
      groupSize: 2,
      preference: { combine, weights },
    });
    const expected = weigh(observed, group, weights, bayesianWeighing(4));
    assertEquals([logDensityRatio, baseline], [expected.logDensityRatio, expected.baseline], combine);
  }
});

Deno.test("A belief of several metrics comes back with every array of every context", () => {
  const belief = ofTwoMetrics();
  const back = deserializeBelief(structuredClone(serializeBelief(belief)));
  assertEquals(back.evidence.length, 2);
  back.evidence.forEach((evidence, id) => {
    const { values, weights, priorWeights, ages, columns, maxAtoms } = belief.evidence[id]!;
    assertEquals(evidence.values, values);
    assertEquals(evidence.weights, weights);
    assertEquals(evidence.priorWeights, priorWeights);
    assertEquals(evidence.ages, ages);
    assertEquals([evidence.columns, evidence.maxAtoms], [columns, maxAtoms]);
  });
  assertEquals([...belief.evidence[1]!.ages], [0, 1]);
  assertEquals([...belief.evidence[1]!.priorWeights].map((weight) => Math.round(10 * weight)), [27, 27]);
  assertEquals(back.pool, belief.pool);
});

Deno.test("The arrays of a checkpoint are copies, on the way out and on the way in", () => {
  const belief = ofTwoMetrics();
  const arrays = serializeBelief(belief);
  const back = deserializeBelief(arrays);
  for (const array of Object.values(arrays)) array.fill(-1);
  assertEquals(serializeBelief(back), serializeBelief(ofTwoMetrics()));
  assertEquals(serializeBelief(belief), serializeBelief(ofTwoMetrics()));
});

Deno.test("A damaged array is refused with its own rule, and with the length that it has", () => {
  const arrays = serializeBelief(withPrior({}, [0, 1], [2, 3]));
  const refusal = (damage: Partial<typeof arrays>) => {
    const { refusal } = assertThrows(
      () => deserializeBelief({ ...arrays, ...damage } as typeof arrays),
      BladeError,
    );
    return [
      refusal.place.replace("checkpoint: belief.", ""),
      refusal.rule,
      ..."value" in refusal ? [refusal.value] : [],
    ];
  };
  assertEquals(refusal({ offsets: Int32Array.of(0, 5, 4) }), ["offsets", "must not fall"]);
  assertEquals(refusal({ offsets: Int32Array.of(-1, 2, 4) }), ["offsets", "must not fall"]);
  assertEquals(refusal({ weights: new Int32Array(4) }), ["weights", "must be an array of 64-bit floats"]);
  assertEquals(refusal({ ages: new Float64Array(4) }), ["ages", "must be an array of 32-bit integers"]);
  assertEquals(refusal({ weights: new Float64Array(3) }), ["weights", "must have 4 entries", 3]);
  assertEquals(refusal({ ages: new Int32Array(5) }), ["ages", "must have 4 entries", 5]);
  assertEquals(refusal({ settings: Float64Array.of(9, 4, 6, 0.9, 0, 128, 1) }), [
    "settings",
    "must name a kind of target",
  ]);
});

Deno.test("Rewards that do not fit the groups are refused by what was given, whichever part is off", () => {
  const belief = withPrior({}, [0, 1]);
  const weigh = (values: Float64Array[], marks: number) => () =>
    weighBatch(belief, [0], { values, defined: new Uint8Array(marks).fill(1) }, { groupSize: 2 });
  const two = new Float64Array(2);
  const says = (given: string) => `1 contexts of 2 need 2 of 1 metrics, got ${given} values`;
  assertThrows(weigh([two], 3), RangeError, says("3 marks and 2"));
  assertThrows(weigh([two, two], 2), RangeError, says("2 marks and 2, 2"));
  assertThrows(weigh([new Float64Array(1)], 2), RangeError, says("2 marks and 1"));
  const columns = createBelief({ ...SETTINGS, columns: 2, contexts: 1 });
  const uneven = { values: [two, new Float64Array(1)], defined: Uint8Array.of(1, 1) };
  assertThrows(
    () => weighBatch(columns, [0], uneven, { groupSize: 2 }),
    RangeError,
    "2 marks and 2, 1 values",
  );
});

Deno.test("A Bayesian belief has no ties to count, and comes back though it was told how", () => {
  const belief = createBelief({ ...SETTINGS, ties: "exact", contexts: 1 });
  assertEquals(deserializeBelief(serializeBelief(belief)).settings.kind, "bayesian");
});
