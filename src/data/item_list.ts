import { extname } from "@std/path";
import type { DataFile } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import { BadCell, categoriesCell, idCell } from "./cells.ts";
import { readJsonObject } from "./json_object.ts";
import { readTable } from "./read_table.ts";
import { misreadings } from "./misread_title.ts";

/** An item of a list: what there is to recommend, whether or not anybody has met it. */
export interface ListedItem {
  readonly id: string;
  /** "" where the file has none. */
  readonly title: string;
  /** How rows may write the title instead. */
  readonly alsoWritten: readonly string[];
  readonly categories: readonly string[];
}

/**
 * Reads the file that numbers the items of a data set, by the ending of its name:
 *
 * - `.json`: one object of id → title.
 * - `.txt`, `.tsv`: a line an item, title and id with a tab between them, or semantic id, title and id.
 * - `.dat`: a line an item, `id::title::genres`, in UTF-8 or latin1.
 *
 * @throws {BladeError} With file and line when a line is neither, or an id stands twice; when the file is missing.
 *
 * @example
 * ```ts
 * import { readItemList } from "./item_list.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ suffix: ".txt" });
 * await Deno.writeTextFile(path, "<a_1><b_2>\tGreen tea\t0\nCake\t1\n");
 * const { items } = await readItemList(path);
 * assertEquals(items.map(({ id, title }) => [id, title]), [["0", "Green tea"], ["1", "Cake"]]);
 * await Deno.remove(path);
 * ```
 */
export async function readItemList(
  path: string,
): Promise<{ readonly items: readonly ListedItem[]; readonly file: DataFile }> {
  switch (extname(path)) {
    case ".json":
      return await readJson(path);
    case ".txt":
    case ".tsv":
      return await readLines(path, "utf-8", lineOfTabs);
    case ".dat":
      return await readLines(path, "latin1", lineOfColons);
    default:
      throw new BladeError({
        place: path,
        rule: "must end in .json, .txt, .tsv or .dat, which tells how items stand in it",
        value: extname(path),
        mend: "name the file of the items in data.files.items",
      });
  }
}

async function readJson(path: string) {
  const { entries, file } = await readJsonObject(path);
  const items = entries.map(([id, title]): ListedItem => {
    if (typeof title === "string") return { id, title, alsoWritten: [], categories: [] };
    throw new BladeError({
      place: `${path}: ${JSON.stringify(id)}`,
      rule: "must be the title of an item, a text",
      value: title,
      mend: "name the file of id → title (id2name.json)",
    });
  });
  return { items, file };
}

/** Lines that hold no `\0`, so that each is one cell. */
async function readLines(
  path: string,
  encoding: "utf-8" | "latin1",
  read: (line: string) => ListedItem,
) {
  const items: ListedItem[] = [];
  const known = new Set<string>();
  const table = { path, encoding, syntax: "plain", separator: "\0", header: ["line"] } as const;
  const file = await readTable(table, () => ["line"], ([line]) => {
    const item = read(line!);
    if (known.has(item.id)) {
      throw new BadCell("", "must not name an item's id twice", item.id, "remove one of the two lines");
    }
    known.add(item.id);
    items.push(item);
  });
  return { items, file };
}

function lineOfTabs(line: string): ListedItem {
  const tab = line.lastIndexOf("\t");
  if (tab < 0) {
    throw new BadCell("", "must be title and id with a tab between them", line, "correct the line");
  }
  const title = line.slice(0, tab).replace(/^(?:<[^<>\t]*>)+\t/, "");
  return { id: idCell(line.slice(tab + 1).trim(), "id"), title, alsoWritten: [], categories: [] };
}

function lineOfColons(line: string): ListedItem {
  const [id, title, genres] = line.split("::");
  if (title === undefined) throw new BadCell("", "must be id::title::genres", line, "correct the line");
  const categories = categoriesCell(genres, "|").filter((name) => name !== "(no genres listed)");
  return { id: idCell(id, "id"), ...misreadings(title), categories };
}
