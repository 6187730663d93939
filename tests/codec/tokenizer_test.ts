import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { extendTokenizer } from "../../src/codec/extend_tokenizer.ts";
import { readTokenizer } from "../../src/codec/tokenizer.ts";
import { BladeError } from "../../src/core/errors.ts";
import { inFolder } from "../data/_folder.ts";

/** The characters that stand for the 256 bytes, printable ones for themselves (github.com/openai/gpt-2, encoder.py). */
const BYTES = (() => {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !isPrintable(byte));
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + others.indexOf(byte)),
  );
})();

const JOINED = ["th", "the", "Ġthe", "Ċ"];
const [TH, THE, _THE] = [256, 257, 258];
const [BEGIN, END] = [300, 301];
const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** The bytes, three joined symbols, and a token at each end of what the model reads. */
const TOKENIZER = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [special(BEGIN, "<s>"), special(END, "</s>")],
  normalizer: null,
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "</s>", type_id: 0 } },
    ],
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
    special_tokens: {
      "<s>": { id: "<s>", ids: [BEGIN], tokens: ["<s>"] },
      "</s>": { id: "</s>", ids: [END], tokens: ["</s>"] },
    },
  },
  decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries([...BYTES, ...JOINED.slice(0, 3)].map((symbol, id) => [symbol, id])),
    merges: [["t", "h"], ["th", "e"], ["Ġ", "the"]],
  },
};

const TEXT = JSON.stringify(TOKENIZER);
const bytesOf = (text: string) => [...new TextEncoder().encode(text)];

function withTokenizer<T>(
  json: string,
  test: (folder: string) => Promise<T>,
  more: Record<string, string> = {},
): Promise<T> {
  return inFolder({ "tokenizer.json": json, ...more }, test);
}

Deno.test("text becomes the tokens that its bytes join to, with nothing at its ends", async () => {
  await withTokenizer(TEXT, async (folder) => {
    const { encode, decode } = await readTokenizer(folder);
    assertEquals(encode("the the"), [THE, _THE]);
    assertEquals(encode("th\n"), [TH, ...bytesOf("\n")]);
    // What is not joined is bytes, in any script.
    assertEquals(encode("Zoë 東"), bytesOf("Zoë 東"));
    assertEquals(encode(""), []);
    for (const text of ["", "the Zoë\nthe", "  東京\t"]) assertEquals(decode(encode(text)), text);
    assertEquals(decode([BEGIN, THE]), "<s>the");
  });
});

Deno.test("what a model wants at the beginning is there, and what it wants at the end is not", async () => {
  await withTokenizer(TEXT, async (folder) => {
    const { encodeStart } = await readTokenizer(folder);
    assertEquals(encodeStart("the the"), [BEGIN, THE, _THE]);
    assertEquals(encodeStart("<s>the"), [BEGIN, BEGIN, THE]);
    assertEquals(encodeStart("</s>the"), [BEGIN, END, THE]);
    const error = assertThrows(() => encodeStart(""), BladeError);
    assertStringIncludes(
      error.message,
      "tokenizer.json: must make at least one token of what the model reads first",
    );
  });
  await withTokenizer(JSON.stringify({ ...TOKENIZER, post_processor: null }), async (folder) => {
    assertEquals((await readTokenizer(folder)).encodeStart("the the"), [THE, _THE]);
  });
});

Deno.test("tokens that are added behind the others are words of their own", async () => {
  const extended = extendTokenizer(TOKENIZER, ["<a_0>", "<b_7>"], 302);
  await withTokenizer(JSON.stringify(extended), async (folder) => {
    const { encode, encodeStart, decode } = await readTokenizer(folder);
    assertEquals(encode("the<a_0><b_7> the"), [THE, 302, 303, _THE]);
    assertEquals(encodeStart("<b_7>"), [BEGIN, 303]);
    assertEquals(decode([302, THE, 303]), "<a_0>the<b_7>");
  });
});

const without = (key: string) => JSON.stringify({ ...TOKENIZER, [key]: undefined });
const model = (change: Record<string, unknown>) =>
  JSON.stringify({ ...TOKENIZER, model: { ...TOKENIZER.model, ...change } });
const cutting = (step: unknown) => JSON.stringify({ ...TOKENIZER, pre_tokenizer: step });

