import type { RandomKey } from "../numerics/random.ts";
import { symmetricEigen } from "../numerics/symmetric_eigen.ts";

/** A sparse symmetric matrix, row by row. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** The greatest eigenvalues of a matrix and their vectors. */
export interface LeadingEigen {
  /** [count] falling; 0 where the matrix has fewer positive ones */
  readonly values: Float64Array;
  /** [rows, count] unit vectors in columns; zeros where the value is 0 */
  readonly vectors: Float64Array;
}

/** Directions kept beside those asked for, so that the last ones converge too (Halko, Martinsson and Tropp 2011). */
const SPARE = 8;
const ROUNDS = 60;
/** Rounds end when the sum of the wanted eigenvalues grows by less than this share of it. */
const TOLERANCE = 1e-4;
/** What is this small beside the greatest eigenvalue is a zero that was rounded. */
const ROUNDED = 1e-12;

/**
 * The greatest positive eigenvalues of a sparse symmetric matrix and their vectors, by randomised subspace
 * iteration: a random basis is multiplied by the matrix again and again, and after each round the matrix is
 * diagonalised within the basis. The matrix is shifted by its most negative eigenvalue as far as that is known, or
 * else large negative ones would crowd out small positive ones. Exact for a matrix of at most `count` + 8 rows; of
 * a larger one, the last of many close eigenvalues are approximate, their sum to about a thousandth.
 *
 * @example
 * ```ts
 * import { leadingEigenvectors } from "./leading_eigenvectors.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * // [[0, 2], [2, 0]] has 2 with (1, 1)/√2, and −2.
 * const rows = [1, 0].map((column) => ({ columns: Int32Array.of(column), values: Float64Array.of(2) }));
 * const { values, vectors } = leadingEigenvectors(rows, 1, randomKey(1));
 * assertAlmostEquals(values[0]!, 2);
 * assertAlmostEquals(Math.abs(vectors[0]!), Math.SQRT1_2);
 * ```
 */
export function leadingEigenvectors(rows: readonly SparseRow[], count: number, key: RandomKey): LeadingEigen {
  const size = Math.min(rows.length, count + SPARE);
  const random = new Float64Array(rows.length * size);
  key.fillNormal(random);
  // A row without numbers is 0 in every vector of an eigenvalue that is not.
  for (const [row, { columns }] of rows.entries()) {
    if (columns.length === 0) random.fill(0, row * size, (row + 1) * size);
  }
  // Twice: random columns may be nearly dependent, later ones are not.
  let basis = orthonormal(orthonormal(random, size), size);
  let [shift, before] = [0, -Infinity];
  for (let round = 1;; round++) {
    const images = multiply(rows, basis, size);
    const { values, vectors } = symmetricEigen(inner(basis, images, size), size);
    const sum = values.subarray(0, count).reduce((total, value) => total + Math.max(0, value), 0);
    if (round === ROUNDS || sum - before <= TOLERANCE * sum) {
      return positivePart(values, turned(basis, vectors, size), rows.length, count);
    }
    before = sum;
    shift = Math.max(shift, -values[size - 1]!);
    for (let i = 0; i < images.length; i++) images[i]! += shift * basis[i]!;
    // Columns of length 1 or so: what is short would be lost to rounding beside what is long.
    for (let i = 0; i < vectors.length; i++) {
      const scale = Math.abs(values[i % size]! + shift);
      vectors[i] = scale === 0 ? 0 : vectors[i]! / scale;
    }
    basis = orthonormal(turned(images, vectors, size), size);
  }
}

function positivePart(values: Float64Array, basis: Float64Array, rows: number, count: number): LeadingEigen {
  const size = values.length;
  const leading = new Float64Array(count);
  const vectors = new Float64Array(rows * count);
  for (let j = 0; j < Math.min(size, count); j++) {
    if (values[j]! <= values[0]! * ROUNDED) break;
    leading[j] = values[j]!;
    for (let row = 0; row < rows; row++) vectors[row * count + j] = basis[row * size + j]!;
  }
  return { values: leading, vectors };
}

/** matrix · basis, [rows, size] */
function multiply(rows: readonly SparseRow[], basis: Float64Array, size: number): Float64Array {
  const product = new Float64Array(basis.length);
  for (const [row, { columns, values }] of rows.entries()) {
    const to = product.subarray(row * size, (row + 1) * size);
    for (let entry = 0; entry < columns.length; entry++) {
      const [value, from] = [values[entry]!, columns[entry]! * size];
      for (let j = 0; j < size; j++) to[j]! += value * basis[from + j]!;
    }
  }
  return product;
}

/** leftᵀ · right, [size, size], of which is known that it is symmetric. */
function inner(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let start = 0; start < left.length; start += size) {
    for (let i = 0; i < size; i++) {
      const x = left[start + i]!;
      for (let j = i; j < size; j++) product[i * size + j]! += x * right[start + j]!;
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) product[i * size + j] = product[j * size + i]!;
  }
  return product;
}

/** basis · vectors, [rows, size] */
function turned(basis: Float64Array, vectors: Float64Array, size: number): Float64Array {
  const product = new Float64Array(basis.length);
  for (let start = 0; start < basis.length; start += size) {
    for (let i = 0; i < size; i++) {
      const x = basis[start + i]!;
      for (let j = 0; j < size; j++) product[start + j]! += x * vectors[i * size + j]!;
    }
  }
  return product;
}

/** A basis of the same space with unit vectors at right angles; zero vectors for directions that others span. */
function orthonormal(basis: Float64Array, size: number): Float64Array {
  const { values, vectors } = symmetricEigen(inner(basis, basis, size), size);
  const scaled = vectors.slice();
  for (let j = 0; j < size; j++) {
    const scale = values[j]! > values[0]! * ROUNDED ? 1 / Math.sqrt(values[j]!) : 0;
    for (let i = 0; i < size; i++) scaled[i * size + j]! *= scale;
  }
  return turned(basis, scaled, size);
}
