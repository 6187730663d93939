import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { logDensityRatio } from "../../src/target/density_ratio.ts";
import { createEvidence, updateEvidence } from "../../src/target/evidence.ts";
import { weighRollouts } from "../../src/target/weigh_rollouts.ts";

type Atom = readonly [reward: number, weight: number];

/** ω by the definition: one pass over every observation. */
function omega(atoms: readonly Atom[], reward: number, n: number): number {
  const weight = (keep: (r: number) => boolean) => atoms.reduce((sum, [r, w]) => sum + (keep(r) ? w : 0), 0);
  return logDensityRatio(
    weight((r) => r < reward),
    weight((r) => r === reward),
    weight((r) => r > reward),
    n,
  );
}

const reward = fc.integer({ min: 0, max: 5 });
const rewards = (minLength: number, maxLength: number) => fc.array(reward, { minLength, maxLength });
const bestOf = fc.double({ min: 1, max: 32, noNaN: true });

Deno.test("Weights and baselines are those of the definition, one rollout left out at a time", () => {
  fc.assert(fc.property(rewards(0, 6), rewards(2, 8), bestOf, (prior, group, n) => {
    const evidence = createEvidence({ prior, priorStrength: 3 });
    const { logDensityRatio, groupBaseline } = weighRollouts(evidence, group, { n });
    const without = (...out: number[]): Atom[] => [
      ...evidence.atoms,
      ...group.flatMap((r, k): Atom[] => out.includes(k) ? [] : [[r, 1]]),
    ];
    group.forEach((r, j) => {
      assertAlmostEquals(logDensityRatio[j]!, omega(without(j), r, n), 1e-10);
      const others = group.flatMap((other, k) => k === j ? [] : [omega(without(j, k), other, n)]);
      const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
      assertAlmostEquals(groupBaseline[j]!, mean, 1e-9);
    });
  }));
});

Deno.test("An increasing transform of the reward changes nothing", () => {
  fc.assert(fc.property(rewards(0, 6), rewards(1, 6), rewards(1, 6), bestOf, (prior, first, second, n) => {
    const weigh = (transform: (r: number) => number) => {
      const start = createEvidence({ prior: prior.map(transform), priorStrength: 5 });
      const evidence = updateEvidence(start, first.map(transform), { discount: 0.9 });
      return weighRollouts(evidence, second.map(transform), { n });
    };
    const plain = weigh((r) => r);
    const curved = weigh((r) => Math.exp(3 * r) - 1e3);
    assertEquals([...curved.logDensityRatio], [...plain.logDensityRatio]);
    assertEquals([...curved.groupBaseline], [...plain.groupBaseline]);
  }));
});

Deno.test("The order of the rollouts does not matter", () => {
  const evidence = createEvidence({ prior: [1, 2, 2], priorStrength: 4 });
  const there = weighRollouts(evidence, [3, 1, 2, 3], { n: 6 });
  const back = weighRollouts(evidence, [3, 2, 1, 3], { n: 6 });
  assertEquals([...back.logDensityRatio].reverse(), [...there.logDensityRatio]);
  assertEquals([...back.groupBaseline].reverse(), [...there.groupBaseline]);
});

Deno.test("A baseline does not change with the reward that it is subtracted from, order kept aside", () => {
  const evidence = createEvidence({ prior: [1, 2, 3], priorStrength: 6 });
  const baselines = [0, 2.5, 9].map((own) =>
    weighRollouts(evidence, [own, 2, 4], { n: 4 }).groupBaseline[0]!
  );
  assertEquals(new Set(baselines.map((value) => value.toFixed(12))).size, 1);
});

Deno.test("A rollout alone is weighed against the evidence, and so is its baseline", () => {
  const evidence = createEvidence({ prior: [0, 1], priorStrength: 2 });
  const { logDensityRatio, groupBaseline } = weighRollouts(evidence, [1], { n: 2 });
  // p_< ~ Beta(1, 1): (1 − 1/3) · 2/1 above, 1/3 · 2/1 below
  assertAlmostEquals(logDensityRatio[0]!, Math.log(4 / 3), 1e-14);
  assertAlmostEquals(groupBaseline[0]!, (Math.log(4 / 3) + Math.log(2 / 3)) / 2, 1e-14);
});

Deno.test("Rollouts without any evidence are weighed against each other, and one alone against nothing", () => {
  const nothing = createEvidence({ prior: [], priorStrength: 0 });
  assertEquals([...weighRollouts(nothing, [7], { n: 4 }).logDensityRatio], [0]);
  const { logDensityRatio } = weighRollouts(nothing, [1, 2], { n: 3 });
  assert(logDensityRatio[1]! > 0 && logDensityRatio[0]! < 0);
});

Deno.test("No rollouts have no weights", () => {
  const evidence = createEvidence({ prior: [0, 1], priorStrength: 2 });
  assertEquals(weighRollouts(evidence, [], { n: 2 }).logDensityRatio.length, 0);
});

Deno.test("A reward or an N that is none is refused", () => {
  const evidence = createEvidence({ prior: [0], priorStrength: 1 });
  assertThrows(() => weighRollouts(evidence, [NaN], { n: 2 }), BladeError, "rewards[0]");
  assertThrows(() => weighRollouts(evidence, [1], { n: 0 }), BladeError, "target.n");
  assertThrows(() => weighRollouts(evidence, [1], { n: Infinity }), BladeError, "finite");
});

Deno.test("Evidence of several metrics has no one reward to weigh by", () => {
  const evidence = createEvidence({ prior: [0, 1], priorStrength: 2, columns: 2 });
  const { refusal } = assertThrows(() => weighRollouts(evidence, [1], { n: 4 }), BladeError, "evidence");
  assertEquals([refusal.rule, refusal.value], ["must be of one reward", 2]);
});
