import { basename, extname, join } from "@std/path";
import type { DataFile } from "../../core/dataset.ts";
import type { GivenData } from "../build_given.ts";
import { BadCell, idCell, ratingCell, timeCell } from "../cells.ts";
import { readItemList } from "../item_list.ts";
import type { GivenRow } from "../join_rows.ts";
import type { DataOptions } from "../options.ts";
import { listCell } from "../python_list.ts";
import { readTable, requiredColumn } from "../read_table.ts";
import { exists } from "./exists.ts";
import { onlyFile } from "./given_files.ts";

/** Folder and ending of each part, and its key in `data.files`. */
const PARTS = {
  train: { inside: "train", ending: "csv" },
  validation: { inside: "valid", ending: "csv" },
  test: { inside: "test", ending: "csv" },
  items: { inside: "info", ending: "txt" },
} as const;

/** Columns of a part: of each kind that of the target, and that of the history's list. */
const COLUMNS = {
  id: ["item_id", "history_item_id"],
  title: ["item_title", "history_item_title"],
  rating: ["rating", "history_rating"],
  time: ["timestamp", "history_timestamp"],
} as const;

/**
 * The layout of D3 (DecodingMatters), which MiniOneRec has too: `train/NAME.csv`, `valid/NAME.csv` and
 * `test/NAME.csv`, a row each with a history in lists as Python writes them and its target, and `info/NAME.txt`, the
 * list of the items. Ids tell which items are meant; titles are only compared with the list's. User ids, ratings and
 * times are read where there are columns of them.
 *
 * @throws {BladeError} With file, line and column when a row is bad or has an id that the list has not; when a file is
 * missing, or it cannot be told which one is meant.
 *
 * @example
 * ```ts
 * import { readMiniOneRec } from "./minionerec.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const rows = "user_id,history_item_id,item_id\nann,\"[7, 9]\",8\n";
 * for (const part of ["train", "valid", "test"]) {
 *   await Deno.mkdir(`${folder}/${part}`);
 *   await Deno.writeTextFile(`${folder}/${part}/toys.csv`, rows);
 * }
 * await Deno.mkdir(`${folder}/info`);
 * await Deno.writeTextFile(`${folder}/info/toys.txt`, "Bear\t7\nDoll\t8\nTrain\t9\n");
 * const { test } = await readMiniOneRec({ reader: "minionerec", folder, minRating: null, kCore: 0 });
 * assertEquals(test, [{ user: "ann", items: [0, 2, 1], targets: 1 }]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readMiniOneRec(options: DataOptions): Promise<GivenData> {
  const { folder, files = {} } = options;
  const train = files.train === undefined ? await onlyTrain(options) : join(folder, files.train);
  const stem = basename(train, extname(train));
  const pathOf = (part: keyof typeof PARTS) => {
    const { inside, ending } = PARTS[part];
    const named = files[part];
    return named === undefined ? join(folder, inside, `${stem}.${ending}`) : join(folder, named);
  };
  const list = pathOf("items");
  const { items, file } = await readItemList(list);
  const numbers = new Map(items.map(({ id }, item) => [id, item]));
  const find = (id: string, column: string) => {
    const item = numbers.get(id);
    if (item !== undefined) return item;
    throw new BadCell(column, `must be an id that ${list} has`, id, "bring rows and items of one data set");
  };

  const read: DataFile[] = [];
  let otherTitles = 0;
  const rowsOf = async (path: string) => {
    const rows: GivenRow[] = [];
    read.push(
      await readPart(path, find, (row, titles) => {
        rows.push(row);
        const differs = (title: string, i: number) => title.trim() !== items[row.items[i]!]!.title.trim();
        if (titles?.some(differs) === true) otherTitles++;
      }),
    );
    return rows;
  };
  return {
    name: stem,
    items,
    train: await rowsOf(train),
    valid: await rowsOf(pathOf("validation")),
    test: await rowsOf(pathOf("test")),
    files: [...read, file],
    warnings: otherTitles === 0 ? [] : [
      `${otherTitles} rows write other titles than ${list} has for their ids. The ids were taken: ` +
      "check that rows and items are of one data set.",
    ],
  };
}

/** The training rows of `data.name`, which may be the beginning of a file's name alone. */
async function onlyTrain({ folder, name }: DataOptions): Promise<string> {
  const inside = join(folder, PARTS.train.inside);
  if (name !== undefined && await exists(join(inside, `${name}.csv`))) return join(inside, `${name}.csv`);
  return await onlyFile(inside, {
    fits: (file) => file.startsWith(name ?? "") && file.endsWith(".csv"),
    names: `${name ?? ""}*.csv`,
    key: "data.files.train",
  });
}

async function readPart(
  path: string,
  find: (id: string, column: string) => number,
  onRow: (row: GivenRow, titles: readonly string[] | undefined) => void,
): Promise<DataFile> {
  const table = { path, encoding: "utf-8", syntax: "quoted", separator: "," } as const;
  return await readTable(table, (header) => {
    for (const name of COLUMNS.id) requiredColumn(path, header, name, "the file");
    return ["user_id", ...Object.values(COLUMNS).flat()];
  }, ([user, ...cells]) => {
    const [id, ids, title, titles, rating, ratings, time, times] = cells;
    const history = listCell(ids, COLUMNS.id[1]);
    /** Values of the history and the target, or undefined where the file has not both columns. */
    const both = (
      columns: readonly [string, string],
      target: string | undefined,
      list: string | undefined,
    ) => {
      if (target === undefined || list === undefined) return undefined;
      const values = listCell(list, columns[1]);
      if (values.length === history.length) return [...values, target];
      const rule = `must have ${history.length} entries, as ${COLUMNS.id[1]} has`;
      throw new BadCell(columns[1], rule, `${values.length}: ${list}`, "correct the row or remove it");
    };
    const stars = both(COLUMNS.rating, rating, ratings)?.map((each) => ratingCell(each, COLUMNS.rating[1]));
    const seconds = both(COLUMNS.time, time, times)?.map((each) => timeCell(each, COLUMNS.time[1]));
    onRow({
      user: user === undefined ? undefined : idCell(user, "user_id"),
      items: [
        ...history.map((each) => find(each, COLUMNS.id[1])),
        find(idCell(id, COLUMNS.id[0]), COLUMNS.id[0]),
      ],
      targets: 1,
      ...(seconds === undefined ? {} : { times: seconds }),
      ...(stars === undefined ? {} : { ratings: stars }),
    }, both(COLUMNS.title, title, titles));
  });
}
