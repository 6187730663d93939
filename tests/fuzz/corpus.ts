/** Inputs that a parser once answered with a stack trace, a hang, or a message without end. */
import { encodeSafetensors } from "../../src/model/safetensors.ts";
import { manifestOf } from "../report/_manifest.ts";
import type { Parts } from "./family.ts";

/** An input that was found. */
export interface Found {
  /** The parser that it was found in. */
  readonly family: string;
  /** What it is, and what becomes of it now. */
  readonly what: string;
  /** Made when it is needed: some are long. */
  readonly parts: () => Parts;
  /** Whether it is taken now, or refused. */
  readonly taken: boolean;
}

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

const tokenizer = (change: object): Parts => ({
  "tokenizer.json": JSON.stringify({
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: "BPE", unk_token: "a", vocab: { a: 0, b: 1 }, merges: [] },
    ...change,
  }),
  "tokenizer_config.json": "{}",
  text: `${"a".repeat(40)}!`,
});

const split = (Regex: string) => ({
  pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
});

const grow = { type: "Replace", pattern: { String: "a" }, content: "aaaa" };

const manifest = (change: object): Parts => ({
  "manifest.json": JSON.stringify({ ...manifestOf(), ...change }),
});

const event = (change: object) =>
  `${
    JSON.stringify({ kind: "step", timeMs: 1, stage: "align", step: 1, values: { reward: 0.2 }, ...change })
  }\n`;

const experiment = (change: object): Parts => ({
  text: JSON.stringify({ base: {}, seeds: [1], arms: [{ name: "a" }], ...change }),
});

const checkpoint = (numbers: string) =>
  encodeSafetensors(new Map([["a", { shape: [1], data: Uint8Array.of(1) }]]), { numbers });

const answer = (message: unknown): Parts => {
  const json = JSON.stringify({ message: {}, shapes: [] });
  const bytes = new Uint8Array(32 + 32).fill(32, 32);
  bytes.set(new Uint8Array(Uint32Array.of(1, 32, 0, 0).buffer), 16);
  bytes.set(new TextEncoder().encode(json), 32);
  return { message: JSON.stringify(message), values: bytes };
};

