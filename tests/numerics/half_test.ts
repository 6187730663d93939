import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { firstNotFinite, floatsToHalves, type HalfFormat, halvesToFloats } from "../../src/numerics/half.ts";

const FORMATS: readonly HalfFormat[] = ["f16", "bf16"];
const SHAPE = { f16: { exponent: 5, mantissa: 10 }, bf16: { exponent: 8, mantissa: 7 } };
const EVERY = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

/** The value of a pattern as IEEE 754 defines it. */
function valueOf(bits: number, format: HalfFormat): number {
  const { exponent: width, mantissa } = SHAPE[format];
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> mantissa) & (2 ** width - 1);
  const fraction = (bits % 2 ** mantissa) / 2 ** mantissa;
  const bias = 2 ** (width - 1) - 1;
  if (exponent === 2 ** width - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!;

for (const format of FORMATS) {
  Deno.test(`each of the 65,536 patterns of ${format} is the number that IEEE 754 defines`, () => {
    const floats = halvesToFloats(EVERY, format);
    assertEquals(floats.length, 65_536);
    for (const bits of EVERY) {
      if (!Object.is(floats[bits], valueOf(bits, format))) {
        assertEquals(floats[bits], valueOf(bits, format), `${bits}`);
      }
    }
  });

  Deno.test(`each of the 65,536 patterns of ${format} comes back from float32, NaN as NaN`, () => {
    const back = floatsToHalves(halvesToFloats(EVERY, format), format);
    for (const bits of EVERY) {
      const same = Number.isNaN(valueOf(bits, format))
        ? Number.isNaN(valueOf(back[bits]!, format)) && back[bits]! >> 15 === bits >> 15
        : back[bits] === bits;
      assert(same, `${bits} came back as ${back[bits]}`);
    }
  });

  Deno.test(`floatsToHalves() rounds to the nearest ${format}, and to the even one between two`, () => {
    const infinity = (2 ** SHAPE[format].exponent - 1) * 2 ** SHAPE[format].mantissa;
    // Infinity counts as the number that would follow the largest.
    const reach = (bits: number) =>
      bits === infinity
        ? 2 * valueOf(infinity - 1, format) - valueOf(infinity - 2, format)
        : valueOf(bits, format);
    const check = (value: number) => {
      const bits = floatsToHalves(Float32Array.of(value), format)[0]! & 0x7fff;
      const size = Math.abs(value);
      if (size >= reach(infinity)) return assertEquals(bits, infinity);
      // Doubles hold these differences exactly, so a tie is a tie.
      const error = Math.abs(size - reach(bits));
      for (const other of [bits - 1, bits + 1]) {
        if (other < 0 || other > infinity) continue;
        const away = Math.abs(size - reach(other));
        assert(
          error < away || (error === away && bits % 2 === 0),
          `${value} became ${bits}, and not ${other}`,
        );
      }
    };
    const float = fc.float({ noNaN: true, noDefaultInfinity: true });
    const nearAHalf = fc.tuple(fc.nat(infinity - 1), fc.integer({ min: -2, max: 2 })).map(([bits, step]) => {
      const word = bitsOf((reach(bits) + reach(bits + 1)) / 2) + step;
      return new Float32Array(Uint32Array.of(Math.max(0, word)).buffer)[0]!;
    });
    fc.assert(
      fc.property(fc.oneof(float, nearAHalf), fc.boolean(), (value, negative) => {
        if (Number.isFinite(value)) check(negative ? -value : value);
      }),
      { numRuns: 5000 },
    );
    for (let bits = 0; bits < infinity; bits++) check((reach(bits) + reach(bits + 1)) / 2);
  });

  Deno.test(`floatsToHalves() keeps the signs of zero, infinity and NaN in ${format}`, () => {
    const sticky = new Float32Array(Uint32Array.of(0x7f800001, 0xffffffff).buffer);
    const values = Float32Array.of(0, -0, Infinity, -Infinity, 3e38, NaN, 0, 0);
    // Payloads of NaN that dropping the lower half would turn into infinities.
    values.set(sticky, 6);
    const back = halvesToFloats(floatsToHalves(values, format), format);
    const large = format === "f16" ? Infinity : 3e38;
    assertEquals([...back.subarray(0, 4)], [0, -0, Infinity, -Infinity]);
    assert(Math.abs(back[4]! / large - 1) < 0.01 || back[4] === large);
    assert([...back.subarray(5)].every(Number.isNaN), `${back}`);
  });

  Deno.test(`firstNotFinite() finds what is NaN or infinite among the patterns of ${format}`, () => {
    for (const bits of EVERY) {
      const expected = Number.isFinite(valueOf(bits, format)) ? 2 : 1;
      assert(firstNotFinite(Uint16Array.of(0, bits, 0xffff), format) === expected, `${bits}`);
    }
    assertEquals(firstNotFinite(Uint16Array.of(0, 0), format), -1);
  });
}

Deno.test("halvesToFloats() writes into a part of an array, and leaves the rest", () => {
  for (const format of FORMATS) {
    const one = floatsToHalves(Float32Array.of(9, 1, -2), format).subarray(1);
    const floats = new Float32Array(5).fill(7);
    const part = floats.subarray(1, 4);
    assert(halvesToFloats(one, format, part) === part);
    assertEquals([...floats], [7, 1, -2, 7, 7]);
    assertEquals([...floatsToHalves(floats.subarray(1, 3), format)], [...one]);
    assertThrows(() => halvesToFloats(one, format, floats.subarray(4)), RangeError, "room for 1");
  }
});
