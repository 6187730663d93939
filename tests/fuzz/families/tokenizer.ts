import fc from "fast-check";
import { extendTokenizer } from "../../../src/codec/extend_tokenizer.ts";
import { readTokenizer } from "../../../src/codec/tokenizer.ts";
import { type Family, textOf, writeParts } from "../family.ts";
import { spoiled } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const ADDED = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

const letters = (text: string) => Object.fromEntries([...text].map((letter, id) => [letter, id]));

/** Byte pairs, as GPT-2 and Llama 3 have them. */
const BPE = {
  version: "1.0",
  added_tokens: [{ id: 20, content: "<|begin|>", ...ADDED }, {
    id: 21,
    content: "<a_1>",
    ...ADDED,
    lstrip: true,
  }],
  normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Prepend", prepend: "▁" }] },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      {
        type: "Split",
        pattern: {
          Regex: "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        },
        behavior: "Isolated",
        invert: false,
      },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true },
    ],
  },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<|begin|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "<|begin|>": { id: "<|begin|>", ids: [20], tokens: ["<|begin|>"] } },
  },
  decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true },
  model: {
    type: "BPE",
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: { ...letters("abcehtĠ▁!0"), he: 11, hea: 12, at: 13 },
    merges: ["h e", ["he", "a"], "a t"],
  },
};

const WORD_PIECE = {
  ...BPE,
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: { "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, heat: 4, he: 5, "##at": 6, a: 7 },
  },
};

const UNIGRAM = {
  ...BPE,
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Replace", pattern: { String: " " }, content: "▁" },
      { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
      { type: "Strip", strip_left: true, strip_right: false },
      { type: "Lowercase" },
    ],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      { type: "Digits", individual_digits: true },
      { type: "Punctuation", behavior: "Isolated" },
      { type: "FixedLength", length: 5 },
    ],
  },
  post_processor: null,
  decoder: {
    type: "Sequence",
    decoders: [{ type: "Replace", pattern: { String: "▁" }, content: " " }, { type: "Fuse" }],
  },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [["<unk>", 0], ["▁he", -1], ["at", -2.5], ["a", -3]],
    byte_fallback: false,
  },
};

const CONFIG = {
  added_tokens_decoder: { "20": { content: "<|begin|>", ...ADDED } },
  add_prefix_space: false,
  bos_token: "<|begin|>",
  clean_up_tokenization_spaces: true,
  tokenizer_class: "PreTrainedTokenizerFast",
};

const TEXTS = ["Heat <a_1> again!", "a  b\n\nc 123 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "日本語 é", ""];

/** Patterns as a stranger may write them. */
const pattern = fc.array(
  fc.constantFrom(
    "a",
    "b",
    "(a+)+",
    "(a|a)*",
    "(.*)*",
    "(\\s*)*$",
    "[^",
    "(?<",
    "(?=a)",
    "\\p{L}+",
    "{2,",
    "{0,99999}",
    "|",
    "$",
    "x*?",
    "(",
    ")",
    "+",
    "\\",
  ),
  { minLength: 1, maxLength: 5 },
).map((pieces) => pieces.join(""));

const withPattern = fc.tuple(pattern, fc.boolean()).map(([Regex, splits]) =>
  JSON.stringify({
    ...BPE,
    ...(splits
      ? { pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false } }
      : { normalizer: { type: "Replace", pattern: { Regex }, content: "b" } }),
  })
);

/** tokenizer.json, with the texts that it is put to. */
export const TOKENIZER_FAMILIES: readonly Family[] = [{
  name: "tokenizer",
  inputs: fc.record({
    "tokenizer.json": fc.oneof(
      { weight: 6, arbitrary: spoiledJson(BPE, WORD_PIECE, UNIGRAM) },
      { weight: 2, arbitrary: withPattern },
    ),
    "tokenizer_config.json": fc.oneof(
      { weight: 3, arbitrary: fc.constant(JSON.stringify(CONFIG)) },
      { weight: 1, arbitrary: spoiledJson(CONFIG) },
    ),
    text: fc.oneof(spoiled(...TEXTS), fc.constantFrom("a".repeat(40) + "!", " ".repeat(40) + "!")),
  }),
  async run(parts, folder) {
    writeParts({
      "tokenizer.json": parts["tokenizer.json"]!,
      "tokenizer_config.json": parts["tokenizer_config.json"]!,
    }, folder);
    const tokenizer = await readTokenizer(folder);
    const text = textOf(parts["text"]).slice(0, 2000);
    tokenizer.decode(tokenizer.encode(text));
    if (text !== "") tokenizer.encodeStart(text);
    extendTokenizer(JSON.parse(textOf(parts["tokenizer.json"])), ["<a_0>"], 7);
  },
}];
