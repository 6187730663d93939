import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Signals } from "../../src/core/signals.ts";
import { populationValue } from "../../src/reward/marginal.ts";
import type { PopulationMetric } from "../../src/reward/metric.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { smallWorld } from "../contracts/world.ts";

const { contexts, signals } = smallWorld();
const second = 1 / Math.log2(3);

/** The value of slates, each shown in a context. */
async function valueOf(
  spec: string,
  shown: readonly (readonly [context: number, slate: readonly number[]])[],
  change: Partial<Signals> = {},
) {
  const cutoff = Math.max(...shown.map(([, slate]) => slate.length));
  const batch = {
    items: Int32Array.from(
      shown.flatMap(([, slate]) => Array.from({ length: cutoff }, (_, k) => slate[k] ?? -1)),
    ),
    contextRow: Int32Array.from(shown, ([context]) => context),
    contexts,
    cutoff,
  };
  return populationValue(await loadMetric(spec), batch, { ...signals, ...change });
}

async function assertValue(expected: number, ...given: Parameters<typeof valueOf>) {
  assertAlmostEquals(await valueOf(...given) as number, expected, 1e-12);
}

const nothing = { notDefined: "nothing is shown" };

Deno.test("entropy is that of the items' shares, in nats, bits or digits", async () => {
  // Shares 1/2, 1/4, 1/4.
  const shown = [[0, [0, 1]], [1, [0, 2]]] as const;
  await assertValue(1.5, "entropy?base=2", shown);
  await assertValue(1.5 * Math.LN2, "entropy", shown);
  await assertValue(1.5 * Math.log10(2), "entropy?base=10", shown);
  assertEquals(await valueOf("entropy", [[0, [-1]]]), nothing);
});

Deno.test("gini compares all items of the catalog, those never shown too", async () => {
  // Of 12 items nine are never shown, two once, one twice: (7·1 + 9·1 + 11·2) / (12 · 4).
  const shown = [[0, [0, 1]], [1, [0, 2]]] as const;
  await assertValue(38 / 48, "gini", shown);
  await assertValue(38 / 44, "gini?normalize=n-1", shown);
  await assertValue(1, "gini?normalize=n-1", [[0, [3]]]);
  // An id that only the lists know is not of the catalog.
  await assertValue(11 / 12, "gini", [[0, [3, 12]]]);
  assertEquals(await valueOf("gini", [[0, [12]]]), nothing);
  assertEquals(await valueOf("gini?normalize=n-1", [[0, [0]]], { catalogSize: 1 }), {
    notDefined: "a catalog of one item",
  });
});

Deno.test("div-ratio and or-ratio count the places that hold an item", async () => {
  // Six places: 0 three times, 1, 2 and 3 once.
  const shown = [[0, [0, 1]], [1, [0, -1, 2]], [2, [0, 3]]] as const;
  await assertValue(4 / 6, "div-ratio", shown);
  await assertValue(5 / 6, "or-ratio", shown);
  await assertValue(1, "or-ratio", [[0, [4, 5]]]);
  assertEquals([await valueOf("div-ratio", [[0, [-1]]]), await valueOf("or-ratio", [[0, [-1]]])], [
    nothing,
    nothing,
  ]);
});

Deno.test("dgu spans from the category shown least for its share to the one shown most", async () => {
  // Histories: a 82, b 29 of 111; the slate is all of b.
  await assertValue(2 * 82 / 111, "dgu?categories=a|b", [[0, [3, 4]]]);
  await assertValue(82 / 111, "mgu?categories=a|b", [[0, [3, 4]]]);
});

