/** Elementary functions in whole numbers of 2⁻³²⁰, beside which a double's 53 bits are few. */

const BITS = 320n;
const ONE = 1n << BITS;

const product = (a: bigint, b: bigint) => (a * b) >> BITS;
const quotient = (a: bigint, b: bigint) => (a << BITS) / b;

/** A double as it is; what is below 2⁻³²⁰ is lost. */
export function fixed(x: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(x).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn), fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  const shift = BigInt(Math.max(exponent, 1) - 1075) + BITS;
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return bits >> 63n ? -size : size;
}

/** By its Taylor series. */
function series(first: bigint, next: (term: bigint, k: bigint) => bigint): bigint {
  let sum = 0n;
  for (let [term, k] = [first, 1n]; term !== 0n && term !== -1n; term = next(term, k), k++) sum += term;
  return sum;
}

/** atanh s = s + s³/3 + s⁵/5 + … */
function atanh(s: bigint): bigint {
  const square = product(s, s);
  let [sum, power] = [0n, s];
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n, power = product(power, square)) sum += power / k;
  return sum;
}

/** log 2 = 2 atanh ⅓. */
const LOG_2 = 2n * atanh(ONE / 3n);

/** atan of 1/n. */
function arcTangentOf(n: bigint): bigint {
  let [sum, power] = [0n, ONE / n];
  for (let k = 1n; power !== 0n; k += 2n, power /= n * n) sum += k % 4n === 1n ? power / k : -power / k;
  return sum;
}

/** Machin 1706. */
const PI = 4n * (4n * arcTangentOf(5n) - arcTangentOf(239n));

/** A value times 2 to the power of what is beside it. */
export type Scaled = readonly [value: bigint, exponent: number];

/** eˣ of a fixed number. */
export function exactExp(x: bigint): Scaled {
  const k = (2n * x + LOG_2) / (2n * LOG_2), rest = x - k * LOG_2;
  return [series(ONE, (term, i) => product(term, rest) / i), Number(k)];
}

/** The logarithm of a positive fixed number. */
export function exactLog(x: bigint): bigint {
  const k = BigInt(x.toString(2).length - 1) - BITS;
  const mantissa = k >= 0n ? x >> k : x << -k;
  return 2n * atanh(quotient(mantissa - ONE, mantissa + ONE)) + k * LOG_2;
}

export function exactLog2(x: bigint): bigint {
  return quotient(exactLog(x), LOG_2);
}

/** xʸ of a positive double. */
export function exactPow(x: number, y: number): Scaled {
  const up = x < 1e-60 ? 300 : 0; // where the fixed number would have few bits
  const logarithm = exactLog(fixed(x * 2 ** up)) - BigInt(up) * LOG_2;
  return exactExp(product(fixed(y), logarithm));
}

export function exactSin(x: bigint): bigint {
  const rest = x % (2n * PI), square = product(rest, rest);
  return series(rest, (term, i) => -product(term, square) / ((2n * i) * (2n * i + 1n)));
}

export function exactCos(x: bigint): bigint {
  const rest = x % (2n * PI), square = product(rest, rest);
  return series(ONE, (term, i) => -product(term, square) / ((2n * i - 1n) * (2n * i)));
}

/** How far a double is from the exact value, in units of the double's last place. */
export function ulpsOff(value: number, [exact, exponent]: Scaled): number {
  const near = fixed(value * 2 ** -exponent);
  const bits = (near < 0n ? -near : near).toString(2).length;
  return Number((1000n * (near - exact)) / (1n << BigInt(Math.max(0, bits - 53)))) / 1000;
}
