import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { expandArms, type RandomDraws, type Range } from "../../src/experiment/expand.ts";

const setOf = ({ set }: ReturnType<typeof expandArms>[number]) =>
  Object.fromEntries(set.map(({ path, value }) => [path, value]));

Deno.test("a grid gives every arm every combination, the last path running fastest", () => {
  const arms = expandArms({
    arms: [{ name: "a", set: {} }, { name: "b", set: { "align.beta": 0.1 } }],
    grid: { "align.groupSize": [2, 4], "align.objective": ["distill", "backward"] },
  });
  assertEquals(arms.map(({ name }) => name).slice(0, 4), [
    "a align.groupSize=2 align.objective=distill",
    "a align.groupSize=2 align.objective=backward",
    "a align.groupSize=4 align.objective=distill",
    "a align.groupSize=4 align.objective=backward",
  ]);
  assertEquals(arms.length, 8);
  assertEquals(setOf(arms[7]!), { "align.beta": 0.1, "align.groupSize": 4, "align.objective": "backward" });
});

Deno.test("a value that a grid names twice, or a draw that falls twice on the same, makes one arm", () => {
  const twice = expandArms({ arms: [{ name: "a", set: {} }], grid: { "target.n": [2, 2] } });
  assertEquals(twice.map(({ name }) => name), ["a target.n=2"]);
  const random = { trials: 50, seed: 1, "target.n": [2, 3] };
  const drawn = expandArms({ arms: [{ name: "a", set: {} }], random });
  assertEquals(drawn.map(({ name }) => name).sort(), ["a target.n=2", "a target.n=3"]);
});

Deno.test("values too long for a name are told apart by a number", () => {
  const term = (metric: string) => [{ metric: `${"long".repeat(12)}${metric}` }];
  const arms = expandArms({
    arms: [{ name: "a", set: {} }],
    grid: { "reward.terms": [term("x"), term("y")] },
  });
  assertEquals(new Set(arms.map(({ name }) => name)).size, 2);
  assert(arms[1]!.name.endsWith("… (2)"), arms[1]!.name);
});

Deno.test("random draws are the same for every arm, and whole numbers reach both ends", () => {
  const arms = expandArms({
    arms: [{ name: "a", set: {} }, { name: "b", set: {} }],
    random: { trials: 200, seed: 7, "align.groupSize": { min: 1, max: 3, log: false, whole: true } },
  });
  const drawn = (name: string) => arms.filter(({ written }) => written === name).map(setOf);
  assertEquals(drawn("a"), drawn("b"));
  assertEquals(new Set(drawn("a").map((set) => set["align.groupSize"])), new Set([1, 2, 3]));
});

Deno.test("a logarithmic draw falls into each decade equally often", () => {
  const arms = expandArms({
    arms: [{ name: "a", set: {} }],
    random: {
      trials: 3000,
      seed: 1,
      "align.learningRate": { min: 1e-5, max: 1e-2, log: true, whole: false },
    },
  });
  const decades = arms.map((arm) => Math.floor(Math.log10(setOf(arm)["align.learningRate"] as number)));
  for (const decade of [-5, -4, -3]) {
    const share = decades.filter((of) => of === decade).length / arms.length;
    assert(Math.abs(share - 1 / 3) < 0.04, `${share} in 1e${decade}`);
  }
});

function assertWithin(value: number, { min, max }: Range) {
  assert(value >= min && value <= max, `${value} is not within ${min} … ${max}`);
}

const paths = fc.constantFrom("align.groupSize", "align.batch", "target.n", "sft.epochs", "align.beta");
const scalar = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom("x", "y"), fc.boolean());
const grid = fc.dictionary(paths, fc.array(scalar, { minLength: 1, maxLength: 3 }), { maxKeys: 3 });
const range = fc.record({
  min: fc.double({ min: 0.001, max: 1, noNaN: true }),
  max: fc.double({ min: 1, max: 100, noNaN: true }),
  log: fc.boolean(),
  whole: fc.constant(false),
});
const random = fc.tuple(
  fc.record({ trials: fc.integer({ min: 1, max: 5 }), seed: fc.integer({ min: 0, max: 99 }) }),
  fc.dictionary(paths, fc.oneof(range, fc.array(scalar, { minLength: 1, maxLength: 3 })), { maxKeys: 2 }),
).map(([settings, ranges]): RandomDraws => ({ ...ranges, ...settings }));
const files = fc.record({
  arms: fc.uniqueArray(
    fc.record({ name: fc.string({ minLength: 1, maxLength: 5 }), set: fc.dictionary(paths, scalar) }),
    {
      selector: ({ name }) => name,
      minLength: 1,
      maxLength: 3,
    },
  ),
  grid,
  random,
});

Deno.test("expansion is deterministic, keeps to the ranges, and names no two arms alike", () => {
  fc.assert(
    fc.property(files, (file) => {
      const arms = expandArms(file);
      assertEquals(arms, expandArms(structuredClone(file)));
      assertEquals(new Set(arms.map(({ name }) => name)).size, arms.length);
      for (const arm of arms) {
        const set = setOf(arm);
        for (const [path, from] of Object.entries(file.random)) {
          if (typeof from === "number") continue;
          const value = set[path];
          if ("min" in from) assertWithin(value as number, from);
          else assert(from.includes(value));
        }
      }
      // Another draw of the same file changes nothing but the values that are drawn.
      const other = expandArms({ ...file, random: { ...file.random, seed: file.random.seed + 1 } });
      assertEquals(new Set(other.map(({ written }) => written)), new Set(arms.map(({ written }) => written)));
    }),
    { numRuns: 200 },
  );
});
