import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Context } from "../../src/core/context.ts";
import type { InteractionLog } from "../../src/core/dataset.ts";
import { itemKnn } from "../../src/evaluate/item_knn.ts";
import { rankMostPopular } from "../../src/evaluate/most_popular.ts";
import { topUnseen } from "../../src/evaluate/top_unseen.ts";

function contextOf(user: number, ...seen: number[]): Context {
  return { contextId: user, user, history: seen, seen: new Set(seen) };
}

function logOf(...histories: readonly (readonly number[])[]): InteractionLog {
  const offsets = [0];
  for (const history of histories) offsets.push(offsets.at(-1)! + history.length);
  const interactions = offsets.at(-1)!;
  return {
    offsets: Int32Array.from(offsets),
    items: Int32Array.from(histories.flat()),
    times: new Float64Array(interactions),
    ratings: new Float32Array(interactions),
  };
}

Deno.test("rankMostPopular() leaves out what each user has seen and stops where nothing is left", () => {
  const lists = rankMostPopular({ order: [3, 1, 0, 2] }, [contextOf(0, 1), contextOf(1, 3, 0, 2)], 2);
  assertEquals([...lists], [3, 0, 1, -1]);
});

Deno.test("itemKnn() adds the cosines of the user's train items", () => {
  // Users of the items: 0: {0, 1}, 1: {0, 1, 2}, 2: {1, 2}, 3: {2}.
  const knn = itemKnn(logOf([0, 1], [0, 1, 2], [1, 2, 3]), 4);
  // For a user of 0 in train: cos(1, 0) = 2/√6 = 0.82, cos(2, 0) = 1/2, cos(3, 0) = 0.
  assertEquals([...knn.rank([contextOf(0, 0)], 3, [[0]])], [1, 2, 3]);
});

Deno.test("itemKnn() keeps the neighbours of each candidate, not of the user's items", () => {
  // Of candidate 2's neighbours 1 (0.82) is nearest, 0 (0.5) is dropped with one neighbour kept.
  const knn = itemKnn(logOf([0, 1], [0, 1, 2], [1, 2, 3]), 4, { neighbours: 1 });
  const [first, second] = knn.rank([contextOf(0, 0)], 2, [[0]]);
  assertEquals(first, 1);
  // 2 and 3 score 0 now: the more popular comes first.
  assertEquals(second, 2);
});

Deno.test("itemKnn() compares with train alone: what is only seen is excluded and does not score", () => {
  // Train of user 0 is item 0. Item 3 is seen (a validation item) and like item 4 alone; 1 is like 0.
  const knn = itemKnn(logOf([0], [0, 1], [3, 4], [3, 4]), 5);
  assertEquals([...knn.rank([contextOf(0, 0, 3)], 2)], [1, 4]);
  assertEquals([...knn.rank([contextOf(0, 0, 3)], 2, [[0, 3]])], [4, 1]);
});

Deno.test("itemKnn() counts a repeated interaction once and ranks for a user that train does not know", () => {
  const knn = itemKnn(logOf([0, 0, 0, 1], [1, 2], [2, 1]), 3);
  assertEquals([...knn.rank([contextOf(9)], 3)], [1, 2, 0]);
  // cos(2, 1) = 2/√6 = 0.82, cos(0, 1) = 1/√3 = 0.58: three times the same user and item is once.
  assertEquals([...knn.rank([contextOf(9)], 2, [[1]])], [2, 0]);
});

Deno.test("topUnseen() agrees with sorting everything", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(scores, fc.integer({ min: 1, max: 6 }), fc.integer(), (values, cutoff, bits) => {
    const order = values.map((_, item) => item).reverse();
    const seen = new Set(order.filter((item) => (bits >> item) & 1));
    const sorted = order.filter((item) => !seen.has(item)).sort((a, b) => values[b]! - values[a]!);
    const list = new Int32Array(cutoff);
    topUnseen(values, order, seen, list);
    assertEquals([...list], Array.from({ length: cutoff }, (_, place) => sorted[place] ?? -1));
  }));
});
