import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { ItemIndex, TokenId } from "../core/ids.ts";
import type { DecoderConfig } from "../model/config.ts";
import { layOutSequences, type SequenceLayout } from "../model/sequences.ts";

/** A history as the decoder reads it: what it opens with, then the tokens of each item, oldest first. */
export function historyTokens(codec: ItemCodec, history: readonly ItemIndex[]): TokenId[] {
  const tokens: TokenId[] = [...codec.opening];
  for (const item of history) tokens.push(...codec.encode(item));
  return tokens;
}

/** All that the decoder reads before a slate. */
export function promptTokens(codec: ItemCodec, history: readonly ItemIndex[]): TokenId[] {
  return [...historyTokens(codec, history), ...codec.closing];
}

/** The contexts' histories laid out for the decoder, as far as where a slate begins. */
export function historiesOf(
  config: DecoderConfig,
  codec: ItemCodec,
  contexts: readonly Context[],
): SequenceLayout {
  const sequences = contexts.map(({ history }) => ({ history: promptTokens(codec, history), branches: [] }));
  return layOutSequences(config, sequences, codec.opening[0]!);
}
