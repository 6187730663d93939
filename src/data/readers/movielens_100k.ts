import { join } from "@std/path";
import type { RawData } from "../raw_data.ts";
import { readInteractions, readItems, readUsers } from "../read_parts.ts";
import type { TableFile } from "../read_table.ts";
import { exists } from "./exists.ts";

/** The genre columns of `u.item`, in order, as the data set's README lists them. */
const GENRES = [
  "unknown",
  "Action",
  "Adventure",
  "Animation",
  "Children's",
  "Comedy",
  "Crime",
  "Documentary",
  "Drama",
  "Fantasy",
  "Film-Noir",
  "Horror",
  "Musical",
  "Mystery",
  "Romance",
  "Sci-Fi",
  "Thriller",
  "War",
  "Western",
] as const;

/**
 * MovieLens-100K: `u.data` (tabs) and, optional, `u.item` (19 genre flags) and `u.user`, latin1, no headers. The
 * genre `unknown` means no category.
 *
 * @throws {BladeError} As `readTable`.
 *
 * @example
 * ```ts
 * import { readMovieLens100K } from "./movielens_100k.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/u.data`, "196\t242\t3\t881250949\n");
 * const raw = await readMovieLens100K(folder);
 * assertEquals([raw.users, raw.items], [["196"], ["242"]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readMovieLens100K(folder: string): Promise<RawData> {
  const table = (file: string, separator: string, header: readonly string[]): TableFile => ({
    path: join(folder, file),
    encoding: "latin1",
    syntax: "plain",
    separator,
    header,
  });
  const ratings = await readInteractions(
    table("u.data", "\t", ["user", "item", "rating", "timestamp"]),
    () => ({ user: "user", item: "item", rating: "rating", timestamp: "timestamp" }),
  );
  const movies = table("u.item", "|", ["item", "title", "released", "video", "url", ...GENRES]);
  const items = await exists(movies.path)
    ? await readItems(movies, ratings.items, () => ({ item: "item", title: "title", categories: GENRES }), [
      "unknown",
    ])
    : undefined;
  const people = table("u.user", "|", ["user", "age", "gender", "occupation", "zip"]);
  const users = await exists(people.path)
    ? await readUsers(
      people,
      ratings.users,
      () => ({ user: "user", groups: ["gender", "age", "occupation"] }),
    )
    : undefined;
  return {
    name: "MovieLens-100K",
    users: ratings.users.ids,
    items: ratings.items.ids,
    interactions: ratings.interactions,
    about: items?.about ?? [],
    userGroups: users?.userGroups ?? new Map(),
    files: [ratings.file, ...(items ? [items.file] : []), ...(users ? [users.file] : [])],
  };
}
