import { BladeError } from "../core/errors.ts";
import type { ItemCodec } from "./item_codec.ts";
import type { Prompt } from "./prompt.ts";
import { sequenceAt, tokenSequences, tokenTrie } from "./token_trie.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** A catalog whose items are their titles. */
export interface TextCodec extends ItemCodec {
  /** By item: what it is called, a line without its end. */
  readonly texts: readonly string[];
  /** Items that are not called by their bare title, because it is empty or another item's too. */
  readonly renamed: number;
}

/**
 * An item is the tokens of its title and a line end. A title that several items have, by the tokens that it becomes, is
 * followed by the item's id in brackets, and an item without a title is called untitled, with its id in brackets.
 *
 * @param catalog titles and ids by item
 * @param vocabulary tokens that the model knows
 * @throws {BladeError} when a token of a title or the prompt is none that the model knows.
 */
export function textCodec(
  catalog: { readonly titles: readonly string[]; readonly ids: readonly string[] },
  tokenizer: TextTokenizer,
  prompt: Prompt,
  vocabulary: number,
): TextCodec {
  const bare = catalog.titles.map(onOneLine);
  const { texts, lines } = unlike(bare, catalog.ids, (text) => tokenizer.encode(`${text}\n`));
  const [opening, closing] = [tokenizer.encodeStart(prompt.opening), tokenizer.encode(prompt.closing)];
  const checked = [
    ["model.prompt", opening],
    ["model.prompt", closing],
    ...lines.map((tokens, item) => [`title ${texts[item]}`, tokens] as const),
  ] as const;
  for (const [place, tokens] of checked) checkTokens(tokens, vocabulary, place);
  const sequences = tokenSequences(lines);
  return {
    vocabulary,
    tokenIsItem: false,
    tokensPerItem: lines.reduce((most, { length }) => Math.max(most, length), 1),
    opening,
    closing,
    encode: (item) => sequenceAt(sequences, item),
    trie: tokenTrie(sequences, (item) => `the title "${texts[item]}"`),
    texts,
    renamed: texts.filter((text, item) => text !== bare[item]).length,
  };
}

/** Texts whose tokens differ: those that do not get the item's id, and where even that does not help a number. */
function unlike(
  bare: readonly string[],
  ids: readonly string[],
  encode: (text: string) => number[],
): { texts: string[]; lines: number[][] } {
  const marked = (item: number, mark: string) => `${bare[item] || "untitled"} [${onOneLine(mark)}]`;
  const texts = bare.map((title, item) => title === "" ? marked(item, ids[item]!) : title);
  const lines = texts.map(encode);
  for (let attempt = 1;; attempt++) {
    const alike = [...Map.groupBy(lines.keys(), (item) => lines[item]!.join()).values()]
      .filter((items) => items.length > 1).flat();
    if (alike.length === 0) return { texts, lines };
    for (const item of alike) {
      texts[item] = marked(item, attempt === 1 ? ids[item]! : `${ids[item]} ${item}`);
      lines[item] = encode(texts[item]);
    }
    if (attempt > 2) throw alikeForGood(texts[alike[0]!]!);
  }
}

function onOneLine(title: string): string {
  return title.replace(/\s+/gu, " ").trim();
}

function checkTokens(tokens: readonly number[], vocabulary: number, place: string): void {
  const wrong = tokens.find((token) => !(token >= 0 && token < vocabulary));
  if (wrong === undefined) return;
  throw new BladeError({
    place,
    rule: `must be of tokens that the model knows, of which there are ${vocabulary}`,
    value: wrong,
    mend: "take tokenizer.json and the weights from one and the same model",
  });
}

function alikeForGood(text: string): BladeError {
  return new BladeError({
    place: `title "${text}"`,
    rule: "must become other tokens than those of every other item, with its id and its number too",
    value: text,
    mend:
      "the tokenizer drops characters that tell the items apart: take another model, or model.codec semantic",
  });
}
