import { assertEquals, assertThrows } from "@std/assert";
import { idCodec } from "../../src/codec/id_codec.ts";

/** Every item that walks through the trie end at, with its tokens. */
function walks(codec: ReturnType<typeof idCodec>): [number, number[]][] {
  const found: [number, number[]][] = [];
  const visit = (node: number, tokens: number[]) => {
    const item = codec.trie.item(node);
    if (item >= 0) found.push([item, tokens]);
    for (const token of codec.trie.children(node)) visit(codec.trie.next(node, token), [...tokens, token]);
  };
  visit(codec.trie.root, []);
  return found;
}

Deno.test("the trie of the id codec spells every item once, as encode does", () => {
  for (const items of [1, 5]) {
    const codec = idCodec(items);
    assertEquals(walks(codec), Array.from({ length: items }, (_, item) => [item, [...codec.encode(item)]]));
    assertEquals(codec.tokensPerItem, 1);
  }
});

Deno.test("the special token of the id codec is a row of the embedding, and no item", () => {
  const codec = idCodec(5);
  assertEquals([codec.opening[0]!, codec.vocabulary], [5, 6]);
  assertEquals(codec.trie.next(codec.trie.root, codec.opening[0]!), -1);
  assertEquals(codec.trie.next(codec.trie.root, -1), -1);
  const leaf = codec.trie.next(codec.trie.root, 2);
  assertEquals([codec.trie.next(leaf, 0), codec.trie.item(codec.trie.root)], [-1, -1]);
});

Deno.test("the id codec refuses a catalog without items", () => {
  assertThrows(() => idCodec(0), Error, "must hold at least 1 item, got 0");
  assertThrows(() => idCodec(2.5), Error, "got 2.5");
});
