import { BladeError } from "../core/errors.ts";
import type { ItemCodec } from "./item_codec.ts";

/**
 * One token an item: token = item index, then the special token. The first `items` rows of the embedding table are
 * the catalog, so that item scores are one product with a slice of it.
 *
 * @example
 * ```ts
 * import { idCodec } from "./id_codec.ts";
 * import { assertEquals } from "@std/assert";
 * const codec = idCodec(3);
 * assertEquals(codec.encode(2), [2]);
 * assertEquals([...codec.trie.children(codec.trie.root)], [0, 1, 2]);
 * assertEquals(codec.trie.item(codec.trie.next(codec.trie.root, 1)), 1);
 * assertEquals(codec.vocabulary, 4);
 * ```
 */
export function idCodec(items: number): ItemCodec {
  if (!Number.isInteger(items) || items < 1) {
    throw new BladeError({
      place: "id codec",
      rule: "the catalog must hold at least 1 item",
      value: items,
      mend: "check the data set with `data inspect`: filters such as data.kCore may have removed everything",
    });
  }
  const all = Int32Array.from({ length: items }, (_, item) => item);
  const none = new Int32Array(0);
  const root = 0;
  return {
    vocabulary: items + 1,
    tokenIsItem: true,
    tokensPerItem: 1,
    opening: [items],
    closing: [],
    encode: (item) => [item as number],
    trie: {
      root,
      children: (node) => node === root ? all : none,
      firstChild: (node) => node === root ? 1 : -1,
      next: (node, token) => node === root && token >= 0 && token < items ? token + 1 : -1,
      item: (node) => node - 1,
      from: (node) => node === root ? 0 : node - 1,
      to: (node) => node === root ? items : node,
      place: (item) => item,
    },
  };
}
