import { basename, dirname, join, resolve } from "@std/path";
import { BladeError } from "../../core/errors.ts";
import type { DataFile } from "../../core/dataset.ts";
import type { GivenData } from "../build_given.ts";
import { type ListedItem, readItemList } from "../item_list.ts";
import type { GivenRow } from "../join_rows.ts";
import { readJsonObject } from "../json_object.ts";
import { type JsonRow, readJsonRows } from "../json_rows.ts";
import type { DataOptions } from "../options.ts";
import { quotedTitles } from "../quoted_titles.ts";
import { type TitleIndex, titleIndex } from "../title_index.ts";
import { exists } from "./exists.ts";
import { onlyFile } from "./given_files.ts";

/** Names that the parts have when `data.files` gives none. */
const NAMES = {
  train: { fits: /^train\.json$/, names: "train.json" },
  validation: { fits: /^valid(_.*)?\.json$/, names: "valid.json or valid_*.json" },
  test: { fits: /^test(_.*)?\.json$/, names: "test.json or test_*.json" },
  items: { fits: /^(id2name.*\.(json|txt)|movies\.dat)$/, names: "id2name.json, id2name.txt or movies.dat" },
} as const;

/**
 * The layout of BIGRec, which SPRec has too: `train.json`, `valid*.json` and `test*.json`, each a JSON list of rows
 * with `input`, a sentence that lists the history's titles in quotes, and `output`, the target's title in quotes; and
 * the list of the items. Titles are all that rows know of items, so of items with one title the first stands for all.
 * Categories come from `movies.dat`, or from `name2genre.json` beside the item list.
 *
 * @throws {BladeError} With file, line and row when a row has no such texts or a title that no item has; when a file
 * is missing, or it cannot be told which one is meant.
 *
 * @example
 * ```ts
 * import { readBigRec } from "./bigrec.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const rows = JSON.stringify([{ input: 'Seen: "Heat", "Ran"', output: '"Solo"\n' }]);
 * for (const part of ["train", "valid", "test"]) await Deno.writeTextFile(`${folder}/${part}.json`, rows);
 * await Deno.writeTextFile(`${folder}/id2name.json`, '{"0": "Heat", "1": "Solo", "2": "Ran"}');
 * const { train } = await readBigRec({ reader: "bigrec", folder, minRating: null, kCore: 0 });
 * assertEquals(train, [{ user: undefined, items: [0, 2, 1], targets: 1 }]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readBigRec(options: DataOptions): Promise<GivenData> {
  const { folder, files = {} } = options;
  const pathOf = async (part: keyof typeof NAMES) => {
    const named = files[part];
    return named === undefined
      ? await onlyFile(folder, {
        fits: (name) => NAMES[part].fits.test(name),
        names: NAMES[part].names,
        key: `data.files.${part}`,
      })
      : join(folder, named);
  };
  const list = await pathOf("items");
  const listed = await readItemList(list);
  const titles = titleIndex(listed.items, list);
  const genres = await categoriesOf(options, list);
  const adds = options.unlisted === "add";

  const read: DataFile[] = [];
  const rowsOf = async (part: "train" | "validation" | "test") => {
    const rows: GivenRow[] = [];
    const path = await pathOf(part);
    read.push(await readJsonRows(path, (row, place) => rows.push(givenRow(row, place, titles, adds))));
    return rows;
  };
  const parts = {
    train: await rowsOf("train"),
    valid: await rowsOf("validation"),
    test: await rowsOf("test"),
  };
  return {
    ...parts,
    name: basename(resolve(folder)),
    items: genres === undefined
      ? titles.items
      : titles.items.map((item) => ({ ...item, categories: genres.of(item) })),
    files: [...read, listed.file, ...(genres === undefined ? [] : [genres.file])],
    warnings: [
      ...(titles.hidden === 0 ? [] : [
        `${titles.hidden} of the ${listed.items.length} items of ${list} have the title of an earlier one and are ` +
        "left out: rows name items by title, so the first stands for all.",
      ]),
      ...(titles.added.length === 0 ? [] : [
        `Rows name what ${list} lacks, and it was added to the catalog: ${someOf(titles.added)}.`,
      ]),
    ],
  };
}

function someOf(titles: readonly string[]): string {
  const shown = titles.slice(0, 3).map((title) => JSON.stringify(title)).join(", ");
  return titles.length > 3 ? `${shown} and ${titles.length - 3} more` : shown;
}

function givenRow(row: JsonRow, place: string, titles: TitleIndex, adds: boolean): GivenRow {
  const history = itemsOf(row, "input", place, titles, adds);
  if (history.length === 0) {
    throw new BladeError({
      place: `${place}: input`,
      rule: 'must list the titles of the history in quotes, as "A", "B"',
      value: row["input"],
      mend: "remove rows without a history, or put the titles in double quotes",
    });
  }
  const targets = itemsOf(row, "output", place, titles, adds);
  return { user: undefined, items: [...history, ...targets], targets: targets.length };
}

function itemsOf(
  row: JsonRow,
  key: "input" | "output",
  place: string,
  titles: TitleIndex,
  adds: boolean,
): readonly number[] {
  const text = row[key];
  if (typeof text !== "string") {
    throw new BladeError({
      place,
      rule: `must have the text ${JSON.stringify(key)}`,
      value: text === undefined ? `the keys ${Object.keys(row).join(", ")}` : text,
      mend: 'write {"instruction": "…", "input": "… \\"A\\", \\"B\\" …", "output": "\\"C\\""}',
    });
  }
  // A target may stand without quotes: it is all there is in its text.
  const quoted = key === "output" && !text.includes('"') ? `"${text}"` : text;
  const found = quotedTitles(quoted, titles.find, adds ? titles.add : undefined);
  if ("items" in found) return found.items;
  throw titles.unknown(found.unknown, `${place}: ${key}`);
}

/** Categories by title, from the file named or the one beside the item list. */
async function categoriesOf({ folder, files = {} }: DataOptions, list: string) {
  const beside = join(dirname(list), "name2genre.json");
  if (files.categories === undefined && !await exists(beside)) return undefined;
  const path = files.categories === undefined ? beside : join(folder, files.categories);
  const { entries, file } = await readJsonObject(path);
  const byTitle = new Map<string, readonly string[]>();
  for (const [title, names] of entries) {
    if (!Array.isArray(names) || !names.every((name) => typeof name === "string" && name !== "")) {
      throw new BladeError({
        place: `${path}: ${JSON.stringify(title)}`,
        rule: "must be the list of a title's categories",
        value: names,
        mend: 'write { "title": ["drama", "crime"] }',
      });
    }
    byTitle.set(title.trim(), [...new Set<string>(names)]);
  }
  return { of: ({ title }: ListedItem) => byTitle.get(title.trim()) ?? [], file };
}
