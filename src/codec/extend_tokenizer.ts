/**
 * tokenizer.json with tokens added behind those that it has, each a word of its own that is never cut.
 *
 * @param json the file
 * @param first the number of the first of them
 *
 * @example
 * ```ts
 * import { extendTokenizer } from "./extend_tokenizer.ts";
 * import { assertEquals } from "@std/assert";
 * const { added_tokens } = extendTokenizer({ added_tokens: [] }, ["<a_0>"], 7) as { added_tokens: { id: number }[] };
 * assertEquals(added_tokens.map(({ id }) => id), [7]);
 * ```
 */
export function extendTokenizer(
  json: Readonly<Record<string, unknown>>,
  tokens: readonly string[],
  first: number,
): Record<string, unknown> {
  const before = Array.isArray(json["added_tokens"]) ? json["added_tokens"] : [];
  const added = tokens.map((content, i) => ({
    id: first + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: false,
  }));
  return { ...json, added_tokens: [...before, ...added] };
}
