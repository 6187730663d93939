import { basename, join, resolve } from "@std/path";
import type { RawData } from "../raw_data.ts";
import { readInteractions, readItems } from "../read_parts.ts";
import { requiredColumn, type TableFile } from "../read_table.ts";
import { exists } from "./exists.ts";

/**
 * MovieLens as published since 2015 (ml-latest-small, 20M, 25M, 32M): `ratings.csv` and, optional, `movies.csv`,
 * quoted, with headers; `(no genres listed)` means no category.
 *
 * @throws {BladeError} As `readTable`, and when a column is missing.
 *
 * @example
 * ```ts
 * import { readMovieLensCsv } from "./movielens_csv.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/ratings.csv`, "userId,movieId,rating,timestamp\n1,31,2.5,9\n");
 * const raw = await readMovieLensCsv(folder);
 * assertEquals([...raw.interactions.ratings], [2.5]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readMovieLensCsv(folder: string): Promise<RawData> {
  const table = (file: string): TableFile => ({
    path: join(folder, file),
    encoding: "utf-8",
    syntax: "quoted",
    separator: ",",
  });
  const column = (file: string, header: readonly string[], name: string) =>
    requiredColumn(join(folder, file), header, name, "data.columns of the reader table");
  const ratings = await readInteractions(table("ratings.csv"), (header) => ({
    user: column("ratings.csv", header, "userId"),
    item: column("ratings.csv", header, "movieId"),
    rating: column("ratings.csv", header, "rating"),
    timestamp: column("ratings.csv", header, "timestamp"),
  }));
  const movies = table("movies.csv");
  const items = await exists(movies.path)
    ? await readItems(movies, ratings.items, (header) => ({
      item: column("movies.csv", header, "movieId"),
      title: column("movies.csv", header, "title"),
      categories: column("movies.csv", header, "genres"),
    }), ["(no genres listed)"])
    : undefined;
  return {
    name: basename(resolve(folder)),
    users: ratings.users.ids,
    items: ratings.items.ids,
    interactions: ratings.interactions,
    about: items?.about ?? [],
    userGroups: new Map(),
    files: [ratings.file, ...(items ? [items.file] : [])],
  };
}
