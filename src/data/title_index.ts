import { closestString } from "@std/text/closest-string";
import { BladeError } from "../core/errors.ts";
import type { ListedItem } from "./item_list.ts";

/** Titles that are looked at for the nearest to one that is unknown. */
const MOST_COMPARED = 20_000;

/** Items by title. */
export interface TitleIndex {
  /** The items that titles find, those added last. */
  readonly items: readonly ListedItem[];
  /** Items left out, since an earlier one has their title. */
  readonly hidden: number;
  /** Titles that were added. */
  readonly added: readonly string[];
  /** The row in `items` of the one with a title, space around it aside. */
  find(title: string): number | undefined;
  /** Adds an item that has its title for an id; a blank title is none. */
  add(title: string): number | undefined;
  /** Refuses a title that no item has, with the nearest one that there is. */
  unknown(title: string, place: string): BladeError;
}

/**
 * An index of a list whose items only their titles tell apart: of several with one title it keeps the first.
 *
 * @param path of the list, for messages
 *
 * @example
 * ```ts
 * import { titleIndex } from "./title_index.ts";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 * const item = (id: string, title: string) => ({ id, title, alsoWritten: [], categories: [] });
 * const titles = titleIndex([item("7", "Heat"), item("8", "Heat "), item("9", "Ran")], "id2name.txt");
 * assertEquals([titles.find(" Heat"), titles.find("Ran"), titles.hidden], [0, 1, 1]);
 * assertStringIncludes(titles.unknown("Haet", "train.json:1: row 1").message, 'the nearest there is "Heat"');
 * assertEquals([titles.add("Haet"), titles.find("Haet")], [2, 2]);
 * ```
 */
export function titleIndex(list: readonly ListedItem[], path: string): TitleIndex {
  const byTitle = new Map<string, number>();
  const items: ListedItem[] = [];
  const added: string[] = [];
  for (const item of list) {
    const key = item.title.trim();
    if (byTitle.has(key)) continue;
    byTitle.set(key, items.length);
    items.push(item);
  }
  const hidden = list.length - items.length;
  items.forEach(({ alsoWritten }, row) => {
    for (const title of alsoWritten) if (!byTitle.has(title.trim())) byTitle.set(title.trim(), row);
  });
  return {
    items,
    hidden,
    added,
    find: (title) => byTitle.get(title.trim()),
    add(title) {
      const id = title.trim();
      if (id === "") return undefined;
      byTitle.set(id, items.length);
      added.push(id);
      return items.push({ id, title: id, alsoWritten: [], categories: [] }) - 1;
    },
    unknown(title, place) {
      const near = [...byTitle.keys()].filter((other) => Math.abs(other.length - title.length) <= 8)
        .slice(0, MOST_COMPARED);
      const nearest = near.length === 0
        ? ""
        : `, the nearest there is ${JSON.stringify(closestString(title.slice(0, 400), near))}`;
      return new BladeError({
        place,
        rule: `must name items by titles that ${path} has`,
        value: title,
        mend:
          `bring rows and items of one data set${nearest}; or set data.unlisted to "add", which takes such ` +
          "titles for items of their own",
      });
    },
  };
}
