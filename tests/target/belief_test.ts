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
  assertEquals(gauges.saturated, 1);
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
  const { logDensityRatio } = weighBatch(belief, [0], batch(2.5), { groupSize: 1 });
  assertAlmostEquals(logDensityRatio[0]!, Math.log(3) + 2 * Math.log(1 / 2), 1e-14);
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
