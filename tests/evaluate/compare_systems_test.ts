import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { compareSystems, type SystemValues } from "../../src/evaluate/compare_systems.ts";
import { holm } from "../../src/evaluate/holm.ts";
import { randomKey } from "../../src/numerics/random.ts";

const key = randomKey(9);
const options = { resamples: 200, flips: 999, key };
const METRICS = [
  { spec: "ndcg@10", direction: "maximize" },
  { spec: "popularity@10", direction: "minimize" },
] as const;

function normal(length: number, mean: number, name: string): Float64Array {
  const values = new Float64Array(length);
  key.split(name).fillNormal(values);
  return values.map((value) => value + mean);
}

/** A system whose two metrics lie above noise that all systems share. */
function system(name: string, shift: readonly [number, number], noise = 0.1): SystemValues {
  return {
    system: name,
    values: shift.map((mean, at) => {
      const own = normal(100, mean, `${name} ${at}`);
      return normal(100, 0, `shared ${at}`).map((value, user) =>
        value + noise * own[user]! + (1 - noise) * mean
      );
    }),
  };
}

Deno.test("better and worse go by the metric's direction", () => {
  const { paired } = compareSystems(METRICS, [
    system("a", [0, 0]),
    system("b", [1, 1]),
    system("c", [-1, -1]),
  ], options);
  assertEquals(paired.map(({ system, metric, verdict }) => `${system} ${metric} ${verdict}`), [
    "b ndcg@10 better",
    "b popularity@10 worse",
    "c ndcg@10 worse",
    "c popularity@10 better",
  ]);
  for (const pair of paired) {
    assertAlmostEquals(pair.difference!, pair.mean! - pair.meanOfFirst!, 1e-12);
    assert(pair.interval95![0] < pair.difference! && pair.difference! < pair.interval95![1]);
  }
});

Deno.test("p-values are corrected over all metrics and systems together", () => {
  const { paired } = compareSystems(METRICS, [
    system("a", [0, 0]),
    system("b", [0.03, 0]),
    system("c", [0, 0.03]),
  ], options);
  assertEquals(paired.length, 4);
  assertEquals(paired.map(({ holm }) => holm.randomisation), holm(paired.map(({ p }) => p.randomisation!)));
  assertEquals(paired.map(({ holm }) => holm.bootstrap), holm(paired.map(({ p }) => p.bootstrap!)));
});

Deno.test("what is added to both systems changes no difference, interval or p-value", () => {
  // Quarters, so that adding is exact.
  const quarters = (name: string) => normal(60, 0.1, name).map((value) => Math.round(4 * value) / 4);
  const [a, b] = [quarters("a"), quarters("b")];
  const shifted = (by: number) =>
    compareSystems([METRICS[0]], [
      { system: "a", values: [a.map((value) => value + by)] },
      { system: "b", values: [b.map((value) => value + by)] },
    ], options).paired[0]!;
  const { mean: _, meanOfFirst: __, ...there } = shifted(0);
  const { mean, meanOfFirst: ___, ...here } = shifted(1024);
  assertEquals(here, there);
  assert(mean! > 1000);
});

Deno.test("a system beside itself differs by 0 with p 1, and so does one that adds in another order", () => {
  const values = normal(50, 0, "itself");
  const rounded = values.map((value) => value * (1 + 2 ** -52));
  const { paired } = compareSystems([METRICS[0]], [
    { system: "a", values: [values] },
    { system: "a", values: [values] },
    { system: "b", values: [rounded] },
  ], options);
  for (const { difference, p, verdict } of paired) {
    assertEquals([difference, p, verdict], [0, { bootstrap: 1, randomisation: 1 }, "not told apart"]);
  }
});

Deno.test("only users that both have count, and those left out are counted on either side", () => {
  const { paired } = compareSystems([METRICS[0]], [
    { system: "a", values: [Float64Array.of(1, 2, NaN, 4, NaN)] },
    { system: "b", values: [Float64Array.of(2, NaN, 7, 6, NaN)] },
  ], options);
  const { users, withoutFirst, withoutSystem, meanOfFirst, mean, difference } = paired[0]!;
  assertEquals([users, withoutFirst, withoutSystem], [2, 1, 1]);
  assertEquals([meanOfFirst, mean, difference], [2.5, 4, 1.5]);
});

Deno.test("without a user in common there is no number, and the family is as large as its tests", () => {
  const { paired } = compareSystems([METRICS[0]], [
    { system: "a", values: [Float64Array.of(1, NaN, NaN)] },
    { system: "b", values: [Float64Array.of(NaN, 2, 3)] },
    { system: "c", values: [Float64Array.of(2, NaN, NaN)] },
  ], options);
  const [none, one] = paired;
  assertEquals([none!.mean, none!.difference, none!.interval95, none!.p.randomisation], [
    null,
    null,
    null,
    null,
  ]);
  // One user tells nothing: the bootstrap has no spread to go by, either sign is as likely.
  assertEquals([one!.difference, one!.interval95, one!.p, one!.holm.randomisation], [
    1,
    null,
    { bootstrap: null, randomisation: 1 },
    1,
  ]);
});

Deno.test("metrics of all lists together have values and no test", () => {
  const { paired, whole } = compareSystems([METRICS[0], { spec: "coverage", direction: "maximize" }], [
    { system: "a", values: [Float64Array.of(1, 2), 0.5] },
    { system: "b", values: [Float64Array.of(1, 2), null] },
  ], options);
  assertEquals(paired.map(({ metric }) => metric), ["ndcg@10"]);
  assertEquals(whole, [
    { metric: "coverage", direction: "maximize", system: "a", value: 0.5 },
    { metric: "coverage", direction: "maximize", system: "b", value: null },
  ]);
});

Deno.test("of three systems that are alike on two metrics, hardly any family has a false verdict", () => {
  let families = 0;
  const samples = 200;
  for (let sample = 0; sample < samples; sample++) {
    const alike = ["a", "b", "c"].map((name) => ({
      system: name,
      values: [0, 1].map((metric) => normal(25, 0, `${sample} ${name} ${metric}`)),
    }));
    const { paired } = compareSystems(METRICS, alike, { resamples: 100, flips: 199, key: key.split(sample) });
    families += Number(paired.some(({ verdict }) => verdict !== "not told apart"));
  }
  // At most 5 % by Holm's theorem: 10 of 200, and three standard deviations of 3 more.
  assert(families <= 19, `${families} of ${samples}`);
});
