import type { DecoderConfig, RopeScaling } from "./config.ts";
import { pow } from "../numerics/power.ts";

/**
 * [headWidth/2] radians per position of each pair of a head (arXiv 2104.09864): ropeBase^(−2i/headWidth), scaled where
 * the checkpoint says so.
 *
 * @example
 * ```ts
 * import { rotaryFrequencies } from "./rotary_frequencies.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(rotaryFrequencies({ headWidth: 4, ropeBase: 100, ropeScaling: null }), [1, 0.1]);
 * ```
 */
export function rotaryFrequencies(
  { headWidth, ropeBase, ropeScaling }: Pick<DecoderConfig, "headWidth" | "ropeBase" | "ropeScaling">,
): number[] {
  const plain = Array.from({ length: headWidth / 2 }, (_, i) => pow(ropeBase, -2 * i / headWidth));
  return ropeScaling === null ? plain : plain.map((frequency) => scaled(frequency, ropeScaling));
}

/**
 * The scaling of Llama 3.1: waves longer than pre-training could show are stretched by the factor, short ones stay, and
 * those between are blended by how often they turn within the positions of pre-training.
 */
function scaled(
  frequency: number,
  { factor, lowFrequencyFactor, highFrequencyFactor, originalPositions }: RopeScaling,
): number {
  const turns = originalPositions * frequency / (2 * Math.PI);
  if (turns < lowFrequencyFactor) return frequency / factor;
  if (turns > highFrequencyFactor) return frequency;
  const kept = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return (1 - kept) * frequency / factor + kept * frequency;
}
