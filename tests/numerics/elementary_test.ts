/** The project's own elementary functions beside exact ones and beside the engine's. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { exp, expm1 } from "../../src/numerics/exponentials.ts";
import { log, log1p, log2 } from "../../src/numerics/logarithms.ts";
import { pow } from "../../src/numerics/power.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { cos, sin } from "../../src/numerics/trigonometry.ts";
import * as exact from "./_exact.ts";

const ONE = exact.fixed(1);

/** Numbers between the bounds, evenly spread, and as many spread evenly by their exponents around 0. */
function spread(from: number, to: number, count: number): number[] {
  const { uniform } = randomKey(1).split("spread", count);
  const even = Array.from({ length: count }, (_, i) => from + (to - from) * uniform(i));
  const small = Array.from({ length: count }, (_, i) => {
    const size = 2 ** (-60 + 70 * uniform(count + i));
    return i % 2 === 0 ? size : -size;
  });
  return [...even, ...small.filter((x) => x > from && x < to)];
}

const cases: {
  readonly name: string;
  readonly own: (x: number) => number;
  readonly engine: (x: number) => number;
  readonly exact: (x: number) => exact.Scaled;
  readonly from: number;
  readonly to: number;
}[] = [
  {
    name: "exp",
    own: exp,
    engine: Math.exp,
    exact: (x) => exact.exactExp(exact.fixed(x)),
    from: -708,
    to: 709,
  },
  {
    name: "expm1",
    own: expm1,
    engine: Math.expm1,
    exact: (x) => {
      const [value, k] = exact.exactExp(exact.fixed(x));
      return [(k >= 0 ? value << BigInt(k) : value >> BigInt(-k)) - ONE, 0];
    },
    from: -50,
    to: 60,
  },
  {
    name: "log",
    own: log,
    engine: Math.log,
    exact: (x) => [exact.exactLog(exact.fixed(x)), 0],
    from: 0,
    to: 4,
  },
  {
    name: "log2",
    own: log2,
    engine: Math.log2,
    exact: (x) => [exact.exactLog2(exact.fixed(x)), 0],
    from: 0,
    to: 4,
  },
  {
    name: "log1p",
    own: log1p,
    engine: Math.log1p,
    exact: (x) => [exact.exactLog(ONE + exact.fixed(x)), 0],
    from: -1,
    to: 3,
  },
  {
    name: "sin",
    own: sin,
    engine: Math.sin,
    exact: (x) => [exact.exactSin(exact.fixed(x)), 0],
    from: -9,
    to: 9,
  },
  {
    name: "cos",
    own: cos,
    engine: Math.cos,
    exact: (x) => [exact.exactCos(exact.fixed(x)), 0],
    from: -9,
    to: 9,
  },
  {
    name: "sin of many turns",
    own: sin,
    engine: Math.sin,
    exact: (x) => [exact.exactSin(exact.fixed(x)), 0],
    from: -823_000,
    to: 823_000,
  },
  {
    name: "cos of many turns",
    own: cos,
    engine: Math.cos,
    exact: (x) => [exact.exactCos(exact.fixed(x)), 0],
    from: -823_000,
    to: 823_000,
  },
];

/** Doubles between two of the same sign. */
function doublesBetween(a: number, b: number): number {
  const [one, other] = new BigInt64Array(Float64Array.of(a, b).buffer) as unknown as [bigint, bigint];
  return Number(one > other ? one - other : other - one);
}

for (const { name, own, engine, exact, from, to } of cases) {
  Deno.test(`${name} is within 1 ulp of the exact value, and of the engine's`, () => {
    for (const x of spread(from, to, 600)) {
      assertLess(Math.abs(ulps(own(x), exact(x))), 1, `${name}(${x}) = ${own(x)}`);
    }
    // Where the engine errs to one side and this function to the other, two doubles lie between them.
    for (const x of spread(from, to, 20_000)) {
      assertLess(doublesBetween(own(x), engine(x)), 3, `${name}(${x}) = ${own(x)}, not ${engine(x)}`);
    }
  });
}

function ulps(value: number, scaled: exact.Scaled): number {
  return exact.ulpsOff(value, scaled);
}

