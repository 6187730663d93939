import { z } from "zod";
import { count, nameOf, share } from "./parts.ts";

/** The generated data set that comes with the program, relative to the program's own folder. */
export const QUICKSTART_FOLDER = "fixtures/quickstart";

/** Readers of files that are split already: nothing of them is dropped, and the split is theirs. */
export const GIVEN_SPLIT_READERS: readonly string[] = ["bigrec", "minionerec"];

/** The section `data`: which files to read, which interactions to keep, how to split them. */
export const data = z.strictObject({
  reader: z.enum([
    "fixture",
    "movietweetings",
    "ml-1m",
    "movielens-csv",
    "movielens-100k",
    "recbole",
    "table",
    "bigrec",
    "minionerec",
  ])
    .default("fixture").describe(
      "format of the files; `table` is any CSV, TSV or JSONL with a column map, `bigrec` the JSON of BIGRec and " +
        "SPRec, `minionerec` the CSV of MiniOneRec and D3, the last two split already",
    ),
  folder: z.string().min(1).default(QUICKSTART_FOLDER)
    .describe("folder of the data; relative to this file, or to the working folder when given by --set"),
  interactions: nameOf.exactOptional().describe("table: file of the interactions, by default interactions.*"),
  items: nameOf.exactOptional().describe("table: file of the items, by default items.*"),
  users: nameOf.exactOptional().describe("table: file of the users, by default users.*"),
  format: z.enum(["csv", "tsv", "jsonl"]).exactOptional()
    .describe("table: format of the files, by default what their names end in"),
  columns: z.strictObject({
    user: nameOf,
    item: nameOf,
    rating: nameOf.exactOptional(),
    timestamp: nameOf.exactOptional(),
  }).exactOptional().describe("table: columns of the interactions, by default user, item, rating, timestamp"),
  itemColumns: z.strictObject({
    item: nameOf,
    title: nameOf.exactOptional(),
    categories: nameOf.exactOptional(),
    categorySeparator: z.string().min(1).exactOptional(),
    features: nameOf.exactOptional().describe(
      "numbers of the item, as its price, separated like the categories",
    ),
  }).exactOptional().describe("table: columns of the items, by default item, title, categories, features"),
  userColumns: z.strictObject({ user: nameOf, groups: z.array(nameOf).exactOptional() }).exactOptional()
    .describe("table: columns of the users, by default user and every other one as a group"),
  name: nameOf.exactOptional().describe(
    "recbole: name of the files before .inter; minionerec: before .csv; by default the only one there",
  ),
  fields: z.strictObject({
    user: nameOf.exactOptional(),
    item: nameOf.exactOptional(),
    rating: nameOf.exactOptional(),
    timestamp: nameOf.exactOptional(),
    title: nameOf.exactOptional(),
    categories: nameOf.exactOptional(),
  }).exactOptional().describe("recbole: names of the fields, by default user_id, item_id, rating, timestamp"),
  files: z.strictObject({
    train: nameOf.exactOptional(),
    validation: nameOf.exactOptional(),
    test: nameOf.exactOptional(),
    items: nameOf.exactOptional().describe(
      "list of the items: .json of id → title, .txt with title, tab and id, or movies.dat",
    ),
    categories: nameOf.exactOptional().describe(
      "bigrec: .json of title → categories, by default name2genre.json",
    ),
  }).exactOptional().describe(
    "bigrec, minionerec: files relative to the folder, by default found by their usual names",
  ),
  unlisted: z.enum(["refuse", "add"]).exactOptional().describe(
    "bigrec: titles in rows that the list of items lacks; add: they become items, by default they are refused",
  ),
  licence: z.string().min(1).exactOptional()
    .describe("on what terms the data may be used, for the model card; nothing is checked against it"),
  kCore: z.int().min(0).default(5)
    .describe(
      "users and items with fewer interactions are dropped until none is left; 0 or 1 keeps all, as bigrec and minionerec do",
    ),
  minRating: z.number().nullable().default(null).describe(
    "interactions rated lower are dropped; null keeps all",
  ),
  split: z.enum(["leave-last-out", "global-time", "given"]).default("leave-last-out")
    .describe(
      "leave-last-out: per user the last is test, the one before validation; global-time: by date; given: as the " +
        "files have it, always so for bigrec and minionerec",
    ),
  validationShare: share.default(0.1).describe("share of the interactions in validation, for global-time"),
  testShare: share.default(0.1).describe("share of the interactions in test, for global-time"),
  maxHistory: count.default(50).describe("interactions of a user that the model reads, the latest ones"),
});

/**
 * A configuration with the defaults of `data` that its reader decides: files that are split already stay as they are.
 *
 * @param input as written, unchecked
 * @example
 * ```ts
 * import { withReaderDefaults } from "./data.ts";
 * import { assertEquals } from "@std/assert";
 * const input = { data: { reader: "bigrec", kCore: 1 } };
 * assertEquals(withReaderDefaults(input), { data: { split: "given", kCore: 1, reader: "bigrec" } });
 * assertEquals(withReaderDefaults({ data: { reader: "table" } }), { data: { reader: "table" } });
 * ```
 */
export function withReaderDefaults(input: unknown): unknown {
  const data = isObject(input) ? input["data"] : undefined;
  if (!isObject(input) || !isObject(data)) return input;
  const reader = data["reader"];
  if (typeof reader !== "string" || !GIVEN_SPLIT_READERS.includes(reader)) return input;
  return { ...input, data: { split: "given", kCore: 0, ...data } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
