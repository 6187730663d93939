import type { DecoderConfig } from "../model/config.ts";

/** What slates of several tokens an item are decoded with. */
export interface DecodingSize {
  /** Tokens of the longest prompt. */
  readonly prompt: number;
  /** Slates of a context. */
  readonly groupSize: number;
  /** Tokens of a slate that there is room for. */
  readonly capacity: number;
}

/** Bytes that the caches of slates in progress take at most, where that is more than one context's. */
const ROOM = 512 * 2 ** 20;

/**
 * How many contexts are decoded at once, so that keys and values of their prompts and slates, and the inside of a block
 * while the prompts are read, stay within 512 MiB; at least one.
 *
 * @example
 * ```ts
 * import { contextsAtOnce } from "./contexts_at_once.ts";
 * import { plainDecoder } from "../model/config.ts";
 * import { assertEquals } from "@std/assert";
 * const shape = { layers: 12, width: 768, heads: 12, kvHeads: 4, hidden: 2048 };
 * const decoder = plainDecoder({ ...shape, vocabulary: 9, ropeBase: 1e4, normEpsilon: 1e-6, marksPicks: false });
 * assertEquals(contextsAtOnce(decoder, { prompt: 160, groupSize: 4, capacity: 60 }), 22);
 * ```
 */
export function contextsAtOnce(config: DecoderConfig, { prompt, groupSize, capacity }: DecodingSize): number {
  const { layers, width, heads, kvHeads, headWidth, hidden } = config;
  const pairs = 2 * kvHeads * headWidth, projected = heads * headWidth + pairs;
  const caches = layers * (prompt * projected + groupSize * capacity * pairs);
  const inside = prompt * (4 * width + 2 * projected + heads * headWidth + 3 * hidden);
  return Math.max(1, Math.floor(ROOM / (4 * (caches + inside))));
}
