import { assert, assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { createEvidence, type Evidence, updateEvidence } from "../../src/target/evidence.ts";

const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);

Deno.test("The prior's slates share its strength, ties together", () => {
  assertEquals(createEvidence({ prior: [2, 1, 2, 3], priorStrength: 2 }).atoms, [[1, 0.5], [2, 1], [3, 0.5]]);
});

Deno.test("No prior, or one without strength, is no evidence", () => {
  assertEquals(createEvidence({ prior: [], priorStrength: 16 }).atoms, []);
  assertEquals(createEvidence({ prior: [1, 2], priorStrength: 0 }).atoms, []);
});

Deno.test("A visit fades what was known and adds its rollouts at weight 1, whatever their order", () => {
  const before = createEvidence({ prior: [1, 2], priorStrength: 4 });
  const after = updateEvidence(before, [3, 1, 3], { discount: 0.5 });
  assertEquals(after.atoms, [[1, 2], [2, 1], [3, 2]]);
  assertEquals([...after.priorWeights], [1, 1, 0]);
  assertEquals([...after.ages], [0, 1, 0]);
  assertEquals(before.atoms, [[1, 2], [2, 2]], "the evidence given stays as it was");
});

Deno.test("A visit without a reward is no visit", () => {
  const before = createEvidence({ prior: [1], priorStrength: 1 });
  assertStrictEquals(updateEvidence(before, [], { discount: 0.5 }), before);
});

Deno.test("All weight is α λ^t plus the geometric sum of the rollouts", () => {
  let evidence = createEvidence({ prior: [1, 2, 3], priorStrength: 16 });
  for (let t = 0; t < 5; t++) evidence = updateEvidence(evidence, [t, 2], { discount: 0.9 });
  assertAlmostEquals(total(evidence.weights), 16 * 0.9 ** 5 + 2 * (1 - 0.9 ** 5) / (1 - 0.9), 1e-12);
  assertAlmostEquals(total(evidence.priorWeights), 16 * 0.9 ** 5, 1e-12);
});

Deno.test("At capacity the longest unobserved atoms go first, however heavy", () => {
  let evidence = createEvidence({ prior: [10, 20], priorStrength: 100, maxAtoms: 3 });
  evidence = updateEvidence(evidence, [20, 1], { discount: 0.9 });
  evidence = updateEvidence(evidence, [2], { discount: 0.9 });
  assertEquals([...evidence.values], [1, 2, 20]);
});

Deno.test("Of equally old atoms at capacity the lightest go first", () => {
  const evidence = createEvidence({ prior: [5, 5, 7, 6, 6], priorStrength: 5, maxAtoms: 2 });
  assertEquals([...evidence.values], [5, 6]);
});

Deno.test("Atoms that have faded to nothing are dropped", () => {
  let evidence = createEvidence({ prior: [1], priorStrength: 1 });
  for (let t = 0; t < 31; t++) evidence = updateEvidence(evidence, [2], { discount: 0.5 });
  assertEquals([...evidence.values], [2]);
});

Deno.test("Rewards that only rounding noise tells apart are one atom, as −0 and 0 are", () => {
  const evidence = createEvidence({ prior: [0.1 + 0.2, 0.3, 0, -0], priorStrength: 4 });
  assertEquals(evidence.atoms, [[0, 2], [0.3, 2]]);
});

Deno.test("Infinite rewards have their place at the ends", () => {
  const evidence = createEvidence({ prior: [Infinity, 0, -Infinity], priorStrength: 3 });
  assertEquals([...evidence.values], [-Infinity, 0, Infinity]);
});

Deno.test("Evidence stays ascending, without repeats and within its capacity, come what may", () => {
  const reward = fc.integer({ min: -3, max: 3 });
  const visits = fc.array(fc.array(reward, { maxLength: 6 }), { maxLength: 12 });
  fc.assert(fc.property(fc.array(reward, { maxLength: 8 }), visits, (prior, groups) => {
    let evidence: Evidence = createEvidence({ prior, priorStrength: 2, maxAtoms: 5 });
    for (const group of groups) {
      evidence = updateEvidence(evidence, group, { discount: 0.8 });
      assert(evidence.values.length <= 5);
      evidence.values.forEach((value, i) => assert(i === 0 || value > evidence.values[i - 1]!));
      evidence.weights.forEach((weight, i) => assert(weight >= evidence.priorWeights[i]!));
    }
  }));
});

