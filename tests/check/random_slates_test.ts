import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { awkwardSlates, randomSlates, someContexts } from "../../src/check/random_slates.ts";
import type { World } from "../../src/check/world.ts";
import { rowOf } from "../../src/reward/cut.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { smallWorld } from "../contracts/world.ts";

/** The small world of the contract tests: 12 items. */
function world(cutoff: number): World {
  return { name: "small", ...smallWorld(), cutoff, groupSize: 4, batch: 4, discount: 0.9 };
}

Deno.test("randomSlates() fills slates with distinct items that the user has not seen, however few are left", () => {
  const policy = fc.constantFrom("popular", "uniform");
  fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(), policy, (cutoff, seed, name) => {
    const here = world(cutoff);
    const batch = randomSlates(here, here.contexts, 3, name as "popular", randomKey(seed));
    for (let row = 0; row < batch.contextRow.length; row++) {
      const { slate } = rowOf(batch, row);
      assertEquals(batch.contextRow[row], Math.floor(row / 3));
      assertEquals([slate.length, new Set(slate).size], [cutoff, cutoff]);
      assert(
        slate.every((item) =>
          item >= 0 && item < 12 && !here.contexts[batch.contextRow[row]!]!.seen.has(item)
        ),
      );
    }
  }));
});

Deno.test("randomSlates() ends a slate where nothing is left to show", () => {
  const here = world(12); // context 2 has seen 3 of 12 items, one of them twice
  const batch = randomSlates(here, here.contexts, 1, "popular", randomKey(1));
  assertEquals(rowOf(batch, 2).slate.length, 9);
});

Deno.test("randomSlates() draws items as often as people met them, or all alike", () => {
  const here = { ...world(1), contexts: [{ contextId: 0, user: 0, history: [], seen: new Set<number>() }] };
  const share = (policy: "popular" | "uniform") => {
    const { items } = randomSlates(here, here.contexts, 20_000, policy, randomKey(3));
    return items.filter((item) => item === 0).length / 20_000;
  };
  // 41 of 126 + 12 with one added to each count; √(0.3·0.7/20000) = 0.003.
  assertAlmostEquals(share("popular"), 41 / 138, 0.015);
  assertAlmostEquals(share("uniform"), 1 / 12, 0.01);
});

Deno.test("awkwardSlates() has whole, short, empty and gapped slates, and items that the user wants", () => {
  const here = world(6);
  const batch = awkwardSlates(here, here.contexts);
  const rows = Array.from(batch.contextRow, (_, row) => rowOf(batch, row).slate);
  assert(rows.some((slate) => slate.length === 6 && !slate.includes(-1)));
  assert(rows.some((slate) => slate.length === 1));
  assert(rows.some((slate) => slate.length > 1 && slate.length < 6));
  assert(rows.some((slate) => slate.length === 0));
  assert(rows.some((slate) => slate.length === 6 && slate.includes(-1)));
  for (let row = 2; row < rows.length; row += 8) {
    const [wanted] = here.signals.relevance.of(batch.contextRow[row]!).keys();
    assert(wanted === undefined || rows[row]!.includes(wanted));
  }
});

Deno.test("someContexts() spreads over all contexts and never takes one twice", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (count, most) => {
    const contexts = Array.from(
      { length: count },
      (_, id) => ({ ...smallWorld().contexts[0]!, contextId: id }),
    );
    const ids = someContexts(contexts, most).map(({ contextId }) => contextId);
    assertEquals(ids.length, Math.min(count, most));
    assertEquals([...new Set(ids)].sort((a, b) => a - b), ids);
    assertEquals(ids[0], 0);
    assert(ids.length === 1 || ids.at(-1)! >= count - Math.ceil(count / ids.length));
  }));
});
