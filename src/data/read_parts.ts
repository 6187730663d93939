import type { DataFile } from "../core/dataset.ts";
import { categoriesCell, idCell, numbersCell, ratingCell, timeCell } from "./cells.ts";
import {
  type AboutItem,
  interactionBuffer,
  type Interner,
  interner,
  type RawInteractions,
} from "./raw_data.ts";
import { readTable, type TableFile } from "./read_table.ts";

/** Column names of an interactions file; a rating or time that it lacks stays undefined. */
export interface InteractionColumns {
  readonly user: string;
  readonly item: string;
  readonly rating?: string | undefined;
  readonly timestamp?: string | undefined;
}

/** Column names of an items file. */
export interface ItemColumns {
  readonly item: string;
  readonly title?: string | undefined;
  /** One column, or one per category whose cell "1" means that the item belongs to it. */
  readonly categories?: string | readonly string[] | undefined;
  /** Between the categories of a cell. Default `|`. */
  readonly categorySeparator?: string | undefined;
  /** Numbers, separated like the categories. */
  readonly features?: string | undefined;
}

/** Column names of a users file. */
export interface UserColumns {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Interactions with the numbering of their ids. */
export interface InteractionPart {
  readonly users: Interner;
  readonly items: Interner;
  readonly interactions: RawInteractions;
  readonly file: DataFile;
}

// A name that no header holds: the cells of a column left out are undefined.
const ABSENT = "\0";

/**
 * Reads an interactions file.
 *
 * @param columns The columns, given the file's header; may throw a `BladeError` when one is missing.
 * @throws {BladeError} As `readTable`, and for a bad id, rating or time with its line.
 *
 * @example
 * ```ts
 * import { readInteractions } from "./read_parts.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "ann\t7\nbob\t7\n");
 * const { users, interactions } = await readInteractions(
 *   { path, encoding: "utf-8", syntax: "plain", separator: "\t", header: ["user", "item"] },
 *   () => ({ user: "user", item: "item" }),
 * );
 * assertEquals(users.ids, ["ann", "bob"]);
 * assertEquals([...interactions.items], [0, 0]);
 * await Deno.remove(path);
 * ```
 */
export async function readInteractions(
  table: TableFile,
  columns: (header: readonly string[]) => InteractionColumns,
): Promise<InteractionPart> {
  const users = interner();
  const items = interner();
  const buffer = interactionBuffer();
  let names: InteractionColumns = { user: "user", item: "item" };
  const file = await readTable(table, (header) => {
    names = columns(header);
    return [names.user, names.item, names.timestamp ?? ABSENT, names.rating ?? ABSENT];
  }, ([user, item, time, rating]) => {
    const userNumber = users.number(idCell(user, names.user));
    const itemNumber = items.number(idCell(item, names.item));
    const seconds = names.timestamp === undefined ? 0 : timeCell(time ?? "", names.timestamp);
    const stars = names.rating === undefined ? NaN : ratingCell(rating ?? "", names.rating);
    buffer.add(userNumber, itemNumber, seconds, stars);
  });
  return { users, items, interactions: buffer.finish(), file };
}

/**
 * Reads titles, categories and features of the items that have appeared in interactions; others are passed over.
 *
 * @param ignored Category texts that mean "none", such as `(no genres listed)`.
 * @returns By item number; a repeated id keeps its first row.
 * @throws {BladeError} As `readTable`.
 *
 * @example
 * ```ts
 * import { interner } from "./raw_data.ts";
 * import { readItems } from "./read_parts.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "7::Heat::Crime|Drama\n8::Nobody met this::War\n");
 * const items = interner();
 * items.number("7");
 * const { about } = await readItems(
 *   { path, encoding: "utf-8", syntax: "plain", separator: "::", header: ["item", "title", "genres"] },
 *   items,
 *   () => ({ item: "item", title: "title", categories: "genres" }),
 * );
 * assertEquals(about, [{ title: "Heat", categories: ["Crime", "Drama"] }]);
 * await Deno.remove(path);
 * ```
 */
export async function readItems(
  table: TableFile,
  items: Interner,
  columns: (header: readonly string[]) => ItemColumns,
  ignored: readonly string[] = [],
): Promise<{ about: (AboutItem | undefined)[]; file: DataFile }> {
  const about: (AboutItem | undefined)[] = new Array(items.ids.length).fill(undefined);
  let names: ItemColumns = { item: "item" };
  let dimensions: number | undefined;
  const file = await readTable(table, (header) => {
    names = columns(header);
    const categories = names.categories ?? ABSENT;
    return [
      names.item,
      names.title ?? ABSENT,
      names.features ?? ABSENT,
      ...(typeof categories === "string" ? [categories] : categories),
    ];
  }, ([id, title, numbers, ...cells]) => {
    const number = items.find(idCell(id, names.item));
    if (number === undefined || about[number] !== undefined) return;
    const flags = names.categories;
    const categories = Array.isArray(flags)
      ? flags.filter((_, i) => cells[i] === "1")
      : categoriesCell(cells[0], names.categorySeparator ?? "|");
    const kept = categories.filter((category) => !ignored.includes(category));
    const features = names.features === undefined
      ? undefined
      : numbersCell(numbers, names.features, names.categorySeparator ?? "|", dimensions);
    dimensions ??= features?.length;
    about[number] = {
      ...(title === undefined ? {} : { title }),
      categories: kept,
      ...(features === undefined ? {} : { features }),
    };
  });
  return { about, file };
}

/**
 * Reads attributes of the users that have appeared in interactions; others are passed over.
 *
 * @returns Attribute → value by user number, "" when unknown; a repeated id keeps its last row.
 * @throws {BladeError} As `readTable`.
 *
 * @example
 * ```ts
 * import { interner } from "./raw_data.ts";
 * import { readUsers } from "./read_parts.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "user,town\nann,Oslo\n");
 * const users = interner();
 * users.number("bob");
 * users.number("ann");
 * const { userGroups } = await readUsers(
 *   { path, encoding: "utf-8", syntax: "quoted", separator: "," },
 *   users,
 *   () => ({ user: "user", groups: ["town"] }),
 * );
 * assertEquals(userGroups.get("town"), ["", "Oslo"]);
 * await Deno.remove(path);
 * ```
 */
export async function readUsers(
  table: TableFile,
  users: Interner,
  columns: (header: readonly string[]) => UserColumns,
): Promise<{ userGroups: Map<string, string[]>; file: DataFile }> {
  const userGroups = new Map<string, string[]>();
  let names: UserColumns = { user: "user", groups: [] };
  const file = await readTable(table, (header) => {
    names = columns(header);
    for (const group of names.groups) userGroups.set(group, new Array(users.ids.length).fill(""));
    return [names.user, ...names.groups];
  }, ([id, ...values]) => {
    const number = users.find(idCell(id, names.user));
    if (number === undefined) return;
    names.groups.forEach((group, i) => userGroups.get(group)![number] = values[i] ?? "");
  });
  return { userGroups, file };
}
