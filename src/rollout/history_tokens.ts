import type { ItemCodec } from "../codec/item_codec.ts";
import type { ItemIndex, TokenId } from "../core/ids.ts";

/** A history as the decoder reads it: the begin token, then the tokens of each item, oldest first. */
export function historyTokens(codec: ItemCodec, history: readonly ItemIndex[]): TokenId[] {
  const tokens: TokenId[] = [codec.begin];
  for (const item of history) tokens.push(...codec.encode(item));
  return tokens;
}
