import { extname } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { readTable, type TableFile } from "../data/read_table.ts";
import { isThere } from "../report/is_there.ts";
import { collectColumns, type FeedTable, type ListColumns, type TableShape } from "./list_columns.ts";

/** Where tables are: CSV, or values separated by tabs where the name ends in .tsv; the first line names the columns. */
export interface ListFiles {
  /** user, item, rank; one file per system. */
  readonly lists: readonly string[];
  /** user, item, gain (1 where there is none). */
  readonly relevant?: string;
  /** user, item, timestamp (the order of the rows where there is none). */
  readonly history?: string;
  /** item, categories, features, embedding, group. */
  readonly items?: string;
  /** user, and every other column an attribute. */
  readonly users?: string;
}

/** What files held. */
export interface ReadFiles {
  readonly columns: ListColumns;
  /** Columns that no table has and that were passed over: `lists.csv: gian`. */
  readonly passedOver: readonly string[];
  /** Files that name their columns and hold no row. Lists must have one. */
  readonly withoutRows: readonly string[];
}

/** Columns that the tables have for people, and that no metric reads. */
const FOR_PEOPLE: Readonly<Record<string, readonly string[]>> = { lists: ["score"], items: ["title"] };

/**
 * Reads tables from files, row by row: no file is held.
 *
 * @throws {BladeError} with file, line, column, value and mend when a column is missing, a cell does not fit, or a
 * file is missing, empty or no text.
 *
 * @example
 * ```ts
 * import { readListFiles } from "./list_files.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(path, "user,rank,item,note\nann,1,film 1,hm\n");
 * const { columns, passedOver } = await readListFiles({ lists: [path] });
 * assertEquals([columns.users, columns.items], [["ann"], ["film 1"]]);
 * assertEquals(passedOver, [`${path}: note`]);
 * await Deno.remove(path);
 * ```
 */
export async function readListFiles(files: ListFiles): Promise<ReadFiles> {
  const passedOver: string[] = [];
  const withoutRows: string[] = [];
  // All of them before the first: a name that is typed wrong should not cost a minute of reading.
  for (const path of Object.values(files).flat()) await checkThere(path);
  const feed: FeedTable = async (shape, take) => {
    const path = shape.table === "lists" ? files.lists[shape.system] : files[shape.table];
    if (path === undefined) return false;
    let names: readonly string[] = shape.columns;
    let rows = 0;
    await readTable(tableFile(path, shape.table !== "lists"), (header) => {
      checkHeader(path, header, shape);
      const others = header.filter((name) => !shape.columns.includes(name));
      if (shape.takesOthers === true) return names = [...shape.columns, ...others];
      const unknown = others.filter((name) => !FOR_PEOPLE[shape.table]?.includes(name));
      if (unknown.length > 0) passedOver.push(`${path}: ${unknown.join(", ")}`);
      return names;
    }, (cells) => {
      rows++;
      take(cells, names);
    });
    if (rows === 0) withoutRows.push(path);
    return true;
  };
  return { columns: await collectColumns(files.lists.length, feed), passedOver, withoutRows };
}

async function checkThere(path: string): Promise<void> {
  if (await isThere(path)) return;
  throw new BladeError({ place: path, rule: "must exist, and does not", mend: "check the path" });
}

function tableFile(path: string, mayBeEmpty: boolean): TableFile {
  const separator = extname(path).toLowerCase() === ".tsv" ? "\t" : ",";
  return { path, encoding: "utf-8", syntax: "quoted", separator, mayBeEmpty };
}

function checkHeader(
  path: string,
  header: readonly string[],
  { table, columns, required }: TableShape,
): void {
  const missing = columns.slice(0, required).find((name) => !header.includes(name));
  const place = `${path}:1`;
  if (missing !== undefined) {
    throw new BladeError({
      place,
      rule: `must name a column ${JSON.stringify(missing)}`,
      value: `the columns ${header.join(", ")}`,
      mend: `name the columns in the first line; a table of ${table} has ${columns.join(", ")}`,
    });
  }
  const twice = header.find((name, at) => header.indexOf(name) !== at);
  if (twice !== undefined) {
    const mend = "rename one of them, or take it out";
    throw new BladeError({ place, rule: "must name every column once", value: twice, mend });
  }
}
