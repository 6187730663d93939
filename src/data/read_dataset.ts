import type { Dataset } from "../core/dataset.ts";
import { buildDataset } from "./build_dataset.ts";
import { buildGiven } from "./build_given.ts";
import { filterInteractions } from "./filter.ts";
import type { DataOptions, ReaderKind } from "./options.ts";
import type { RawData } from "./raw_data.ts";
import { readBigRec } from "./readers/bigrec.ts";
import { readDoubleColon } from "./readers/double_colon.ts";
import { readMovieLens100K } from "./readers/movielens_100k.ts";
import { readMovieLensCsv } from "./readers/movielens_csv.ts";
import { readMiniOneRec } from "./readers/minionerec.ts";
import { readRecBole } from "./readers/recbole.ts";
import { readAnyTable } from "./readers/table.ts";

/**
 * Reads a data set: interactions filtered by rating and k-core, indexed, grouped by user and ordered by time, ties
 * in file order; titles, categories and user groups where the files have them; SHA-256 of each file. Files that are
 * split already stay as they are: nothing is filtered, and the split is part of the data set.
 *
 * @throws {BladeError} With file, line and column when a row is bad; when a file or column is missing; when the
 * filters leave nothing.
 *
 * @example
 * ```ts
 * import { readDataset } from "./read_dataset.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/interactions.csv`, "user,item\nann,tea\nann,cake\n");
 * const { catalog, log } = await readDataset({ reader: "table", folder, minRating: null, kCore: 0 });
 * assertEquals(catalog.ids, ["tea", "cake"]);
 * assertEquals([...log.offsets], [0, 2]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readDataset(options: DataOptions): Promise<Dataset> {
  if (options.reader === "bigrec") return buildGiven(await readBigRec(options));
  if (options.reader === "minionerec") return buildGiven(await readMiniOneRec(options));
  const raw = await readRaw(options, options.reader);
  return buildDataset(raw, filterInteractions(raw, options));
}

function readRaw(
  options: DataOptions,
  reader: Exclude<ReaderKind, "bigrec" | "minionerec">,
): Promise<RawData> {
  switch (reader) {
    case "fixture":
      return readAnyTable({ folder: options.folder, interactions: "interactions.csv", items: "items.csv" });
    case "movietweetings":
    case "ml-1m":
      return readDoubleColon(options.folder, reader);
    case "movielens-csv":
      return readMovieLensCsv(options.folder);
    case "movielens-100k":
      return readMovieLens100K(options.folder);
    case "recbole":
      return readRecBole(options);
    case "table":
      return readAnyTable(options);
    default:
      throw new TypeError(`Cannot read data: ${reader satisfies never}`);
  }
}
