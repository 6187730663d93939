import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { leadingEigenvectors, type SparseRow } from "../../src/codec/leading_eigenvectors.ts";
import { randomKey } from "../../src/numerics/random.ts";

/** The rows of n items in a ring, each linked to the next. Its eigenvalues are 2 cos(2πk/n). */
const ring = (n: number): SparseRow[] =>
  Array.from({ length: n }, (_, row) => ({
    columns: Int32Array.of((row + n - 1) % n, (row + 1) % n).sort(),
    values: Float64Array.of(1, 1),
  }));

/** A star: item 0 linked to all others with `weight`, and pairs linked with the weights after it. */
function blocks(weights: readonly number[]): SparseRow[] {
  return weights.flatMap((weight, pair) =>
    [2 * pair + 1, 2 * pair].map((column) => ({
      columns: Int32Array.of(column),
      values: Float64Array.of(weight),
    }))
  );
}

Deno.test("of pairs linked by weights, the weights are the eigenvalues, though −weights are as large", () => {
  // 60 pairs of weight 1.3^i: more rows than directions are kept, so that rounds have to find the greatest.
  const weights = Array.from({ length: 60 }, (_, i) => 1.3 ** ((i * 7) % 60));
  const { values, vectors } = leadingEigenvectors(blocks(weights), 3, randomKey(1));
  [59, 58, 57].forEach((power, j) => {
    assertAlmostEquals(values[j]! / 1.3 ** power, 1, 1e-3);
    const pair = weights.indexOf(1.3 ** power);
    assertAlmostEquals(Math.abs(vectors[2 * pair * 3 + j]!), Math.SQRT1_2, 1e-2);
    assertAlmostEquals(vectors[2 * pair * 3 + j]!, vectors[(2 * pair + 1) * 3 + j]!, 1e-2);
  });
});

Deno.test("a small matrix is solved exactly, and values that are not positive are left out", () => {
  // A ring of six: 2, 1, 1, −1, −1, −2.
  const { values, vectors } = leadingEigenvectors(ring(6), 5, randomKey(2));
  [2, 1, 1, 0, 0].forEach((value, j) => assertAlmostEquals(values[j]!, value, 1e-12));
  for (let row = 0; row < 6; row++) {
    assertAlmostEquals(Math.abs(vectors[row * 5]!), 1 / Math.sqrt(6), 1e-12);
    assertEquals([vectors[row * 5 + 3], vectors[row * 5 + 4]], [0, 0]);
  }
});

Deno.test("large negative eigenvalues do not crowd out small positive ones", () => {
  // 30 stars of items with themselves: −100 on the diagonal of 30 items, 1 to 4 on four others.
  const rows = Array.from({ length: 34 }, (_, row) => ({
    columns: Int32Array.of(row),
    values: Float64Array.of(row < 30 ? -100 : row - 29),
  }));
  const { values } = leadingEigenvectors(rows, 4, randomKey(3));
  [4, 3, 2, 1].forEach((value, j) => assertAlmostEquals(values[j]!, value, 0.02));
});

Deno.test("rows without numbers are zeros to the bit, and a matrix of none has no eigenvalues", () => {
  const none = { columns: new Int32Array(0), values: new Float64Array(0) };
  const { vectors } = leadingEigenvectors(
    [
      none,
      ...ring(30).map(({ columns, values }) => ({
        columns: columns.map((column) => column + 1),
        values,
      })),
    ],
    4,
    randomKey(4),
  );
  assertEquals([...vectors.subarray(0, 4)], [0, 0, 0, 0]);
  assert(vectors.subarray(4).some((x) => x !== 0));
  const empty = leadingEigenvectors([none, none], 3, randomKey(4));
  assertEquals([[...empty.values], [...empty.vectors]], [[0, 0, 0], [0, 0, 0, 0, 0, 0]]);
});

Deno.test("the same key gives the same bits", () => {
  assertEquals(
    leadingEigenvectors(ring(50), 6, randomKey(5)),
    leadingEigenvectors(ring(50), 6, randomKey(5)),
  );
});
