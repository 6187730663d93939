import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { textCodec } from "../../src/codec/text_codec.ts";
import type { TextTokenizer } from "../../src/codec/tokenizer.ts";
import { BladeError } from "../../src/core/errors.ts";

const BOS = 1;
const VOCABULARY = 0x110000;
const PROMPT = { opening: "Seen:\n", closing: "Next:\n" };

/** A tokenizer of code points, after what becomes of a text; texts begin with a token of their own. */
function tokenizerOf(normal: (text: string) => string = (text) => text): TextTokenizer {
  const encode = (text: string) => Array.from(normal(text), (letter) => letter.codePointAt(0)!);
  return {
    encode,
    encodeStart: (text) => [BOS, ...encode(text)],
    decode: (tokens) => String.fromCodePoint(...tokens),
  };
}

const codecOf = (titles: readonly string[], normal?: (text: string) => string, ids?: readonly string[]) =>
  textCodec(
    { titles, ids: ids ?? titles.map((_, item) => `i${item}`) },
    tokenizerOf(normal),
    PROMPT,
    VOCABULARY,
  );

const points = (text: string) => Array.from(text, (letter) => letter.codePointAt(0)!);
const lower = (text: string) => text.toLowerCase();

Deno.test("an item is the tokens of its title and a line end, and a token before all opens the prompt", () => {
  const codec = codecOf(["Dune", "Emma", "Dune Messiah"]);
  assertEquals([...codec.encode(0)], points("Dune\n"));
  assertEquals([...codec.encode(2)], points("Dune Messiah\n"));
  assertEquals(codec.opening, [BOS, ...points("Seen:\n")]);
  assertEquals(codec.closing, points("Next:\n"));
  assertEquals([codec.vocabulary, codec.tokensPerItem, codec.renamed], [VOCABULARY, 13, 0]);
  const end = points("Dune\n").reduce((node, token) => codec.trie.next(node, token), codec.trie.root);
  assertEquals(codec.trie.item(end), 0);
});

Deno.test("a title is one line: newlines, tabs and spaces become one space, and none at the ends", () => {
  const codec = codecOf(["A\nB", " A\t \r\nC ", "A\u2028D", "A\u00a0E"]);
  assertEquals(codec.texts, ["A B", "A C", "A D", "A E"]);
  assertEquals([...codec.encode(1)], points("A C\n"));
  assertEquals(codec.renamed, 0);
});

Deno.test("a title that several items have stands before the id of each", () => {
  const codec = codecOf(["Dune", "Emma", "Dune", " Dune\t"]);
  assertEquals(codec.texts, ["Dune [i0]", "Emma", "Dune [i2]", "Dune [i3]"]);
  assertEquals([...codec.encode(3)], points("Dune [i3]\n"));
  assertEquals(codec.renamed, 3);
});

Deno.test("titles are alike where their tokens are", () => {
  const codec = codecOf(["DUNE", "Dune", "Emma"], lower);
  assertEquals(codec.texts, ["DUNE [i0]", "Dune [i1]", "Emma"]);
  assertEquals([...codec.encode(0)], points("dune [i0]\n"));
  assertEquals(codec.renamed, 2);
});

Deno.test("an item without a title is called untitled", () => {
  const codec = codecOf(["", "Emma", " \n", "untitled [i0]"], undefined, ["i0", "i1", "a\n b", "i3"]);
  // The last has by chance the name of the first, and gets its own id.
  assertEquals(codec.texts, ["untitled [i0]", "Emma", "untitled [a b]", "untitled [i0] [i3]"]);
  assertEquals(codec.renamed, 3);
});

