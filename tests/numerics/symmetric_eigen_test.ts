import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { symmetricEigen } from "../../src/numerics/symmetric_eigen.ts";

Deno.test("the eigenvalues of a path of three are √2, 0 and −√2", () => {
  const { values, vectors } = symmetricEigen(Float64Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0), 3);
  [Math.SQRT2, 0, -Math.SQRT2].forEach((value, i) => assertAlmostEquals(values[i]!, value, 1e-14));
  const sign = Math.sign(vectors[0]!);
  [0.5, Math.SQRT1_2, 0.5].forEach((x, row) => assertAlmostEquals(sign * vectors[row * 3]!, x, 1e-14));
});

Deno.test("a diagonal matrix has its diagonal as eigenvalues, falling, ties in order", () => {
  const { values, vectors } = symmetricEigen(Float64Array.of(1, 0, 0, 0, 3, 0, 0, 0, 1), 3);
  assertEquals([...values], [3, 1, 1]);
  assertEquals([...vectors], [0, 1, 0, 1, 0, 0, 0, 0, 1]);
});

Deno.test("the vectors are a basis at right angles that gives the matrix back, at any size of its numbers", () => {
  const input = fc.integer({ min: 1, max: 7 }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      entries: fc.array(fc.integer({ min: -50, max: 50 }), { minLength: n * n, maxLength: n * n }),
      scale: fc.constantFrom(1, 1e-120, 1e120),
    })
  );
  fc.assert(fc.property(input, ({ n, entries, scale }) => {
    const at = (i: number, j: number) => entries[Math.min(i, j) * n + Math.max(i, j)]! * scale;
    const matrix = Float64Array.from({ length: n * n }, (_, i) => at(Math.floor(i / n), i % n));
    const { values, vectors } = symmetricEigen(matrix, n);
    for (let i = 0; i < n; i++) {
      assert(i === 0 || values[i - 1]! >= values[i]!);
      for (let j = 0; j < n; j++) {
        let [dot, entry] = [0, 0];
        for (let k = 0; k < n; k++) {
          dot += vectors[k * n + i]! * vectors[k * n + j]!;
          entry += vectors[i * n + k]! * values[k]! / scale * vectors[j * n + k]!;
        }
        assertAlmostEquals(dot, i === j ? 1 : 0, 1e-12);
        assertAlmostEquals(entry, at(i, j) / scale, 1e-10);
      }
    }
  }));
});
