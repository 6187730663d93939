import { assert, assertAlmostEquals, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { coOccurrenceEmbedding } from "../../src/codec/co_occurrence.ts";
import type { InteractionLog } from "../../src/core/dataset.ts";
import { BladeError } from "../../src/core/errors.ts";
import { readDataset } from "../../src/data/read_dataset.ts";
import { randomKey } from "../../src/numerics/random.ts";

function logOf(sequences: readonly (readonly number[])[]): InteractionLog {
  const items = Int32Array.from(sequences.flat());
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, user) => offsets[user + 1] = offsets[user]! + sequence.length);
  return { offsets, items, times: new Float64Array(items.length), ratings: new Float32Array(items.length) };
}

const embed = (sequences: readonly (readonly number[])[], items: number, width: number, window: number) =>
  coOccurrenceEmbedding(logOf(sequences), { items, width, window, key: randomKey(1) });

/** Inner products of all pairs of rows. */
function products(vectors: Float32Array, width: number): number[][] {
  const rows = Array.from(
    { length: vectors.length / width },
    (_, i) => [...vectors.subarray(i * width, (i + 1) * width)],
  );
  return rows.map((a) => rows.map((b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)));
}

function assertProducts(vectors: Float32Array, width: number, expected: number[][]): void {
  products(vectors, width).forEach((row, i) =>
    row.forEach((x, j) => assertAlmostEquals(x, expected[i]![j]!, 1e-6))
  );
}

Deno.test("two items among themselves are half their information apart from no other", () => {
  // c = 1 each way in each pair, N = 4: ln 4. Its matrix has ln 4 with (1, 1)/√2, and −ln 4: half of it remains.
  const l = Math.log(4) / 2;
  assertProducts(embed([[0, 1], [3, 2]], 5, 4, 1), 4, [
    [l, l, 0, 0, 0],
    [l, l, 0, 0, 0],
    [0, 0, l, l, 0],
    [0, 0, l, l, 0],
    [0, 0, 0, 0, 0],
  ]);
});

Deno.test("counts enter as information: a star of unequal counts", () => {
  // c(0,1) = 2, c(0,2) = 1, N = 6: ln(2·6/(3·2)) = ln(1·6/(3·1)) = ln 2. The star has √2 ln 2 with (1/√2, 1/2, 1/2).
  const l = Math.SQRT2 * Math.LN2;
  const [a, b, c] = [l / 2, l / (2 * Math.SQRT2), l / 4];
  assertProducts(embed([[0, 1], [1, 0], [0, 2]], 3, 1, 1), 1, [[a, b, b], [b, c, c], [b, c, c]]);
});

Deno.test("items that meet less often than by chance have no information of each other", () => {
  // c(0,1) = c(2,3) = 4, c(0,2) = 1, N = 18: ln(18/25) < 0 for 0 and 2, ln(4·18/(5·4)) = ln 3.6 within the pairs.
  const pairs = [0, 1, 2, 3].flatMap(() => [[0, 1], [2, 3]]);
  const l = Math.log(3.6) / 2;
  assertProducts(embed([...pairs, [0, 2]], 4, 4, 1), 4, [[l, l, 0, 0], [l, l, 0, 0], [0, 0, l, l], [
    0,
    0,
    l,
    l,
  ]]);
});

Deno.test("the window reaches as far as it says, within a user's sequence, and an item is no neighbour of its own", () => {
  const information = (vectors: Float32Array) =>
    products(vectors, 3).map((row) => row.map((x) => Math.abs(x) > 1e-6));
  // 0 and 2 meet within two steps alone. Window 1: a path 0–1–2, whose one positive eigenvector is of all three.
  const near = embed([[0, 1, 2], [3, 4]], 5, 3, 1);
  const far = embed([[0, 1, 2], [3, 4]], 5, 3, 2);
  assertEquals(information(near)[0]!.slice(3), [false, false]);
  // c = 1 each way, N = 6: path √2·ln(1·6/(1·2)); N = 8 and c = 2 an item: triangle 2·ln(8/4), a third each.
  assertAlmostEquals(products(near, 3)[0]![0]!, Math.SQRT2 * Math.log(3) / 4, 1e-6);
  assertAlmostEquals(products(far, 3)[0]![0]!, 2 * Math.LN2 / 3, 1e-6);
  assert(embed([[0, 0, 0]], 1, 2, 3).every((x) => x === 0));
  assertEquals([...embed([[0, 0, 1]], 2, 2, 5)].map(Number.isFinite), [true, true, true, true]);
});

Deno.test("an item without neighbours, and every item of a log without any, has a vector of zeros", () => {
  const vectors = embed([[0, 1], [2]], 4, 3, 2);
  assertEquals([...vectors.subarray(6)], [0, 0, 0, 0, 0, 0]);
  assertEquals([...embed([], 2, 2, 1)], [0, 0, 0, 0]);
});

Deno.test("the items of a series of the quickstart are nearer to each other than to others, and so is a category", async () => {
  const folder = fromFileUrl(new URL("../../fixtures/quickstart", import.meta.url));
  const { log, catalog } = await readDataset({ reader: "fixture", folder, minRating: null, kCore: 0 });
  const [items, width] = [catalog.ids.length, 32];
  const options = { items, width, window: 2, key: randomKey(1) };
  const vectors = coOccurrenceEmbedding(log, options);
  assertEquals(coOccurrenceEmbedding(log, options), vectors);
  const inner = products(vectors, width);
  const numbers = catalog.ids.map((id) => Number(id.slice(1)) - 1);
  const mean = (holds: (a: number, b: number) => boolean) => {
    const cosines = inner.flatMap((row, a) =>
      row.flatMap((x, b) =>
        a !== b && holds(numbers[a]!, numbers[b]!) ? [x / Math.sqrt(inner[a]![a]! * inner[b]![b]!)] : []
      )
    );
    return cosines.reduce((sum, x) => sum + x, 0) / cosines.length;
  };
  const part = (size: number) => (a: number, b: number) => Math.floor(a / size) === Math.floor(b / size);
  const [series, category] = [part(4), part(20)];
  const withinSeries = mean(series);
  const withinCategory = mean((a, b) => category(a, b) && !series(a, b));
  const apart = mean((a, b) => !category(a, b));
  assertGreater(withinSeries, 1.2 * withinCategory);
  assertGreater(withinCategory, 2 * apart);
});

Deno.test("sizes that are none and items beyond the catalog are refused", () => {
  const run = (changes: object) => () =>
    coOccurrenceEmbedding(logOf([[0, 1]]), { items: 2, width: 1, window: 1, key: randomKey(1), ...changes });
  assertThrows(run({ window: 0 }), BladeError, "window must be a whole number >= 1, got 0");
  assertThrows(run({ width: 0.5 }), BladeError, "width must be a whole number >= 1, got 0.5");
  assertThrows(run({ items: 1 }), BladeError, "interactions must be with items 0 to 0, got 1");
});