Deno.test("where ids do not tell items apart their numbers do", () => {
  // Without their case the ids are alike as well.
  const codec = codecOf(["Dune", "dune", "Emma"], lower, ["X", "x", "y"]);
  assertEquals(codec.texts, ["Dune [X 0]", "dune [x 1]", "Emma"]);
  // A title that is by chance what another becomes.
  const chance = codecOf(["Dune", "Dune", "Dune [i0]"]);
  assertEquals(chance.texts, ["Dune [i0 0]", "Dune [i1]", "Dune [i0] [i2 2]"]);
  assertEquals(chance.renamed, 3);
});

Deno.test("items that a tokenizer cannot tell apart are refused by name", () => {
  const blind = (text: string) => text.replace(/[^\n]+/g, "?");
  const error = assertThrows(() => codecOf(["Dune", "Emma"], blind), BladeError);
  assertStringIncludes(
    error.message,
    'title "Dune [i0 0]": must become other tokens than those of every other',
  );
  assertStringIncludes(error.message, "model.codec semantic");
});

Deno.test("titles of which one begins as another ends are refused where no line end tells them apart", () => {
  const error = assertThrows(() => codecOf(["Dune Messiah", "Dune"], (text) => text.trim()), BladeError);
  assertStringIncludes(
    error.message,
    'tokens of the title "Dune Messiah": must not begin with all the tokens',
  );
  assertStringIncludes(error.message, 'the title "Dune"');
});

Deno.test("a token that the model does not know is refused with what it is of", () => {
  const catalog = { titles: ["Dune", "Zoë"], ids: ["a", "b"] };
  const build = (vocabulary: number, prompt = PROMPT) =>
    textCodec(catalog, tokenizerOf(), prompt, vocabulary);
  const error = assertThrows(() => build("ë".codePointAt(0)!), BladeError);
  assertStringIncludes(
    error.message,
    "title Zoë: must be of tokens that the model knows, of which there are 235, got 235",
  );
  assertEquals(build("ë".codePointAt(0)! + 1).vocabulary, 236);
  for (const prompt of [{ ...PROMPT, opening: "→" }, { ...PROMPT, closing: "→" }]) {
    assertStringIncludes(
      assertThrows(() => build(300, prompt), BladeError).message,
      "model.prompt: must be of tokens",
    );
  }
});

Deno.test("a catalog without items is refused", () => {
  assertStringIncludes(assertThrows(() => codecOf([]), BladeError).message, "must hold at least 1 item");
});

Deno.test("whatever titles are called, every item is told apart, and walking finds it", () => {
  const title = fc.oneof(
    fc.constantFrom("", "A", "a", " a\n", "a [0]", "a [0] [2]", "untitled", "untitled [1]"),
    fc.string({ unit: "grapheme", maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(title, { minLength: 1, maxLength: 8 }), fc.boolean(), (titles, folds) => {
      const codec = codecOf(titles, folds ? lower : undefined, titles.map((_, item) => `${item}`));
      titles.forEach((_, item) => {
        const tokens = [...codec.encode(item)];
        assertEquals(tokens.at(-1), 10);
        assertEquals(tokens.indexOf(10), tokens.length - 1);
        const end = tokens.reduce((node, token) => codec.trie.next(node, token), codec.trie.root);
        assertEquals(codec.trie.item(end), item);
      });
      const bare = titles.map((own) => own.replace(/\s+/gu, " ").trim());
      codec.texts.forEach((text, item) =>
        assert(text.startsWith(bare[item] === "" ? "untitled [" : bare[item]!))
      );
      assertEquals(codec.renamed, codec.texts.filter((text, item) => text !== bare[item]).length);
      // Titles that differ and are there keep their names.
      const counts = Map.groupBy(bare, (own) => folds ? lower(own) : own);
      const plain = bare.every((own) => own !== "" && !/[[\]]/.test(own));
      if (plain) {
        codec.texts.forEach((text, item) => {
          const alone = counts.get(folds ? lower(bare[item]!) : bare[item]!)!.length === 1;
          assertEquals(text, alone ? bare[item]! : `${bare[item]} [${item}]`);
        });
      }
    }),
    { numRuns: 500 },
  );
});
