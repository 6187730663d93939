import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { type ListFiles, readListFiles } from "../../src/evaluate/list_files.ts";
import { readTables } from "../../src/evaluate/list_tables.ts";
import { csvLine } from "../../src/report/tables.ts";

const folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}

/** Ids that CSV has to quote, and some that look like numbers. */
const id = fc.constantFrom("a", "b", "007", "7", 'say "hi"', "x,y", "two\nlines", "ünï", " ", "-1");
const tables = fc.record({
  lists: fc.array(fc.tuple(id, id, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 20 }),
  relevant: fc.array(fc.tuple(id, id, fc.constantFrom(0, 0.5, 1, 3)), { minLength: 1, maxLength: 10 }),
  history: fc.array(fc.tuple(id, id, fc.integer({ min: 0, max: 4 })), { minLength: 1, maxLength: 20 }),
});

Deno.test("files give the columns that the same rows in memory give", async () => {
  const headers = {
    lists: ["user", "item", "rank"],
    relevant: ["user", "item", "gain"],
    history: ["user", "item", "timestamp"],
  };
  await fc.assert(
    fc.asyncProperty(tables, fc.boolean(), async (rows, turned) => {
      const files = Object.fromEntries(
        await Promise.all((Object.keys(headers) as (keyof typeof headers)[]).map(async (table) => {
          const order = (cells: readonly (string | number)[]) => turned ? cells.toReversed() : cells;
          const lines = [headers[table], ...rows[table]].map((cells) => csvLine(order(cells)));
          return [table, await write(`${table}.csv`, lines.join(""))] as const;
        })),
      );
      const { columns } = await readListFiles({ ...files, lists: [files["lists"]!] });
      assertEquals(columns, await readTables(rows));
    }),
    { numRuns: 40 },
  );
});

Deno.test("tabs separate where the name ends in .tsv, and a mark and line ends of Windows are understood", async () => {
  const lists = await write("lists.tsv", "\ufeffuser\trank\titem\r\nann\t2\tfilm, 1\r\n");
  const { columns } = await readListFiles({ lists: [lists] });
  assertEquals([columns.users, columns.items, columns.lists[0]!.ranks], [
    ["ann"],
    ["film, 1"],
    Int32Array.of(2),
  ]);
});

Deno.test("items and users have all their columns read, wherever they stand", async () => {
  const files: ListFiles = {
    lists: [await write("lists.csv", "user,item,rank\nann,x,1\nbob,y,1\n")],
    items: await write(
      "items.csv",
      "title,group,embedding,categories,item,features\nX,1,0.5|2,Crime| Drama,x,1\nY,,,,y,\n",
    ),
    users: await write("users.csv", "gender,user,age\nf,bob,30\nm,stranger,9\n"),
  };
  const { columns, passedOver } = await readListFiles(files);
  assertEquals(columns.catalog, {
    size: 2,
    categoryNames: ["Crime", "Drama"],
    categories: [[0, 1], []],
    features: [Float64Array.of(1), undefined],
    embedding: [Float64Array.of(0.5, 2), undefined],
    groups: ["1", undefined],
  });
  assertEquals([...columns.userGroups!], [["gender", ["", "f"]], ["age", ["", "30"]]]);
  assertEquals(passedOver, []);
});

Deno.test("a column that no table has is passed over and said, score and title are not", async () => {
  const files: ListFiles = {
    lists: [await write("lists.csv", "user,item,rank,score,model\nann,x,1,0.5,m\n")],
    relevant: await write("relevant.csv", "user,item,gian\nann,x,3\n"),
  };
  const { columns, passedOver } = await readListFiles(files);
  assertEquals(passedOver, [`${folder}/lists.csv: model`, `${folder}/relevant.csv: gian`]);
  assertEquals(columns.relevant!.gains, Float64Array.of(1));
});

const GOOD = "user,item,rank\nann,x,1\n";

const REFUSED: Readonly<Record<string, readonly [Partial<Record<keyof ListFiles, string>>, string, string]>> =
  {
    "a missing column": [
      { lists: "user,item\nann,x\n" },
      'lists.csv:1: must name a column "rank"',
      "user, item",
    ],
    "a column named twice": [
      { lists: "user,item,rank,rank\nann,x,1,2\n" },
      "lists.csv:1: must name every column once",
      "rank",
    ],
    "a rank of a fraction": [
      { lists: `${GOOD}ann,y,1.5\n` },
      "lists.csv:3: column rank: must be a whole number from 1 on",
      '"1.5"',
    ],
    "an empty user": [
      { lists: `${GOOD},y,1\n` },
      "lists.csv:3: column user: must hold an id",
      "fill the cell",
    ],
    "a row that is short": [{ lists: `${GOOD}ann,y\n` }, "lists.csv:3: must have 3 cells", "ann,y"],
    "an empty file": [{ lists: "" }, "lists.csv: must hold at least one row", "name another file"],
    "a header alone": [{ lists: "user,item,rank\n" }, "lists.csv: must hold at least one row", "holds none"],
    "a table of relevant items that is not even named": [
      { lists: GOOD, relevant: "" },
      "relevant.csv: must hold at least one row",
      "",
    ],
    "a gain that is a word": [
      { lists: GOOD, relevant: "user,item,gain\nann,x,high\n" },
      "relevant.csv:2: column gain: must be a number from 0 on",
      '"high"',
    ],
    "a gain without end": [
      { lists: GOOD, relevant: "user,item,gain\nann,x,Infinity\n" },
      "relevant.csv:2: column gain",
      "Infinity",
    ],
    "a date": [
      { lists: GOOD, history: "user,item,timestamp\nann,x,2024-05-01\n" },
      "history.csv:2: column timestamp: must be a finite number",
      "unix seconds",
    ],
    "a vector shorter than the others": [
      { lists: GOOD, items: "item,features\nx,1|2\ny,1\n" },
      "items.csv:3: column features: must have 2 numbers like the rows before",
      '"1"',
    ],
    "users without a column user": [
      { lists: GOOD, users: "id,age\nann,3\n" },
      'users.csv:1: must name a column "user"',
      "id, age",
    ],
  };

for (const [name, [texts, place, detail]] of Object.entries(REFUSED)) {
  Deno.test(`readListFiles() refuses ${name} and says where`, async () => {
    const named = await Promise.all(
      Object.entries(texts).map(async ([table, text]) =>
        [table, await write(`${table}.csv`, text!)] as const
      ),
    );
    const files = Object.fromEntries(named);
    const error = await assertRejects(
      () => readListFiles({ ...files, lists: [files["lists"]!] }),
      BladeError,
      `${folder}/${place}`,
    );
    assertEquals(error.message.includes(detail), true, error.message);
    assertEquals(error.message.includes("To mend: "), true);
  });
}

Deno.test("a file that is not there is named", async () => {
  await assertRejects(
    () => readListFiles({ lists: [`${folder}/none.csv`] }),
    BladeError,
    "none.csv: must exist",
  );
});