/** All of them. */
export const CORPUS: readonly Found[] = [
  {
    family: "configuration",
    what: "brackets without end are refused, for whoever follows them exhausts the stack",
    parts: () => ({ "run.jsonc": "[".repeat(10_000) }),
    taken: false,
  },
  {
    family: "configuration",
    what: "a comment that is not closed comes to an end",
    parts: () => ({ "run.jsonc": "1/*" }),
    taken: false,
  },
  {
    family: "configuration-value",
    what: "a reader that has no text is refused",
    parts: () => ({ value: '{"data":{"reader":{"toString":null}}}' }),
    taken: false,
  },
  {
    family: "configuration-value",
    what: "an object with a length where a text should be is refused",
    parts: () => ({ value: '{"blas":{"length":{"toString":null}}}' }),
    taken: false,
  },
  {
    family: "configuration-value",
    what: "a group of slates without end is not gone through to be checked",
    parts: () => ({ value: '{"align":{"groupSize":9007199254740991}}' }),
    taken: true,
  },
  {
    family: "set",
    what: "a path of ten thousand letters is cut in the message",
    parts: () => ({ set: "[".repeat(10_000), value: "{}" }),
    taken: false,
  },
  {
    family: "experiment",
    what: "trials without end are refused before they are drawn",
    parts: () => experiment({ random: { trials: 4294967296, "target.n": [2, 4] } }),
    taken: false,
  },
  {
    family: "experiment",
    what: "a grid that multiplies without end is refused before it is made",
    parts: () =>
      experiment({
        grid: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`a${i}`, [0, 1, 2, 3, 4, 5, 6, 7]])),
      }),
    taken: false,
  },
  {
    family: "experiment",
    what: "a name that is an object with a length is refused",
    parts: () => experiment({ base: { length: { layers: 1 } } }),
    taken: false,
  },
  {
    family: "metric-spec",
    what: "half of a surrogate pair, which could never be written again, is refused",
    parts: () => ({ spec: "mgu?\udfffcategories=Action" }),
    taken: false,
  },
  {
    family: "hub-cache",
    what: "a list of files that holds none is no whole model",
    parts: () => ({ [`models--a--b/snapshots/${COMMIT}/.files.json`]: "[null]" }),
    taken: true,
  },
  {
    family: "tokenizer",
    what: "a vocabulary with scores whose tokens are texts alone is refused",
    parts: () => tokenizer({ model: { type: "Unigram", unk_id: 0, vocab: [["a", 0], "FixedLength"] } }),
    taken: false,
  },
  {
    family: "tokenizer",
    what: "an added token whose content only has a length is refused",
    parts: () => tokenizer({ added_tokens: [{ id: 2, content: { length: 4294967295 } }] }),
    taken: false,
  },
  {
    family: "tokenizer",
    what: "a pattern that takes 2^n steps is refused",
    parts: () => tokenizer(split("(a+)+$")),
    taken: false,
  },
  {
    family: "tokenizer",
    what: "a pattern that takes 2^n steps by alternatives is refused",
    parts: () => tokenizer(split("(a|a)*$")),
    taken: false,
  },
  {
    family: "tokenizer",
    what: "steps that make a text longer again and again are refused",
    parts: () => tokenizer({ normalizer: { type: "Sequence", normalizers: new Array(20).fill(grow) } }),
    taken: false,
  },
  {
    family: "manifest",
    what: "results that are none are refused",
    parts: () => manifest({ results: [null] }),
    taken: false,
  },
  {
    family: "run-measures",
    what: "a system called as what every object has is one that was not trained",
    parts: () => ({
      ...manifest({
        results: [{ ...manifestOf().results[0]!, system: "constructor" }],
      }),
      "per-user.csv": "user,system,metric,value\nann,aligned,ndcg@10,0.5\n",
    }),
    taken: true,
  },
  {
    family: "events",
    what: "a line that is no event is refused by its number",
    parts: () => ({ "events.jsonl": "{}\n" }),
    taken: false,
  },
  {
    family: "events",
    what: "a gauge called as what every object has is drawn",
    parts: () => ({ "events.jsonl": event({ values: { constructor: 1 } }) }),
    taken: true,
  },
  {
    family: "events",
    what: "a step that is no whole number is refused",
    parts: () => ({ "events.jsonl": event({ step: 1e-320 }) }),
    taken: false,
  },
  {
    family: "events",
    what: "values too near or too far apart for an axis are drawn",
    parts: () => ({
      "events.jsonl": event({ values: { reward: 1e-320, signal: 1e300 } }) +
        event({ step: 2, values: { reward: 0, signal: -1e300 } }),
    }),
    taken: true,
  },
  {
    family: "checkpoint",
    what: "numbers that are no JSON are refused",
    parts: () => ({
      "checkpoints/align-step-0000003.safetensors": checkpoint("{"),
      "checkpoints/sft.safetensors": checkpoint("[1]"),
    }),
    taken: false,
  },
  {
    family: "tensor-shapes",
    what: "a header longer than the file is refused, and no room is made for it",
    parts: () => ({ "a.safetensors": new Uint8Array(9).fill(255) }),
    taken: false,
  },
  {
    family: "flags",
    what: "a flag called as the parser calls what stands without one is unknown",
    parts: () => ({ command: "train", words: "-_-__proto__=1" }),
    taken: false,
  },
  {
    family: "flags",
    what: "the same with two dashes, or turned round, is unknown",
    parts: () => ({ command: "train", words: "--no-_" }),
    taken: false,
  },
  {
    family: "read-movielens-csv",
    what: "a file that ends within a letter is refused",
    parts: () => ({
      "ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,9\n",
      "movies.csv": new Uint8Array([...new TextEncoder().encode("movieId,title,genres\n31\n"), 0xc3]),
    }),
    taken: false,
  },
  {
    family: "checkpoint",
    what: "a number that has no text is told all the same",
    parts: () => ({
      "checkpoints/align-step-0000003.safetensors": checkpoint('{"epoch":{"toString":null}}'),
      "checkpoints/sft.safetensors": checkpoint("{}"),
    }),
    taken: false,
  },
  {
    family: "answer",
    what: "a row of a reason that is no number is none",
    parts: () => ({
      message: '{"reasons":[["why",[{"toString":null}]]]}',
      values: Uint8Array.of(
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        7,
        1,
        0,
        0,
        0,
        40,
        0,
        0,
        0,
        16,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        123,
        34,
        109,
        101,
        115,
        115,
        97,
        103,
        101,
        34,
        58,
        123,
        125,
        44,
        34,
        115,
        104,
        97,
        112,
        101,
        115,
        34,
        58,
        91,
        91,
        34,
        102,
        108,
        111,
        97,
        116,
        54,
        52,
        34,
        44,
        50,
        93,
        93,
        125,
        32,
        0,
        0,
        0,
        0,
        0,
        0,
        240,
        63,
        0,
        0,
        0,
        0,
        0,
        0,
        248,
        127,
      ),
    }),
    taken: true,
  },
  {
    family: "read-bigrec",
    what: "a title of a hundred thousand letters is read",
    parts: () => {
      const row = JSON.stringify([{ instruction: "Recommend", input: '"Heat"', output: '"Solo"' }]);
      return {
        "train.json": row,
        "valid.json": row,
        "test_5000.json": row,
        "movies.dat": `0::Heat::Crime\n1::Solo::Drama\n2::${"\u00e9".repeat(140_000)}::War\n`,
      };
    },
    taken: true,
  },
  {
    family: "answer",
    what: "a rule that has no text is told all the same",
    parts: () => answer({ failed: { rule: { toString: null } } }),
    taken: true,
  },
  {
    family: "described-plugin",
    what: "options that are none are refused",
    parts: () => ({
      described:
        '{"spec":{"contract":1,"name":"mine","kind":"list","direction":"maximize","needs":[]},"options":[null]}',
      bound: "{}",
    }),
    taken: false,
  },
];
