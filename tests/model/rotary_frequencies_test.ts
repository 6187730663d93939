import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { rotaryFrequencies } from "../../src/model/rotary_frequencies.ts";

/** Llama 3.1: waves over 8192 positions are stretched by 8, those under 2048 are left. */
const ropeScaling = {
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalPositions: 8192,
};

Deno.test("frequencies fall from 1 by equal factors", () => {
  const frequencies = rotaryFrequencies({ headWidth: 8, ropeBase: 10000, ropeScaling: null });
  [1, 0.1, 0.01, 0.001].forEach((value, i) => assertAlmostEquals(frequencies[i]!, value, 1e-15));
  assertEquals(frequencies.length, 4);
});

Deno.test("short waves stay, long ones are stretched, and those between are blended", () => {
  // Waves of 2π·100^i positions: 6.3, 628.3, 62 831.9; with a base of 1000² those between are 6283.2.
  const stretched = rotaryFrequencies({ headWidth: 6, ropeBase: 1e6, ropeScaling });
  assertAlmostEquals(stretched[0]!, 1, 1e-15);
  assertAlmostEquals(stretched[1]!, 0.01, 1e-15);
  assertAlmostEquals(stretched[2]!, 1e-4 / 8, 1e-18);
  // A wave of 2π·1000 = 6283.2 positions turns 8192/6283.2 = 1.30380 times in 8192, so that
  // (1.30380 − 1)/(4 − 1) = 0.101265 of it stays: 0.001·(0.898735/8 + 0.101265) = 2.136070e-4.
  const between = rotaryFrequencies({ headWidth: 4, ropeBase: 1e6, ropeScaling });
  assertAlmostEquals(between[1]!, 2.136070e-4, 1e-9);
});

Deno.test("the blend meets both ends: no wave is longer than one that began longer", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 10, max: 1e7, noNaN: true }),
      fc.integer({ min: 1, max: 64 }),
      fc.double({ min: 1, max: 64, noNaN: true }),
      (ropeBase, pairs, factor) => {
        const scaling = { ...ropeScaling, factor };
        const plain = rotaryFrequencies({ headWidth: 2 * pairs, ropeBase, ropeScaling: null });
        const scaled = rotaryFrequencies({ headWidth: 2 * pairs, ropeBase, ropeScaling: scaling });
        scaled.forEach((frequency, i) => {
          assert(frequency <= plain[i]! * (1 + 1e-12) && frequency >= plain[i]! / factor * (1 - 1e-12));
          if (i > 0) assert(frequency <= scaled[i - 1]! * (1 + 1e-12));
          const wave = 2 * Math.PI / plain[i]!;
          if (wave < 2048) assertEquals(frequency, plain[i]);
          if (wave > 8192) assertEquals(frequency, plain[i]! / factor);
        });
      },
    ),
  );
});
