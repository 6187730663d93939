import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { semanticCodec } from "../../src/codec/semantic_codec.ts";
import { idsOfSequences } from "../../src/codec/semantic_ids.ts";

Deno.test("each level has tokens of its own, behind those that a model knows", () => {
  const ids = idsOfSequences([[2, 0], [0, 1], [2, 1]]);
  const around = { vocabulary: 100, opening: [7, 8], closing: [9] };
  const codec = semanticCodec(ids, String, around);
  assertEquals(codec.tokens, ["<a_0>", "<a_1>", "<a_2>", "<b_0>", "<b_1>"]);
  assertEquals([0, 1, 2].map((item) => [...codec.encode(item)]), [[102, 103], [100, 104], [102, 104]]);
  assertEquals([codec.vocabulary, codec.opening, codec.closing], [105, [7, 8], [9]]);
  assertEquals([...codec.trie.children(codec.trie.root)], [100, 102]);
});

Deno.test("from scratch one token more opens histories, and no item begins with it", () => {
  const codec = semanticCodec(idsOfSequences([[1], [0]]), String, null);
  assertEquals([codec.vocabulary, codec.opening, codec.closing], [3, [2], []]);
  assertEquals(codec.trie.next(codec.trie.root, 2), -1);
  // A token of an item is not the item's number: the items are the other way round.
  assertEquals([codec.tokenIsItem, codec.trie.item(codec.trie.next(codec.trie.root, 0))], [false, 1]);
});

Deno.test("every item is found at the end of its tokens, whatever the codes", () => {
  const rows = fc.array(fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(rows, (sequences) => {
    const codec = semanticCodec(idsOfSequences(sequences), String, null);
    for (let item = 0; item < sequences.length; item++) {
      const end = [...codec.encode(item)].reduce(
        (node, token) => codec.trie.next(node, token),
        codec.trie.root,
      );
      assertEquals(codec.trie.item(end), item);
    }
  }));
});