Deno.test("Numbers out of range are refused with what to do", () => {
  assertThrows(() => createEvidence({ prior: [NaN], priorStrength: 1 }), BladeError, "prior[0]");
  assertThrows(() => createEvidence({ prior: [1], priorStrength: -1 }), BladeError, "target.priorStrength");
  assertThrows(() => createEvidence({ prior: [1], priorStrength: Infinity }), BladeError, "finite");
  assertThrows(
    () => createEvidence({ prior: [1], priorStrength: 1, maxAtoms: 0 }),
    BladeError,
    "target.maxAtoms",
  );
  const evidence = createEvidence({ prior: [1], priorStrength: 1 });
  assertThrows(() => updateEvidence(evidence, [1], { discount: 0 }), BladeError, "target.discount");
  assertThrows(() => updateEvidence(evidence, [1], { discount: 1.1 }), BladeError, "target.discount");
  assertThrows(() => updateEvidence(evidence, [1, NaN], { discount: 1 }), BladeError, "rewards[1]");
});

Deno.test("The age of an atom decides before its weight, and its weight before its place", () => {
  const heavy = createEvidence({ prior: [1, 2, 3], priorStrength: 300, maxAtoms: 3 });
  assertEquals([...updateEvidence(heavy, [8, 9], { discount: 0.9 }).values].slice(1), [8, 9]);
  assertEquals([...createEvidence({ prior: [1, 2, 2, 3, 3], priorStrength: 5, maxAtoms: 2 }).values], [2, 3]);
});

Deno.test("Of atoms that are alike the high and the low go in equal parts", () => {
  const prior = Array.from({ length: 400 }, (_, i) => i);
  const { values } = createEvidence({ prior, priorStrength: 4, maxAtoms: 200 });
  assertEquals(values.length, 200);
  assertAlmostEquals(values.filter((value) => value < 200).length, 100, 15);
  assert(values.every((value, i) => i === 0 || value > values[i - 1]!));
});

Deno.test("An atom of just the least weight stays", () => {
  const before = createEvidence({ prior: [5], priorStrength: 1 });
  assertEquals(updateEvidence(before, [6], { discount: 1e-9 }).atoms, [[5, 1e-9], [6, 1]]);
  assertEquals(updateEvidence(before, [6], { discount: 0.9e-9 }).atoms, [[6, 1]]);
});

Deno.test("Atoms of several metrics are whole rows: merged, faded, and kept apart by any of their values", () => {
  const before = createEvidence({ prior: [1, 7, 0, 2, 1, 7, 1, 3], priorStrength: 8, columns: 2 });
  assertEquals([[...before.values], [...before.weights]], [[0, 2, 1, 3, 1, 7], [2, 2, 4]]);
  const after = updateEvidence(before, [1, 3, 2, 2], { discount: 0.5 });
  assertEquals([...after.values], [0, 2, 1, 3, 1, 7, 2, 2]);
  assertEquals([...after.weights], [1, 2, 2, 1]);
  assertEquals([...after.priorWeights], [1, 1, 2, 0]);
  assertEquals([...after.ages], [1, 0, 1, 0]);
  assertEquals(after.atoms, [[0, 1], [1, 2], [1, 2], [2, 1]]);
});

Deno.test("Half a row of metrics is refused", () => {
  const create = () => createEvidence({ prior: [1, 2, 3], priorStrength: 1, columns: 2 });
  const { refusal } = assertThrows(create, BladeError, "rewards");
  assertEquals([refusal.rule, refusal.value], ["must hold whole rows of 2 values", 3]);
});

Deno.test("A reward that only looks like a number is none, and room for one atom is room", () => {
  const prior = ["1"] as unknown as number[];
  assertThrows(() => createEvidence({ prior, priorStrength: 1 }), BladeError, "prior[0]");
  assertEquals(createEvidence({ prior: [1, 2, 2], priorStrength: 3, maxAtoms: 1 }).atoms, [[2, 2]]);
});
