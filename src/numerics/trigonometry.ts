/**
 * Sine and cosine in +, −, × and ÷ of doubles alone, which every processor rounds alike. What `Math.sin` returns is left to
 * the engine.
 *
 * Reduction and polynomials are those of fdlibm (Sun Microsystems 1993: e_rem_pio2.c, k_sin.c, k_cos.c), within 1 ulp.
 *
 * @module
 */

/** π/2 in three parts of 33 bits, each with what is left of π/2 behind it. */
const PARTS = [
  [1.57079632673412561417, 6.07710050650619224932e-11],
  [6.07710050630396597660e-11, 2.02226624879595063154e-21],
  [2.02226624871116645580e-21, 8.47842766036889956997e-32],
] as const;
/** A quotient above which it would not be exact in the first part: the angle is 823549 radians. */
const MOST_QUARTERS = 524288;

/**
 * The cosine of an angle in radians, up to 823549 of them.
 *
 * @throws {RangeError} for a larger angle, or none
 * @example
 * ```ts
 * import { cos } from "./trigonometry.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, Math.PI].map(cos), [1, -1]);
 * ```
 */
export function cos(angle: number): number {
  const { quarters, high, low } = reduced(angle);
  switch (quarters & 3) {
    case 0:
      return cosine(high, low);
    case 1:
      return -sine(high, low);
    case 2:
      return -cosine(high, low);
    default:
      return sine(high, low);
  }
}

/**
 * The sine of an angle in radians, up to 823549 of them.
 *
 * @throws {RangeError} for a larger angle, or none
 * @example
 * ```ts
 * import { sin } from "./trigonometry.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, Math.PI / 2].map(sin), [0, 1]);
 * ```
 */
export function sin(angle: number): number {
  const { quarters, high, low } = reduced(angle);
  switch (quarters & 3) {
    case 0:
      return sine(high, low);
    case 1:
      return cosine(high, low);
    case 2:
      return -sine(high, low);
    default:
      return -cosine(high, low);
  }
}

/** The angle as a number of quarter turns and a rest, in two parts, of at most π/4. */
function reduced(angle: number): { readonly quarters: number; readonly high: number; readonly low: number } {
  const size = Math.abs(angle);
  if (size <= Math.PI / 4) return { quarters: 0, high: angle, low: 0 };
  const quarters = Math.round(angle * 6.36619772367581382433e-01);
  if (!(Math.abs(quarters) <= MOST_QUARTERS)) {
    throw new RangeError(`Cannot reduce an angle of ${angle} radians`);
  }
  let rest = angle - quarters * PARTS[0][0];
  let behind = quarters * PARTS[0][1];
  // Where so many leading bits went, the next part of π/2 has digits to say.
  for (const [part, lost] of [[PARTS[1], 2 ** -16], [PARTS[2], 2 ** -49]] as const) {
    if (Math.abs(rest - behind) > size * lost) break;
    const before = rest, taken = quarters * part[0];
    rest = before - taken;
    behind = quarters * part[1] - ((before - rest) - taken);
  }
  const high = rest - behind;
  return { quarters, high, low: (rest - high) - behind };
}

/** sin(x + y), |x| ≤ π/4, y its rounding. */
function sine(x: number, y: number): number {
  const z = x * x, v = z * x;
  const r = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * 2.75573137070700676789e-06) +
    z * z * z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10);
  return x - ((z * (0.5 * y - v * r) - y) - v * -1.66666666666666324348e-01);
}

/** cos(x + y), |x| ≤ π/4, y its rounding. */
function cosine(x: number, y: number): number {
  const z = x * x, square = z * z;
  const r =
    z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * 2.48015872894767294178e-05)) +
    square * square *
      (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11));
  const half = 0.5 * z, w = 1 - half;
  return w + (((1 - w) - half) + (z * r - x * y));
}
