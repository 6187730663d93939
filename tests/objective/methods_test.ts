import { assertEquals, assertThrows } from "@std/assert";
import {
  drawersOf,
  type MethodName,
  methodOf,
  METHODS,
  type MethodSettings,
} from "../../src/objective/methods.ts";
import type { ObjectiveInput } from "../../src/objective/objective.ts";

const SETTINGS: MethodSettings = {
  groupSize: 4,
  objective: "distill",
  beta: 0.5,
  logRatioFloor: null,
  dpoBeta: 0.1,
  losers: 2,
  sftShare: 0.2,
  bonbonBeta: null,
  maxK: 2,
};

Deno.test("every method's objective bears the method's name, and that of blade the name of the loss it takes", () => {
  const names = Object.keys(METHODS).filter((name) => name !== "blade") as MethodName[];
  assertEquals(names.map((name) => METHODS[name].objective(SETTINGS, "imitate").name), names);
  const losses = ["distill", "backward", "jeffreys"] as const;
  assertEquals(
    losses.map((objective) => METHODS.blade.objective({ ...SETTINGS, objective }).name),
    [...losses],
  );
});

Deno.test("align.logRatioFloor reaches every loss that reads ω by itself, and null leaves it unbounded", () => {
  const input: ObjectiveInput = {
    groupSize: 2,
    reward: Float64Array.of(1, 0),
    logDensityRatio: Float64Array.of(1, -9),
    baseline: Float64Array.of(-9, 1),
    policyLogProb: Float64Array.of(-1, -1),
    anchorLogProb: null,
  };
  const lead = (name: MethodName, logRatioFloor: number | null) =>
    METHODS[name].objective({ ...SETTINGS, objective: "backward", beta: 1, logRatioFloor }, "imitate")
      .coefficients(input)[0];
  for (const name of ["blade", "vbon", "bond"] as const) {
    // (ω − baseline) / G, either of them at least the floor
    assertEquals([lead(name, null), lead(name, -3)], [5, 2], name);
  }
});

Deno.test("drawersOf() names G drawers: one model's, or the last of them another's", () => {
  assertEquals(drawersOf("policy", 3), ["policy", "policy", "policy"]);
  assertEquals(drawersOf("reference", 2), ["reference", "reference"]);
  assertEquals(drawersOf("policy-and-anchor", 4), ["policy", "policy", "anchor", "anchor"]);
  assertEquals(drawersOf("reference-and-greedy", 2), ["reference", "greedy"]);
});

Deno.test("a setting that does not fit the group is named, at its bound it still fits", () => {
  const misfit = (name: MethodName, more: Partial<MethodSettings>) =>
    methodOf(name)?.misfit?.({ ...SETTINGS, ...more }) ?? null;
  assertEquals(misfit("s-dpo", { losers: 3 }), null);
  assertEquals(misfit("s-dpo", { losers: 4 }), {
    key: "losers",
    rule: "must be less than align.groupSize (4), of which one slate is the best",
    mend: "lower align.losers, or raise align.groupSize",
  });
  assertEquals(misfit("max@k", { maxK: 4 }), null);
  assertEquals(misfit("max@k", { maxK: 5 }), {
    key: "maxK",
    rule: "must be at most align.groupSize (4)",
    mend: "lower align.maxK, or raise align.groupSize",
  });
});

Deno.test("a loss or a source of slates that there is none of is refused, not passed over", () => {
  const objective = "forward" as never;
  assertThrows(() => METHODS.blade.objective({ ...SETTINGS, objective }), TypeError, "Cannot build: forward");
  assertThrows(() => drawersOf("nobody" as never, 2), TypeError, "Cannot draw slates: nobody");
});