Deno.test("calibration per context compares each list with the context's own history", async () => {
  const divergence = (p: readonly number[], q: readonly number[], alpha: number) =>
    p.reduce(
      (sum, share, c) => sum + (share && share * Math.log(share / ((1 - alpha) * q[c]! + alpha * share))),
      0,
    );
  // Context 2 met a 7/8, b 1/8; the slate is half and half. Context 0 knows no category: left out.
  const own = divergence([7 / 8, 1 / 8], [1 / 2, 1 / 2], 0.01);
  await assertValue(own, "calibration?per=context", [[2, [0, 3]], [0, [0]]]);
  const first = 1 / (1 + second);
  await assertValue(
    divergence([7 / 8, 1 / 8], [first, 1 - first], 0.01),
    "calibration?per=context&weights=log",
    [
      [2, [0, 3]],
    ],
  );
  // Context 1 met b 1/3, c 1/2, d 1/6; shown c.
  const other = divergence([0, 1 / 3, 1 / 2, 1 / 6], [0, 0, 1, 0], 0.5);
  const both = (divergence([7 / 8, 1 / 8], [1 / 2, 1 / 2], 0.5) + other) / 2;
  await assertValue(both, "calibration?per=context&alpha=0.5", [[2, [0, 3]], [1, [5]]]);
});

Deno.test("calibration without mixing has no value where a category is not shown at all", async () => {
  const reason = { notDefined: "a category consumed is not shown, and alpha is 0" };
  assertEquals(await valueOf("calibration?alpha=0", [[2, [0]]]), reason);
  assertEquals(await valueOf("calibration?alpha=0&per=context", [[2, [0]]]), reason);
  await assertValue(0, "calibration?alpha=1", [[2, [0]]]);
});

Deno.test("exposure is a group's share of the attention, or per item over that of the other group", async () => {
  // 0 is old, 6 new, 11 of no group; six items are old, five new.
  const shown = [[0, [0, 6, 11]]] as const;
  await assertValue(second / (1 + second), "exposure", shown);
  await assertValue(1 / (1 + second), "exposure?group=old", shown);
  await assertValue((1 / 6) / (second / 5), "exposure?group=old&as=ratio", shown);
  await assertValue((second / 5) / (1 / 6), "exposure?as=ratio", shown);
  assertEquals(await valueOf("exposure?group=none", shown), { notDefined: "no item is of the group" });
  assertEquals(await valueOf("exposure", [[0, [11]]]), { notDefined: "no item with a group is shown" });
  assertEquals(await valueOf("exposure?group=old&as=ratio", [[0, [0]]]), {
    notDefined: "no item of the other group is shown",
  });
});

Deno.test("pop-rsp compares how much of head and of tail is recommended to those who do not know it", async () => {
  // The head are items 0 to 4. Context 2 knows 0, 1, 2: 1 of 2 of the head is shown, 2 of 7 of the tail.
  await assertValue(3 / 11, "pop-rsp", [[2, [3, 8, 9]]]);
  await assertValue(3 / 11, "pop-rsp", [[2, [3, 8, 9]], [1, []]]);
  // Context 1 knows 3, 5 and 6: 4 of the head and 5 of the tail are left, so 2 of 6 and 2 of 12.
  await assertValue(1 / 3, "pop-rsp", [[2, [3, 8, 9]], [1, [0]]]);
  assertEquals(await valueOf("pop-rsp", [[2, [12]]]), {
    notDefined: "nothing of head or tail is recommended",
  });
});

Deno.test("pop-reo compares how much of what is relevant is found of head and of tail", async () => {
  // Context 1: 1, 5 and 7 are relevant, 5 is known, so there is one of the head to find and one of the tail.
  await assertValue(0, "pop-reo", [[1, [1, 7]]]);
  await assertValue(1, "pop-reo", [[1, [7, 7, 0]]]);
  // Context 2 adds 4 of the head and 6, 8, 9 of the tail, of which no list finds any: 1/2 and 1/4.
  await assertValue(1 / 3, "pop-reo", [[1, [1, 7]], [2, []]]);
  assertEquals(await valueOf("pop-reo", [[0, [3]]]), { notDefined: "no candidate of the tail" });
});

Deno.test("user-gap is the largest difference of a list metric's mean between groups of users", async () => {
  // x: 1 in context 0, 1/6 in context 2. y: 1/3 in context 1; nothing is relevant in context 3.
  const shown = [[0, [3]], [1, [1]], [2, [9]], [3, [4]]] as const;
  await assertValue(7 / 12 - 1 / 3, "user-gap@2?metric=recall&group=group", shown);
  await assertValue(7 / 12 - 1 / 3, "user-gap@2?metric=recall", shown);
  // Popularity counts 10 and 1 for x, 30 and 8 for y.
  await assertValue(38 / 2 - 11 / 2, "user-gap?metric=popularity", shown);
  const userGroups = new Map([["group", ["x", "y", "", "z"]]]);
  await assertValue(1 - 1 / 3, "user-gap?metric=recall", shown, { userGroups });
});