Deno.test.each<[string, string, string[]]>([
  ["is no JSON", TEXT.slice(0, -1), ["must be a tokenizer as the Hugging Face library", "JSON"]],
  ["is empty", "", ["must be a tokenizer"]],
  ["is a list", "[1, 2]", ["must be a tokenizer", '"a list"']],
  ["is null", "null", ["must be a tokenizer", "got null"]],
  ["is a text", '"hello"', ["must be a tokenizer", '"hello"']],
  ["is no tokenizer", "{}", ["must be a tokenizer"]],
  ["has no model", without("model"), ["must be a tokenizer", "model"]],
  ["has no added tokens", without("added_tokens"), ["must be a tokenizer"]],
  ["has a model of an unknown kind", model({ type: "Own", vocab: null }), ["must be a tokenizer", "Own"]],
  ["has no merges", model({ merges: undefined }), ["must be a tokenizer"]],
  ["numbers a token by a text", model({ vocab: { a: "1" } }), [
    "must number its tokens by whole numbers",
    '"1"',
  ]],
  ["numbers a token by a fraction", model({ vocab: { a: 0.5 } }), ["must number its tokens", "got 0.5"]],
  ["numbers a token below zero", model({ vocab: { a: -1 } }), ["must number its tokens", "got -1"]],
  ["numbers a token beyond all others", model({ vocab: { a: 2 ** 31 } }), [
    "must number its tokens by whole numbers from 0 to 16777215, got 2147483648",
  ]],
  [
    "numbers an added token beyond all others",
    JSON.stringify({ ...TOKENIZER, added_tokens: [special(1e300, "<s>")] }),
    ["must number its tokens", "1e+300"],
  ],
  ["begins with a token that has no number", JSON.stringify({ ...TOKENIZER, added_tokens: [] }), [
    "must be a tokenizer",
    "no number of the token <s>",
  ]],
  ["cuts text by an unknown rule", cutting({ type: "Own" }), ["must be a tokenizer", "Own"]],
  ["cuts text by a rule that cannot be read", cutting({ type: "Split", pattern: { Regex: "(" } }), [
    "must be a tokenizer",
  ]],
  ["cuts text into pieces of nothing", cutting({ type: "FixedLength", length: 0 }), [
    "pre_tokenizer: length: must be a whole number from 1 on, got 0",
  ]],
  [
    "cuts text into such pieces among other steps",
    cutting({ type: "Sequence", pretokenizers: [null, { type: "FixedLength", length: -1 }] }),
    ["pre_tokenizer: length: must be a whole number from 1 on, got -1"],
  ],
])("a tokenizer.json that %s is refused by its path", async (_name, json, says) => {
  await withTokenizer(json, async (folder) => {
    const error = await assertRejects(() => readTokenizer(folder), BladeError);
    for (const part of [`${folder}/tokenizer.json: `, ...says]) assertStringIncludes(error.message, part);
  });
});

Deno.test("a folder without a tokenizer, or with a broken second file, is refused by path", async () => {
  await inFolder({ "tokenizer.model": "pieces" }, async (folder) => {
    const error = await assertRejects(() => readTokenizer(folder), BladeError);
    assertStringIncludes(
      error.message,
      `${folder}/tokenizer.json: must be there: it says how titles become tokens`,
    );
    assertStringIncludes(error.message, "a tokenizer.model alone is converted by");
  });
  for (const broken of ["{", "[]", "7"]) {
    await withTokenizer(TEXT, async (folder) => {
      const error = await assertRejects(() => readTokenizer(folder), BladeError);
      assertStringIncludes(error.message, `${folder}/tokenizer_config.json: must be a tokenizer`);
    }, { "tokenizer_config.json": broken });
  }
  await withTokenizer(TEXT, async (folder) => {
    assertEquals((await readTokenizer(folder)).encode("the"), [THE]);
  }, { "tokenizer_config.json": '{ "bos_token": "<s>" }' });
});

/** A part of a value put in the place of another, wherever that is. */
function withPart(value: unknown, where: readonly number[], part: unknown): unknown {
  const [at, ...deeper] = where;
  if (at === undefined || typeof value !== "object" || value === null) return part;
  const keys = Object.keys(value);
  if (keys.length === 0) return part;
  const key = keys[at % keys.length]!;
  const changed = withPart(Reflect.get(value, key), deeper, part);
  if (!Array.isArray(value)) return { ...value, [key]: changed };
  return value.map((one, i) => i === Number(key) ? changed : one);
}

const part = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 0.5, 2 ** 24, 2 ** 32, 1e300, "", "the", "A", "<s>", [], {}),
  fc.constantFrom<unknown>(
    { type: "BPE" },
    { type: "Unigram", vocab: [["a", -1]], unk_id: 0 },
    { type: "WordPiece", vocab: { a: 0 }, unk_token: "a" },
    { type: "Sequence", pretokenizers: [{ type: "Digits" }], normalizers: [], decoders: [], processors: [] },
    { type: "FixedLength", length: 0 },
    { type: "Replace", pattern: { String: "" }, content: "a" },
    { type: "Split", pattern: { Regex: "a|" }, behavior: "Isolated", invert: false },
    { type: "Metaspace", replacement: "", prepend_scheme: "always" },
    { type: "Lowercase" },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
/** The rest of the file is small, so that changes find what matters. */
const SMALL = {
  ...TOKENIZER,
  model: { ...TOKENIZER.model, vocab: { t: 0, h: 1, e: 2, th: 3, the: 4, Ġ: 5, Ġthe: 6 } },
};
const SMALL_TEXT = JSON.stringify(SMALL);
const texts = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.array(fc.nat(20), { maxLength: 4 }), part).map(([where, part]) =>
      JSON.stringify(withPart(SMALL, where, part))
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(SMALL_TEXT.length), fc.nat(20), fc.string({ maxLength: 3 })).map(
      ([at, count, put]) => SMALL_TEXT.slice(0, at) + put + SMALL_TEXT.slice(at + count),
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue().map((json) => JSON.stringify(json)) },
);

Deno.test("no damage of a tokenizer.json ends in anything but tokens or a message, soon", async () => {
  let read = 0;
  await inFolder({}, async (folder) => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        await Deno.writeTextFile(`${folder}/tokenizer.json`, text);
        const start = performance.now();
        try {
          const { encode, encodeStart, decode } = await readTokenizer(folder);
          for (const title of ["the the", "<s> Zoë\n", "a the the 7", "e</s>", ""]) {
            for (const token of encode(title)) assert(Number.isInteger(token) && token >= 0);
            assertEquals(typeof decode(encode(title)), "string");
          }
          assert(encodeStart("the").length > 0);
          read++;
        } catch (error) {
          assert(error instanceof BladeError, `${error instanceof Error ? error.stack : error}: ${text}`);
          assertStringIncludes(error.message, `${folder}/tokenizer.json: `);
        }
        assert(performance.now() - start < 2000, `slow: ${text}`);
      }),
      { numRuns: 3000 },
    );
  });
  assert(read > 200, `${read} read`);
});
