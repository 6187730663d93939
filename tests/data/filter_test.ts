import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { buildDataset } from "../../src/data/build_dataset.ts";
import { filterInteractions } from "../../src/data/filter.ts";
import { interactionBuffer, interner, type RawData } from "../../src/data/raw_data.ts";

/** Rows of [user, item, time, rating]. */
function rawOf(rows: readonly (readonly [string, string, number?, number?])[]): RawData {
  const users = interner();
  const items = interner();
  const buffer = interactionBuffer();
  for (const [user, item, time = 0, rating = NaN] of rows) {
    buffer.add(users.number(user), items.number(item), time, rating);
  }
  return {
    name: "toy",
    users: users.ids,
    items: items.ids,
    interactions: buffer.finish(),
    about: [],
    userGroups: new Map(),
    files: [],
  };
}

Deno.test("filterInteractions() repeats the core until nothing falls out", () => {
  // y has one user; without y bob has one item; without bob z has one user; without z ann has one item.
  const raw = rawOf([
    ["ann", "x"],
    ["ann", "z"],
    ["bob", "z"],
    ["bob", "y"],
    ["eve", "x"],
    ["eve", "w"],
    ["dan", "w"],
    ["dan", "x"],
  ]);
  const { keep, stages } = filterInteractions(raw, { minRating: null, kCore: 2 });
  assertEquals(Array.from(keep), [0, 0, 0, 0, 1, 1, 1, 1]);
  assertEquals(stages, [
    { stage: "read", users: 4, items: 4, interactions: 8 },
    { stage: "2-core", users: 2, items: 2, interactions: 4 },
  ]);
});

Deno.test("filterInteractions() applies the rating threshold first, the threshold itself kept", () => {
  const raw = rawOf([["a", "x", 1, 3.9], ["a", "y", 2, 4], ["b", "y", 3, 5]]);
  const { keep, stages } = filterInteractions(raw, { minRating: 4, kCore: 0 });
  assertEquals(Array.from(keep), [0, 1, 1]);
  assertEquals(stages.map(({ stage }) => stage), ["read", "rated at least 4"]);
});

Deno.test("filterInteractions() keeps a rating equal to a threshold that 32 bits round", () => {
  const { keep } = filterInteractions(rawOf([["a", "x", 1, 3.7]]), { minRating: 3.7, kCore: 0 });
  assertEquals(Array.from(keep), [1]);
});

Deno.test("filterInteractions() refuses a threshold without ratings, and filters that leave nothing", () => {
  const unrated = assertThrows(
    () => filterInteractions(rawOf([["a", "x"]]), { minRating: 4, kCore: 0 }),
    BladeError,
  );
  assertEquals(unrated.refusal.place, "data.minRating");
  const empty = assertThrows(
    () => filterInteractions(rawOf([["a", "x", 1, 3]]), { minRating: 2, kCore: 5 }),
    BladeError,
  );
  assertEquals(empty.refusal.rule, "must leave interactions after rated at least 2 and 5-core");
});

Deno.test("filterInteractions() leaves the largest set in which everyone has k interactions", () => {
  const rows = fc.array(fc.tuple(fc.constantFrom(..."abcde"), fc.constantFrom(..."vwxyz")), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(fc.property(rows, fc.integer({ min: 1, max: 4 }), (pairs, k) => {
    const expected = largestCore(pairs, k);
    if (expected.length === 0) {
      assertThrows(() => filterInteractions(rawOf(pairs), { minRating: null, kCore: k }), BladeError);
      return;
    }
    const { keep } = filterInteractions(rawOf(pairs), { minRating: null, kCore: k });
    assertEquals(pairs.filter((_, row) => keep[row] === 1), expected);
  }));
});

/** Drops one offending user or item at a time. The k-core is unique, so the order does not matter. */
function largestCore(pairs: [string, string][], k: number): [string, string][] {
  const offender = pairs.flat().find((id) => pairs.filter((pair) => pair.includes(id)).length < k);
  return offender === undefined ? pairs : largestCore(pairs.filter((pair) => !pair.includes(offender)), k);
}

Deno.test("buildDataset() orders by time, ties as in the file, and numbers users and items by first appearance", () => {
  const raw = rawOf([["bob", "z", 5], ["ann", "y", 9], ["bob", "x", 5], ["ann", "x", 1], ["bob", "y", 5], [
    "bob",
    "w",
    2,
  ]]);
  const { users, catalog, log } = buildDataset(raw, filterInteractions(raw, { minRating: null, kCore: 0 }));
  assertEquals(users, ["bob", "ann"]);
  assertEquals(catalog.ids, ["z", "y", "x", "w"]);
  assertEquals(Array.from(log.items, (item) => catalog.ids[item]), ["w", "z", "x", "y", "x", "y"]);
  assertEquals(Array.from(log.times), [2, 5, 5, 5, 1, 9]);
  assertEquals(Array.from(log.offsets), [0, 4, 6]);
});

Deno.test("interactionBuffer() keeps every row past its first capacity", () => {
  const buffer = interactionBuffer();
  for (let row = 0; row < 10_000; row++) buffer.add(row, row + 1, row + 2, row + 3);
  const { users, items, times, ratings } = buffer.finish();
  assertEquals([users.length, items.length, times.length, ratings.length], [10_000, 10_000, 10_000, 10_000]);
  assertEquals([users[9_999], items[4_096], times[4_095], ratings[0]], [9_999, 4_097, 4_097, 3]);
});