Deno.test("user-gap has no value for one group, or for an attribute that the users do not have", async () => {
  assertEquals(await valueOf("user-gap", [[0, [3]], [2, [0]], [3, [3]]]), {
    notDefined: "fewer than two groups of users have a value",
  });
  assertEquals(await valueOf("user-gap?group=age", [[0, [3]]]), {
    notDefined: "the users have no such attribute",
  });
});

Deno.test("user-gap needs what its metric reads, and users' groups", async () => {
  const needs = async (metric: string) => (await loadMetric(`user-gap@5?metric=${metric}`)).metric.needs;
  assertEquals(await needs("ild"), ["userGroups", "categories"]);
  assertEquals(await needs("serendipity"), ["userGroups", "relevance", "popularity", "catalogSize"]);
});

/** Every value anew from the counts. */
const FROM_COUNTS: Readonly<Record<string, (counts: readonly number[]) => number>> = {
  gini(counts) {
    const ascending = counts.toSorted((a, b) => a - b);
    const n = counts.length;
    return ascending.reduce((sum, c, i) => sum + (2 * (i + 1) - n - 1) * c, 0) / (n * sumOf(counts));
  },
  entropy: (counts) =>
    -sumOf(counts.filter((c) => c > 0).map((c) => c / sumOf(counts) * Math.log(c / sumOf(counts)))),
  "div-ratio": (counts) => counts.filter((c) => c > 0).length / sumOf(counts),
  "or-ratio": (counts) => sumOf(counts.toSorted((a, b) => b - a).slice(0, 3)) / sumOf(counts),
};

for (const [name, reckon] of Object.entries(FROM_COUNTS)) {
  Deno.test(`${name} follows its counts through slates that come and go, few and many at once`, async () => {
    const items = 300;
    const metric = (await loadMetric(name)).metric as PopulationMetric;
    const slate = fc.oneof(
      fc.array(fc.integer({ min: 0, max: items - 1 }), { minLength: 1, maxLength: 6 }),
      // So many changes that the counts are summed up anew.
      fc.array(fc.integer({ min: 0, max: items - 1 }), { minLength: 90, maxLength: 120 }),
    );
    const weight = fc.constantFrom(1, 0.9, 0.3, 2);
    fc.assert(
      fc.property(fc.array(fc.tuple(slate, weight), { minLength: 2, maxLength: 12 }), (slates) => {
        const state = metric.create({ catalogSize: items } as never);
        const counts = new Array<number>(items).fill(0);
        const change = (row: readonly number[], by: number) => {
          if (by > 0) metric.add(state, row, by);
          else metric.remove(state, row, -by);
          for (const item of row) counts[item]! += by;
          for (const item of row) if (counts[item]! < 1e-9) counts[item] = 0;
          if (sumOf(counts) > 0) assertAlmostEquals(metric.value(state) as number, reckon(counts), 1e-9);
        };
        for (const [row, by] of slates) change(row, by);
        for (const [row, by] of slates.slice(1)) change(row, -by);
      }),
      { numRuns: 60 },
    );
  });
}

Deno.test("a slate that came and went leaves not a bit behind, whatever the counts", async () => {
  for (const name of Object.keys(FROM_COUNTS)) {
    const metric = (await loadMetric(name)).metric as PopulationMetric;
    const state = metric.create({ catalogSize: 50 } as never);
    for (let step = 0; step < 40; step++) metric.add(state, [step % 7, step % 11, step % 13], 0.9 ** step);
    const before = metric.value(state);
    for (let item = 0; item < 50; item++) {
      metric.add(state, [item, 3, 5], 1);
      metric.value(state);
      metric.remove(state, [item, 3, 5], 1);
      assertEquals(metric.value(state), before, `${name}, item ${item}`);
    }
  }
});

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
