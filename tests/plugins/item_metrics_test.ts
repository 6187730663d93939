import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Signals } from "../../src/core/signals.ts";
import { populationValue } from "../../src/reward/marginal.ts";
import type { ListMetric } from "../../src/reward/metric.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { scoreList } from "../../src/reward/score_list.ts";
import { smallWorld } from "../contracts/world.ts";

const { contexts, signals } = smallWorld();

async function valueOf(spec: string, slate: readonly number[], change: Partial<Signals> = {}) {
  const loaded = await loadMetric(spec);
  const batch = {
    items: Int32Array.from(slate),
    contextRow: Int32Array.of(2),
    contexts,
    cutoff: slate.length,
  };
  const given = { ...signals, ...change };
  if (loaded.metric.kind === "population") return populationValue(loaded, batch, given);
  const { values, reasons } = scoreList(spec, loaded.metric as ListMetric, batch, given);
  return reasons.get(0) ?? values[0]!;
}

Deno.test("ild is the mean distance over pairs, by categories as sets", async () => {
  // 0: {a}, 2: {a, b}, 3: {b}: Jaccard 1/2, 1, 1/2.
  assertAlmostEquals(await valueOf("ild", [0, 2, 3]) as number, 2 / 3, 1e-12);
  assertAlmostEquals(await valueOf("ild?distance=cosine", [0, 2, 3]) as number, (3 - Math.SQRT2) / 3, 1e-12);
  assertAlmostEquals(await valueOf("ild?distance=hamming", [0, 2, 3]) as number, (1 + 2 + 1) / 3, 1e-12);
});

Deno.test("ild counts an item that stands there twice as no distance, and skips empty ranks", async () => {
  assertEquals(await valueOf("ild", [0, -1, 0]), 0);
  assertEquals(await valueOf("ild", [0, -1, 3]), 1);
});

Deno.test("ild tells categories apart beyond the thirty-second", async () => {
  const names = Array.from({ length: 70 }, (_, category) => `c${category}`);
  const categories = { names, of: (item: number) => [item, 31, 64] };
  // {0, 31, 64} and {32, 31, 64}: 2 of 4 shared.
  assertAlmostEquals(await valueOf("ild", [0, 32], { categories }) as number, 1 / 2, 1e-12);
});

Deno.test("ild of one item is 0, with an item that has no category undefined", async () => {
  assertEquals(await valueOf("ild", [11]), 0);
  assertEquals(await valueOf("ild", [0, 11]), "an item has no categories");
});

Deno.test("ild by vectors: cosine of directions, hamming of components, jaccard of those not 0", async () => {
  const vectors = [[1, 0, 0], [0, 2, 0], [0, 0, 0], [1, 2, 0], [1, NaN, 0]];
  const features = { dimensions: 3, of: (item: number) => vectors[item] };
  const by = (distance: string, slate: readonly number[]) =>
    valueOf(`ild?distance=${distance}&by=features`, slate, { features });
  assertAlmostEquals(await by("cosine", [0, 3]) as number, 1 - 1 / Math.sqrt(5), 1e-12);
  assertEquals(await by("hamming", [0, 1]), 2);
  assertEquals(await by("jaccard", [0, 3]), 1 / 2);
  assertEquals(await by("cosine", [0, 2]), "an item has no features");
  assertEquals(await by("hamming", [0, 2]), 1);
  assertEquals(await by("hamming", [0, 4]), "an item has no features");
});

Deno.test("novelty takes an item that training never met as met once", async () => {
  // 126 interactions; item 9 once, item 10 never.
  assertAlmostEquals(await valueOf("novelty", [9, 10]) as number, Math.log2(126), 1e-12);
  const users = await valueOf("novelty?kind=inverse-user-frequency", [0, 10]);
  assertAlmostEquals(users as number, (Math.log2(25 / 20) + Math.log2(25)) / 2, 1e-12);
});

Deno.test("popularity and novelty without any training have no value, a mean count is 0", async () => {
  const none = {
    popularity: {
      ...signals.popularity,
      counts: new Float64Array(12),
      users: new Float64Array(12),
      totalInteractions: 0,
      totalUsers: 0,
    },
  };
  assertEquals(await valueOf("novelty", [1], none), "no training interaction");
  assertEquals(await valueOf("popularity?as=share", [1], none), "no training interaction");
  assertEquals(await valueOf("popularity", [1], none), 0);
});

Deno.test("coverage leaves out an item that is not of the catalog, and has no value without one", async () => {
  assertEquals(await valueOf("coverage?as=count", [0, 1, 12]), 2);
  assertEquals(await valueOf("coverage", [0], { catalogSize: 0 }), { notDefined: "no catalog" });
});

Deno.test("mgu-list compares the slate's shares with the user's own history, repeats included", async () => {
  // History 0, 0, 1, 2: a 3.5, b 0.5 of 4. Slate 0, 3: a 1/2, b 1/2. Four categories.
  const expected = (Math.abs(0.5 - 0.875) + Math.abs(0.5 - 0.125)) / 4;
  assertAlmostEquals(await valueOf("mgu-list", [0, 3]) as number, expected, 1e-12);
  assertAlmostEquals(await valueOf("mgu-list?categories=a|b", [0, 3]) as number, 2 * expected, 1e-12);
});

