import { basename, extname, join, resolve } from "@std/path";
import { BladeError } from "../../core/errors.ts";
import type { DataOptions, TableFormat } from "../options.ts";
import type { RawData } from "../raw_data.ts";
import { readInteractions, readItems, readUsers } from "../read_parts.ts";
import { requiredColumn, type TableFile } from "../read_table.ts";
import { unreadable } from "../text_file.ts";

type TableOptions = Omit<DataOptions, "reader" | "minRating" | "kCore">;

/**
 * Any data set in CSV, TSV or JSON lines, by a map of its columns. UTF-8.
 *
 * @throws {BladeError} As `readTable`, when a named column is missing, or when the format cannot be told.
 *
 * @example
 * ```ts
 * import { readAnyTable } from "./table.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/clicks.tsv`, "who\twhat\nann\ttea\n");
 * const raw = await readAnyTable({ folder, interactions: "clicks.tsv", columns: { user: "who", item: "what" } });
 * assertEquals(raw.users, ["ann"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readAnyTable(options: TableOptions): Promise<RawData> {
  const { folder } = options;
  const separator = options.itemColumns?.categorySeparator ?? "|";
  const table = (file: string) => tableFile(join(folder, file), options.format, separator);

  const log = table(options.interactions ?? await onlyInteractions(folder));
  const ratings = await readInteractions(log, (header) => {
    const named = options.columns;
    const usual = named === undefined;
    return {
      user: present(log, header, named?.user ?? "user", "data.columns.user"),
      item: present(log, header, named?.item ?? "item", "data.columns.item"),
      rating: optional(log, header, named?.rating, "data.columns.rating", usual ? "rating" : undefined),
      timestamp: optional(
        log,
        header,
        named?.timestamp,
        "data.columns.timestamp",
        usual ? "timestamp" : undefined,
      ),
    };
  });
  const about = options.items === undefined ? undefined : table(options.items);
  const items = about && await readItems(about, ratings.items, (header) => {
    const named = options.itemColumns;
    const usual = named === undefined;
    return {
      item: present(about, header, named?.item ?? "item", "data.itemColumns.item"),
      title: optional(about, header, named?.title, "data.itemColumns.title", usual ? "title" : undefined),
      categories: optional(
        about,
        header,
        named?.categories,
        "data.itemColumns.categories",
        usual ? "categories" : undefined,
      ),
      categorySeparator: separator,
      features: optional(
        about,
        header,
        named?.features,
        "data.itemColumns.features",
        usual ? "features" : undefined,
      ),
    };
  });
  const people = options.users === undefined ? undefined : table(options.users);
  const users = people && await readUsers(people, ratings.users, (header) => {
    const user = present(people, header, options.userColumns?.user ?? "user", "data.userColumns.user");
    const named = options.userColumns?.groups;
    const groups = named?.map((group) => present(people, header, group, "data.userColumns.groups")) ??
      header.filter((column) => column !== user);
    return { user, groups };
  });
  return {
    name: basename(resolve(folder)),
    users: ratings.users.ids,
    items: ratings.items.ids,
    interactions: ratings.interactions,
    about: items?.about ?? [],
    userGroups: users?.userGroups ?? new Map(),
    files: [ratings.file, ...(items ? [items.file] : []), ...(users ? [users.file] : [])],
  };
}

/** A column that the options name must be in the header; in JSON lines a key may be missing from the first object. */
function present(table: TableFile, header: readonly string[], name: string, option: string): string {
  return table.syntax === "jsonl" ? name : requiredColumn(table.path, header, name, option);
}

function optional(
  table: TableFile,
  header: readonly string[],
  name: string | undefined,
  option: string,
  usual: string | undefined,
): string | undefined {
  if (name !== undefined) return present(table, header, name, option);
  return usual !== undefined && header.includes(usual) ? usual : undefined;
}

function tableFile(path: string, format: TableFormat | undefined, listSeparator: string): TableFile {
  const ending = extname(path).slice(1);
  switch (format ?? ending) {
    case "csv":
      return { path, encoding: "utf-8", syntax: "quoted", separator: "," };
    case "tsv":
      return { path, encoding: "utf-8", syntax: "quoted", separator: "\t" };
    case "jsonl":
      return { path, encoding: "utf-8", syntax: "jsonl", separator: listSeparator };
    default:
      throw new BladeError({
        place: path,
        rule: "must end in .csv, .tsv or .jsonl when data.format is not given",
        value: ending,
        mend: "set data.format to csv, tsv or jsonl",
      });
  }
}

async function onlyInteractions(folder: string): Promise<string> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^interactions\.(csv|tsv|jsonl)$/.test(name)) found.push(name);
    }
  } catch (cause) {
    throw unreadable(join(folder, "interactions.*"), cause);
  }
  if (found.length === 1) return found[0]!;
  throw new BladeError({
    place: folder,
    rule: "must hold one file interactions.csv, .tsv or .jsonl when data.interactions is not given",
    value: found.length === 0 ? "none" : found.sort().join(", "),
    mend: "set data.interactions to the name of the file",
  });
}
