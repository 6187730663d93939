import { assert, assertEquals } from "@std/assert";
import { patternCost } from "../../src/codec/pattern_cost.ts";

/** Patterns of published tokenizers, as their tokenizer.json has them. */
const PUBLISHED: Readonly<Record<string, string>> = {
  "GPT-2": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "Llama 3":
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "Qwen 2":
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "o200k":
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "DeepSeek V3":
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "BLOOM": " ?[^(\\s|[.,!?…。，、।۔،])]+",
  "CLIP":
    "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
  "T5": " {2,}",
};

for (const [model, pattern] of Object.entries(PUBLISHED)) {
  Deno.test(`the pattern of ${model} costs no more than one repetition before what must follow`, () => {
    const { factor, degree } = patternCost(pattern);
    assert(degree <= 1 && factor <= 24, `${factor}·n^${degree}`);
  });
}

Deno.test.each<[string, number, number]>([
  ["a", 1, 0],
  ["", 1, 0],
  ["a|b|c", 3, 0],
  ["a+", 1, 0], // what nothing follows is tried once
  ["a+b", 1, 1],
  ["a?b", 2, 0],
  ["a?a?a?b", 8, 0],
  ["a{2,4}b", 3, 0],
  ["a{2}b", 1, 0],
  ["a{0,16}b", 17, 0],
  ["a{0,17}b", 1, 1],
  ["(ab)*c", 1, 1],
  ["(a|b)c", 2, 0],
  ["(?:a|b){2}c", 4, 0],
  ["a*a*b", 1, 2],
  ["a*?a+?b", 1, 2],
  ["a*(?=b)", 1, 1],
  ["(a*)\\1b", 1, 2],
  ["[*+(]+b", 1, 1],
  ["\\(\\*\\+b", 1, 0],
  ["(a+)+b", 1, Infinity],
  ["(a|a)*b", 1, Infinity],
  ["(?:a?)*b", 1, Infinity],
  ["a{1,9}+b", 1, Infinity], // no possessive mark after braces: a repetition of them
  ["((a{0,9}){0,9}){0,99}b", 1, Infinity],
])("%s matches in at most %i·n^%i ways before it fails", (pattern, factor, degree) => {
  const found = patternCost(pattern);
  assertEquals(found.degree, degree);
  if (degree < Infinity) assertEquals(found.factor, factor);
});

Deno.test("what is no pattern has a cost all the same", () => {
  for (
    const text of [
      "(",
      ")",
      "((((",
      "[",
      "a{",
      "{",
      "\\",
      "*",
      "(?",
      "(?<",
      "a**",
      "|",
      "\\p{",
      "(".repeat(1000),
    ]
  ) {
    assert(patternCost(text).factor >= 0);
  }
});