Deno.test("pow is within 1 ulp of the exact value, and of the engine's", () => {
  const { uniform } = randomKey(2);
  const bases = (
    i: number,
  ) => [uniform(2 * i), 2 ** (900 * uniform(2 * i) - 450), 1 + (uniform(2 * i) - 0.5) / 1e7];
  for (let i = 0; i < 600; i++) {
    for (const [kind, x] of bases(i).entries()) {
      const most = Math.min(700 / Math.abs(Math.log2(x)), 1e6);
      const y = kind === 0 ? Math.round(most * uniform(2 * i + 1)) : most * (2 * uniform(2 * i + 1) - 1);
      assertLess(Math.abs(ulps(pow(x, y), exact.exactPow(x, y))), 1, `${x} to the ${y}`);
      assertLess(doublesBetween(pow(x, y), x ** y), 3, `${x} to the ${y}`);
    }
  }
});

Deno.test("whole powers that a double holds are exact, and so are logarithms of powers of two", () => {
  for (let n = -1074; n < 1024; n++) {
    // Doubling and halving are exact.
    let power = 1;
    for (let i = 0; i < Math.abs(n); i++) power = n < 0 ? power / 2 : power * 2;
    assertEquals([pow(2, n), log2(power)], [power, n]);
    // What the sources write as 2 ** n is this number too.
    assertEquals(2 ** n, power);
  }
  for (let base = 2; base <= 40; base++) {
    for (let [n, power] = [1, base]; power <= Number.MAX_SAFE_INTEGER; n++, power *= base) {
      assertEquals(
        [pow(base, n), pow(-base, n)],
        [power, n % 2 === 0 ? power : -power],
        `${base} to the ${n}`,
      );
    }
  }
});

Deno.test("at the ends and at what is no number they are what JavaScript's own are", () => {
  const ends = [0, -0, 1, -1, 2, 3, -3, 0.5, -0.5, 5e-324, -5e-324, 1e-310, 1.7e308, -1.7e308]
    .concat([2 ** 31 + 1, 2 ** 53, -(2 ** 53), 2 ** 70, Infinity, -Infinity, NaN]);
  const isAlike = (own: number, engine: number) =>
    Object.is(own, engine) || (own !== 0 && Math.abs(own - engine) <= 4e-16 * Math.abs(engine));
  for (const x of ends) {
    for (const { name, own, engine } of cases.slice(0, 5)) {
      assert(isAlike(own(x), engine(x)), `${name}(${x}) = ${own(x)}, not ${engine(x)}`);
    }
    for (const y of ends) assert(isAlike(pow(x, y), x ** y), `${x} ** ${y} = ${pow(x, y)}, not ${x ** y}`);
  }
});

Deno.test("exp and pow fall to 0 by way of the numbers too small to be normal, and rise to infinity", () => {
  // e^−745.13 and e^−745.14 lie on both sides of half the smallest number.
  assertEquals([exp(-745.13), exp(-745.14), pow(0.5, 1075), pow(2, -1074.4)], [5e-324, 0, 0, 5e-324]);
  assertEquals([exp(709.7827128933841), pow(2, 1024), pow(10, 309)], [Infinity, Infinity, Infinity]);
  assert(exp(709.782712893384) > 1.79e308 && exp(709.782712893384) < Infinity);
});

Deno.test("an angle whose turns could not be counted is refused, never answered wrongly", () => {
  for (const angle of [1e6, -1e300, Infinity, NaN]) {
    assertThrows(() => cos(angle), RangeError, "Cannot reduce");
  }
  assertThrows(() => sin(1e6), RangeError, "radians");
});

Deno.test("their bits on a thousand arguments are these, on every machine", async () => {
  const { uniform } = randomKey(3);
  const values = Array.from({ length: 1000 }, (_, i) => {
    const u = uniform(i), x = 20 * u - 10;
    return [exp(x), expm1(x / 8), log(u), log2(u), log1p(u - 0.5), pow(u, x), sin(x), cos(x)];
  });
  const digest = await crypto.subtle.digest("SHA-256", Float64Array.from(values.flat()));
  assertEquals(new Uint8Array(digest).toHex().slice(0, 16), "c0171c833c583c31");
});
