import { assertAlmostEquals, assertEquals } from "@std/assert";
import { headRoomOf, measureTraining } from "../../src/check/training_measures.ts";
import type { World } from "../../src/check/world.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { smallWorld } from "../contracts/world.ts";

Deno.test("headRoomOf() takes the best by the metric's direction, over groups with a choice", () => {
  const groups = [Float64Array.of(0, 3, 3), Float64Array.of(7), new Float64Array()];
  // The mean is 2, the variance within is (4 + 1 + 1) / 2 = 3.
  const up = headRoomOf(groups, false);
  assertEquals(up.gain, 1);
  assertAlmostEquals(up.standardDeviations, 1 / Math.sqrt(3));
  assertEquals(headRoomOf(groups, true).gain, 2);
  assertEquals(headRoomOf([Float64Array.of(2, 2)], false), { gain: 0, standardDeviations: 0 });
  assertEquals(headRoomOf([], false), { gain: 0, standardDeviations: 0 });
});

Deno.test("measureTraining() counts ties, contexts with one value, and slates without a value", async () => {
  const world: World = { name: "small", ...smallWorld(), cutoff: 9, groupSize: 2, batch: 4, discount: 0.9 };
  // In context 3 nothing is relevant: recall has no value there. The users have seen 1, 3, 3 and 3 of 12 items, so
  // that slates of 9 hold all that is left for the second and third: one value each.
  const measures = await measureTraining(await loadMetric("recall"), world);
  assertEquals(measures.contexts, 4);
  assertEquals(measures.undefinedShare, 1 / 4);
  assertEquals(measures.undefinedReasons, { "no relevant item": 8 });
  assertEquals(measures.distribution?.max, 1);
  // Contexts 1 and 2 always, context 3 with no value at all.
  assertEquals(measures.constantContexts >= 3 / 4, true);
  assertEquals(measures.constant, false);
  assertEquals(measures.tiedGroups.popular >= 2 / 3, true);
});
