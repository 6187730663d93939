import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { EXCLUDED } from "../../src/device/exclusions.ts";
import { checkCandidates, picksOf, seenMask, topItems } from "../../src/rollout/candidates.ts";
import { contextOf } from "../model/tiny_model.ts";

Deno.test("topItems() is a stable sort cut short, without what is excluded", () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(-Infinity), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (values, count) => {
      const out = new Int32Array(count);
      topItems(values, count, out);
      const sorted = values.map((_, item) => item).filter((item) => values[item]! > -Infinity)
        .sort((one, other) =>
          values[other]! > values[one]! ? 1 : values[other]! < values[one]! ? -1 : one - other
        );
      assertEquals([...out], Array.from({ length: count }, (_, k) => sorted[k] ?? -1));
    }),
  );
});

Deno.test("seenMask() excludes what each context has seen, in each of its rows", () => {
  const E = EXCLUDED;
  const contexts = [contextOf(0, [2], [0]), contextOf(1, [])];
  assertEquals([...seenMask(contexts, 3, 2)], [E, 0, E, E, 0, E, 0, 0, 0, 0, 0, 0]);
});

Deno.test("picksOf() ends a slate at its first empty place", () => {
  const slates = {
    groupSize: 2,
    cutoff: 3,
    items: Int32Array.of(4, -1, -1, 2, 0, 1),
    behaviorLogProb: new Float64Array(2),
  };
  assertEquals([[...picksOf(slates, 0)], [...picksOf(slates, 1)]], [[4], [2, 0, 1]]);
});

Deno.test("a slate longer than what a user has not seen is refused, with the longest that fits", () => {
  const contexts = [contextOf(0, []), contextOf(1, [0, 1], [3])];
  checkCandidates(contexts, 5, 2, "align.cutoff", ["ann", "bob"]);
  assertThrows(
    () => checkCandidates(contexts, 5, 3, "align.cutoff", ["ann", "bob"]),
    Error,
    "align.cutoff: a slate needs as many unseen items as its cutoff; user bob has seen 3 of 5, got 3.\n" +
      "  To mend: choose a cutoff of at most 2",
  );
});
