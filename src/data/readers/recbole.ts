import { join } from "@std/path";
import { BladeError } from "../../core/errors.ts";
import type { DataOptions } from "../options.ts";
import type { RawData } from "../raw_data.ts";
import { readInteractions, readItems, readUsers } from "../read_parts.ts";
import { requiredColumn, type TableFile } from "../read_table.ts";
import { unreadable } from "../text_file.ts";
import { exists } from "./exists.ts";

/** Field names that RecBole's own data sets use for titles and for categories, looked for in this order. */
const TITLES = ["title", "movie_title", "name", "item_name"];
const CATEGORIES = ["categories", "class", "category", "genre", "genres"];

/**
 * RecBole's atomic files: `NAME.inter` and, optional, `NAME.item`, `NAME.user`. Tabs without quotes; the header
 * gives `field:type`, with type token, token_seq (separated by spaces), float or float_seq. Every token field of
 * `.user` but the id becomes a user group.
 *
 * @throws {BladeError} As `readTable`, when a field is missing or a header cell has no type.
 *
 * @example
 * ```ts
 * import { readRecBole } from "./recbole.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/toy.inter`, "user_id:token\titem_id:token\nu\ti\n");
 * const raw = await readRecBole({ reader: "recbole", folder, minRating: null, kCore: 0 });
 * assertEquals([raw.name, raw.items], ["toy", ["i"]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readRecBole(options: DataOptions): Promise<RawData> {
  const name = options.name ?? await onlyStem(options.folder);
  const table = (ending: string): TableFile => ({
    path: join(options.folder, `${name}.${ending}`),
    encoding: "utf-8",
    syntax: "plain",
    separator: "\t",
  });
  const { fields = {} } = options;
  const user = fields.user ?? "user_id";
  const item = fields.item ?? "item_id";

  const inter = table("inter");
  const ratings = await readInteractions(inter, (header) => {
    const typed = typedHeader(inter.path, header);
    return {
      user: typed.required(user, "user"),
      item: typed.required(item, "item"),
      rating: typed.named(fields.rating, "rating", ["rating"]),
      timestamp: typed.named(fields.timestamp, "timestamp", ["timestamp"]),
    };
  });
  const about = table("item");
  const items = await exists(about.path)
    ? await readItems(about, ratings.items, (header) => {
      const typed = typedHeader(about.path, header);
      const categories = typed.named(fields.categories, "categories", CATEGORIES);
      return {
        item: typed.required(item, "item"),
        title: typed.named(fields.title, "title", TITLES),
        categories,
        categorySeparator: categories?.endsWith("_seq") ? " " : "\t", // a token is one category, spaces and all
      };
    })
    : undefined;
  const people = table("user");
  const users = await exists(people.path)
    ? await readUsers(people, ratings.users, (header) => {
      const id = typedHeader(people.path, header).required(user, "user");
      return { user: id, groups: header.filter((cell) => cell.endsWith(":token") && cell !== id) };
    })
    : undefined;
  return {
    name,
    users: ratings.users.ids,
    items: ratings.items.ids,
    interactions: ratings.interactions,
    about: items?.about ?? [],
    userGroups: new Map(Array.from(users?.userGroups ?? [], ([key, values]) => [key.split(":")[0]!, values])),
    files: [ratings.file, ...(items ? [items.file] : []), ...(users ? [users.file] : [])],
  };
}

/** Finds header cells (`field:type`) by field name. */
function typedHeader(path: string, header: readonly string[]) {
  const untyped = header.find((cell) => !/^[^:]+:(token|float)(_seq)?$/.test(cell));
  if (untyped !== undefined) {
    throw new BladeError({
      place: `${path}:1`,
      rule: "must name each column field:type with type token, token_seq, float or float_seq",
      value: untyped,
      mend: "add the types and separate the columns by tabs, or read the file with the reader table",
    });
  }
  const names = header.map((cell) => cell.split(":")[0]!);
  const required = (name: string, part: string) => {
    requiredColumn(path, names, name, `data.fields.${part}`);
    return header[names.indexOf(name)]!;
  };
  return {
    required,
    /** The field that the options name, which must be there, or the first of the usual names that is. */
    named(given: string | undefined, part: string, usual: readonly string[]) {
      if (given !== undefined) return required(given, part);
      const found = usual.find((name) => names.includes(name));
      return found === undefined ? undefined : required(found, part);
    },
  };
}

async function onlyStem(folder: string): Promise<string> {
  const stems: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(".inter")) stems.push(name.slice(0, -".inter".length));
    }
  } catch (cause) {
    throw unreadable(join(folder, "*.inter"), cause);
  }
  if (stems.length === 1) return stems[0]!;
  throw new BladeError({
    place: folder,
    rule: "must hold one .inter file when data.name is not given",
    value: stems.length === 0 ? "none" : stems.sort().join(", "),
    mend: stems.length === 0 ? "point data.folder at the unpacked data set" : "set data.name to one of them",
  });
}
