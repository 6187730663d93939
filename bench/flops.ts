import type { DecoderConfig } from "../src/model/config.ts";

/**
 * Floating-point operations of the matrix products of one forward pass.
 *
 * @param tokens positions that go through the layers
 * @param keys positions that each of them attends to
 * @param scored positions whose scores over the catalog are computed
 */
export function forwardFlops(
  config: DecoderConfig,
  { tokens, keys, scored, items }: { tokens: number; keys: number; scored: number; items: number },
): number {
  const { width, heads, kvHeads, hidden, layers } = config;
  const qkv = (heads + 2 * kvHeads) * config.headWidth;
  const perToken = layers * 2 * (width * qkv + width * width + 3 * width * hidden + 2 * keys * width);
  return tokens * perToken + scored * 2 * width * items;
}

/** A training step multiplies every matrix three times: forward, by inputs and by weights. */
export function trainingFlops(...pass: Parameters<typeof forwardFlops>): number {
  return 3 * forwardFlops(...pass);
}
