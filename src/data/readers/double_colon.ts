import { basename, join } from "@std/path";
import type { RawData } from "../raw_data.ts";
import { readInteractions, readItems, readUsers } from "../read_parts.ts";
import type { TableFile } from "../read_table.ts";
import type { Encoding } from "../text_file.ts";
import { exists } from "./exists.ts";

/**
 * MovieTweetings (`ratings.dat`, `movies.dat`; UTF-8) and MovieLens-1M (the same and `users.dat`; latin1): cells
 * separated by `::`, no header. `movies.dat` and `users.dat` may be absent.
 *
 * @throws {BladeError} As `readTable`.
 *
 * @example
 * ```ts
 * import { readDoubleColon } from "./double_colon.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/ratings.dat`, "1::0114508::8::1381006850\n");
 * const raw = await readDoubleColon(folder, "movietweetings");
 * assertEquals(raw.items, ["0114508"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readDoubleColon(folder: string, kind: "movietweetings" | "ml-1m"): Promise<RawData> {
  const encoding: Encoding = kind === "ml-1m" ? "latin1" : "utf-8";
  const table = (file: string, header: readonly string[]): TableFile => ({
    path: join(folder, file),
    encoding,
    syntax: "plain",
    separator: "::",
    header,
  });
  const ratings = await readInteractions(
    table("ratings.dat", ["user", "item", "rating", "timestamp"]),
    () => ({ user: "user", item: "item", rating: "rating", timestamp: "timestamp" }),
  );
  const movies = table("movies.dat", ["item", "title", "genres"]);
  const items = await exists(movies.path)
    ? await readItems(movies, ratings.items, () => ({ item: "item", title: "title", categories: "genres" }))
    : undefined;
  const people = table("users.dat", ["user", "gender", "age", "occupation", "zip"]);
  const users = kind === "ml-1m" && await exists(people.path)
    ? await readUsers(
      people,
      ratings.users,
      () => ({ user: "user", groups: ["gender", "age", "occupation"] }),
    )
    : undefined;
  return {
    name: kind === "ml-1m" ? "MovieLens-1M" : `MovieTweetings-${basename(folder)}`,
    users: ratings.users.ids,
    items: ratings.items.ids,
    interactions: ratings.interactions,
    about: items?.about ?? [],
    userGroups: users?.userGroups ?? new Map(),
    files: [ratings.file, ...(items ? [items.file] : []), ...(users ? [users.file] : [])],
  };
}