Deno.test("mgu and mgu-list have no value where nothing has a known category", async () => {
  assertEquals(await valueOf("mgu", [11]), { notDefined: "no slate with a known category" });
  assertEquals(await valueOf("mgu?categories=none", [0]), { notDefined: "no history with a known category" });
  assertEquals(await valueOf("mgu-list", [11]), "no item of the slate has a known category");
  const history = { of: () => [11] };
  assertEquals(await valueOf("mgu-list", [0], { history }), "no item of the history has a known category");
});

Deno.test("long-tail is said by a share of the items, by a count, or by what the head holds", async () => {
  // Items 0 to 9 were met; 9 is the tenth of them, 8 and 9 were met at most twice, 0 to 4 hold 80 %.
  assertEquals(await valueOf("long-tail", [9, 8]), 1 / 2);
  assertEquals(await valueOf("long-tail?tail=0.2", [9, 8, 0]), 2 / 3);
  assertEquals(await valueOf("long-tail?tail-max-count=2", [9, 8, 0]), 2 / 3);
  assertEquals(await valueOf("long-tail?head-interactions=0.8", [4, 5, 10]), 2 / 3);
});

Deno.test("long-tail leaves out items never met in training, but for the one that has to be the tail", async () => {
  assertEquals(await valueOf("long-tail", [9, 10]), 1);
  assertEquals(await valueOf("long-tail", [10, 11]), 0);
  assertEquals(await valueOf("long-tail?tail-max-count=2", [0, 9, 10]), 1 / 2);
  // A twentieth of ten items is none: the least popular of all.
  assertEquals(await valueOf("long-tail?tail=0.05", [11, 9]), 1 / 2);
});

Deno.test("mgu-list sees a context again as it was, and one with another history as another", async () => {
  const loaded = await loadMetric("mgu-list");
  const batch = (rows: number[]) => ({
    items: Int32Array.from(rows.flatMap(() => [0, 3])),
    contextRow: Int32Array.from(rows),
    contexts,
    cutoff: 2,
  });
  const { values } = scoreList("mgu-list", loaded.metric as ListMetric, batch([2, 2, 1, 2]), signals);
  // Context 1 met 5, 6, 3: b 1, c 1 1/2, d 1/2 of 3.
  const other = (Math.abs(1 / 2) + Math.abs(1 / 2 - 1 / 3) + 1 / 2 + 1 / 6) / 4;
  assertEquals([values[0], values[1]], [values[3], values[3]]);
  assertAlmostEquals(values[2]!, other, 1e-12);
});

Deno.test("ild by categories is the mean over pairs of sets, however many categories there are", async () => {
  const distances: Record<string, (both: number, a: number, b: number) => number> = {
    jaccard: (both, a, b) => 1 - both / (a + b - both),
    hamming: (both, a, b) => a + b - 2 * both,
    cosine: (both, a, b) => 1 - both / Math.sqrt(a * b),
  };
  const world = fc.integer({ min: 1, max: 70 }).chain((size) =>
    fc.array(fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { minLength: 1, maxLength: 9 }), {
      minLength: 2,
      maxLength: 6,
    }).map((sets) => ({ size, sets }))
  );
  await fc.assert(
    fc.asyncProperty(world, fc.constantFrom("jaccard", "hamming", "cosine"), async ({ size, sets }, name) => {
      const names = Array.from({ length: size }, (_, category) => `c${category}`);
      const categories = { names, of: (item: number) => sets[item] ?? [] };
      let [sum, pairs] = [0, 0];
      for (const [place, a] of sets.entries()) {
        for (const b of sets.slice(place + 1)) {
          const both = a.filter((category) => b.includes(category)).length;
          sum += distances[name]!(both, a.length, b.length);
          pairs++;
        }
      }
      const value = await valueOf(`ild?distance=${name}`, sets.map((_, item) => item), { categories });
      assertAlmostEquals(value as number, sum / pairs, 1e-12);
    }),
    { numRuns: 150 },
  );
});

Deno.test("ild and mgu-list know an item that no batch before had", async () => {
  const { signals } = smallWorld();
  for (const spec of ["ild", "mgu-list"]) {
    const score = async (slate: readonly number[], given: Signals) => {
      const batch = { items: Int32Array.from(slate), contextRow: Int32Array.of(2), contexts, cutoff: 2 };
      return scoreList(spec, (await loadMetric(spec)).metric as ListMetric, batch, given).values[0];
    };
    await score([0, 1], signals);
    assertEquals(await score([3, 8], signals), await score([3, 8], smallWorld().signals));
    assertEquals(await score([0, 11], signals), await score([0, 11], smallWorld().signals));
  }
});

Deno.test("the head ends with the item that brings it to its share of the interactions", async () => {
  const counts = Float64Array.of(5, 3, 1, 1);
  const popularity = { counts, users: counts, totalInteractions: 10, totalUsers: 5, order: [0, 1, 2, 3] };
  const tailOf = (share: number) =>
    valueOf(`long-tail?head-interactions=${share}`, [0, 1, 2, 3], { popularity });
  assertEquals([await tailOf(0.8), await tailOf(0.81), await tailOf(0.5), await tailOf(0)], [
    0.5,
    0.25,
    0.75,
    1,
  ]);
});
