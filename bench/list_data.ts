/**
 * Tables of lists as large as wanted, for measuring `blade evaluate --lists`:
 *
 *     deno run --allow-write bench/list_data.ts FOLDER 100000
 *
 * @module
 */
import { type RandomKey, randomKey } from "../src/numerics/random.ts";

/** The files that `writeListData` makes. */
export const LIST_FILES = ["items.csv", "lists.csv", "relevant.csv", "history.csv"] as const;

/** Rows per user, and the size of the catalog. */
const SHAPE = { lists: 10, relevant: 1, history: 20, items: 20_000, categories: 18 } as const;

/**
 * Writes items, lists, relevant items and histories of so many users; few items make up much of it, as in life.
 *
 * @returns rows in all
 */
export async function writeListData(folder: string, users: number, seed = 1): Promise<number> {
  const key = randomKey(seed);
  const everyone = Array.from({ length: users }, (_, user) => user);
  const rowsOf = (name: "lists" | "relevant" | "history", cells: (item: number, at: number) => string) => {
    const part = key.split(name);
    return everyone.values().map((user) =>
      distinct(part, user, SHAPE[name]).map((item, at) => `u${user},${cells(item, at)}\n`).join("")
    );
  };
  const kinds = key.split("categories");
  const items = Array.from({ length: SHAPE.items }, (_, item) => {
    const pick = (at: number) => Math.floor(kinds.uniform(3 * item + at) * SHAPE.categories);
    return `i${item},Item ${item},${[0, 1, 2].map((at) => `kind ${pick(at)}`).join("|")}\n`;
  });
  await write(`${folder}/items.csv`, "item,title,categories\n", items);
  await write(
    `${folder}/lists.csv`,
    "user,item,rank,score\n",
    rowsOf("lists", (item, at) => `i${item},${at + 1},${-at / 8}`),
  );
  await write(`${folder}/relevant.csv`, "user,item\n", rowsOf("relevant", (item) => `i${item}`));
  await write(
    `${folder}/history.csv`,
    "user,item,timestamp\n",
    rowsOf("history", (item, at) => `i${item},${1_700_000_000 + at}`),
  );
  return SHAPE.items + users * (SHAPE.lists + SHAPE.relevant + SHAPE.history);
}

/** So many items of a user, each once; item i about as often as 1 / (i + 1). */
function distinct(key: RandomKey, user: number, count: number): number[] {
  const items = new Set<number>();
  for (let draw = 0; items.size < count; draw++) {
    items.add(Math.floor(SHAPE.items ** key.uniform(user * 1000 + draw)) - 1);
  }
  return [...items];
}

async function write(path: string, header: string, pieces: Iterable<string>): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  let block = header;
  for (const piece of pieces) {
    block += piece;
    if (block.length < 1 << 16) continue;
    await writer.write(encoder.encode(block));
    block = "";
  }
  await writer.write(encoder.encode(block));
  await writer.close();
}

if (import.meta.main) {
  const [folder, users] = Deno.args;
  console.log(`${await writeListData(folder!, Number(users))} rows`);
}
