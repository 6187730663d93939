import { square } from "./power.ts";

/** Eigenvalues of a symmetric matrix and their vectors. */
export interface Eigen {
  /** [n] falling */
  readonly values: Float64Array;
  /** [n, n] column j is the unit vector of value j. */
  readonly vectors: Float64Array;
}

/** Sweeps end when what is off the diagonal is this small beside the whole matrix. */
const TOLERANCE = 1e-15;
/** Convergence is quadratic: a handful of sweeps is the rule, so that this many are never needed. */
const MAX_SWEEPS = 60;

/**
 * All eigenvalues and eigenvectors of a small dense symmetric matrix, by cyclic Jacobi rotations (Golub and Van
 * Loan, Matrix Computations, section 8.5).
 *
 * @param matrix [n, n] finite numbers; what is below the diagonal mirrors what is above
 *
 * @example
 * ```ts
 * import { symmetricEigen } from "./symmetric_eigen.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { values } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
 * assertAlmostEquals(values[0]!, 3);
 * assertAlmostEquals(values[1]!, 1);
 * ```
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice();
  const rotations = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rotations[i * n + i] = 1;
  const bound = TOLERANCE * Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, n) > bound; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, rotations, n, p, q);
    }
  }
  const order = [...Array(n).keys()].sort((i, j) => a[j * n + j]! - a[i * n + i]! || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let row = 0; row < n; row++) vectors[row * n + to] = rotations[row * n + from]!;
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let p = 0; p < n; p++) {
    for (let q = 0; q < n; q++) if (p !== q) sum += square(a[p * n + q]!);
  }
  return Math.sqrt(sum);
}

/** Turns rows and columns p and q so that a[p, q] becomes 0. */
function rotate(a: Float64Array, rotations: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q]!;
  if (off === 0) return;
  const ratio = (a[q * n + q]! - a[p * n + p]!) / (2 * off);
  // The smaller of the two angles. A ratio whose square is infinite turns by nothing.
  const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.sqrt(1 + square(ratio)));
  const cosine = 1 / Math.sqrt(1 + square(tangent));
  const sine = tangent * cosine;
  for (let i = 0; i < n; i++) turn(a, i * n + p, i * n + q, cosine, sine);
  for (let i = 0; i < n; i++) turn(a, p * n + i, q * n + i, cosine, sine);
  for (let i = 0; i < n; i++) turn(rotations, i * n + p, i * n + q, cosine, sine);
  a[p * n + q] = 0;
  a[q * n + p] = 0;
}

function turn(numbers: Float64Array, at: number, other: number, cosine: number, sine: number): void {
  const [x, y] = [numbers[at]!, numbers[other]!];
  numbers[at] = cosine * x - sine * y;
  numbers[other] = sine * x + cosine * y;
}
