/** The items that a text names, or the first piece of it that is no item's title. */
export type QuotedItems = { readonly items: number[] } | { readonly unknown: string };

/** Pieces that may make one title: each further one is a title with `", "` in it. */
const MOST_PIECES = 8;

/**
 * Reads the titles that a sentence lists in quotes, `… before: "A", "B" …`. Titles may hold quotes themselves, and
 * even `", "`: what makes a title is that `find` knows it.
 *
 * @param find the number of the item with a title
 * @param add makes an item of a title that is none and gives its number, or undefined to have it be unknown
 *
 * @example
 * ```ts
 * import { quotedTitles } from "./quoted_titles.ts";
 * import { assertEquals } from "@std/assert";
 * const titles = ["Heat", 'A Child Called "It"', 'Yes", "No'];
 * const find = (title: string) => titles.includes(title) ? titles.indexOf(title) : undefined;
 * assertEquals(quotedTitles('Seen: "A Child Called "It"", "Heat", and more', find), { items: [1, 0] });
 * assertEquals(quotedTitles('"Heat", "Yes", "No"', find), { items: [0, 2] });
 * assertEquals(quotedTitles('"Heat", "Hate"', find), { unknown: "Hate" });
 * assertEquals(quotedTitles("nothing yet", find), { items: [] });
 * ```
 */
export function quotedTitles(
  text: string,
  find: (title: string) => number | undefined,
  add: (title: string) => number | undefined = () => undefined,
): QuotedItems {
  const pieces = piecesOf(text);
  if (pieces === undefined) return { unknown: text.slice(text.indexOf('"')) };
  const count = pieces.length;
  /** The shortest title that begins with a piece, and the piece after it, where `goesOn` allows it. */
  const titleFrom = (piece: number, goesOn: (next: number) => boolean) => {
    for (let next = piece + 1; next <= Math.min(count, piece + MOST_PIECES); next++) {
      if (!goesOn(next)) continue;
      const item = find(text.slice(pieces[piece]!.start, pieces[next - 1]!.end));
      if (item !== undefined) return { item, next };
    }
    return undefined;
  };

  // From the back, so that each piece is looked at once: which title begins here and leaves titles behind it.
  const titles: ({ item: number; next: number } | undefined)[] = new Array(count).fill(undefined);
  for (let piece = count - 1; piece >= 0; piece--) {
    titles[piece] = titleFrom(piece, (next) => next === count || titles[next] !== undefined);
  }
  const items: number[] = [];
  for (let piece = 0; piece < count;) {
    const title = titles[piece] ?? titleFrom(piece, () => true);
    const alone = text.slice(pieces[piece]!.start, pieces[piece]!.end);
    const item = title?.item ?? add(alone);
    if (item === undefined) return { unknown: alone };
    items.push(item);
    piece = title?.next ?? piece + 1;
  }
  return { items };
}

/** What stands between the first and the last quote, cut at every `", "`; undefined for a quote without its like. */
function piecesOf(text: string): { readonly start: number; readonly end: number }[] | undefined {
  const first = text.indexOf('"');
  if (first < 0) return [];
  const last = text.lastIndexOf('"');
  if (last === first) return undefined;
  const pieces: { start: number; end: number }[] = [];
  const separator = /",\s*"/g;
  let start = first + 1;
  separator.lastIndex = start;
  for (let found = separator.exec(text); found !== null; found = separator.exec(text)) {
    if (separator.lastIndex > last) break;
    pieces.push({ start, end: found.index });
    start = separator.lastIndex;
  }
  return [...pieces, { start, end: last }];
}
