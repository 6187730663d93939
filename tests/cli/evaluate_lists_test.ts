import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { csvLine } from "../../src/report/tables.ts";
import { type Ran, ran, temporaryFolder, TRAINED } from "./_io.ts";

type Cell = string | number | readonly (string | number)[];
type Row = readonly Cell[] | Readonly<Record<string, Cell>>;

interface Golden {
  readonly id: string;
  readonly spec: string;
  readonly expected: number | null | {
    readonly perUser: Readonly<Record<string, number | null>>;
    readonly mean: number | null;
  };
  readonly tolerance: number;
  readonly lists: readonly Row[];
  readonly relevant?: readonly Row[];
  readonly history?: readonly Row[];
  readonly items?: readonly Row[];
}

const COLUMNS = {
  lists: ["user", "item", "rank"],
  relevant: ["user", "item", "gain"],
  history: ["user", "item", "timestamp"],
  items: ["item", "categories", "features", "embedding", "group"],
} as const;

/** A golden table as CSV: the columns that any of its rows has. */
function csvOf(table: keyof typeof COLUMNS, rows: readonly Row[]): string {
  const records = rows.map((row) =>
    Array.isArray(row)
      ? Object.fromEntries(row.map((cell, at) => [COLUMNS[table][at]!, cell]))
      : row as Readonly<Record<string, Cell>>
  );
  const columns = COLUMNS[table].filter((name) =>
    records.length === 0 || records.some((record) => record[name] !== undefined)
  );
  const text = (cell: Cell | undefined) => Array.isArray(cell) ? cell.join("|") : String(cell ?? "");
  return [csvLine(columns), ...records.map((record) => csvLine(columns.map((name) => text(record[name]))))]
    .join("");
}

const golden: readonly Golden[] = JSON.parse(
  await Deno.readTextFile(new URL("../../fixtures/golden/metrics.json", import.meta.url)),
);

for (const { id, spec, expected, tolerance, ...tables } of golden) {
  Deno.test(`evaluate --lists prints the golden value of ${id}`, async () => {
    await using folder = await temporaryFolder();
    const flags: string[] = [];
    for (const table of Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]) {
      const rows = tables[table];
      if (rows === undefined) continue;
      const path = `${folder.path}/${table}.csv`;
      await Deno.writeTextFile(path, csvOf(table, rows));
      flags.push(`--${table}`, path);
    }
    const perUserFile = `${folder.path}/per-user.csv`;
    const args = ["evaluate", ...flags, "--metrics", spec, "--per-user", perUserFile, "--json"];
    const { code, out } = await ran(args);
    assertEquals(code, 0);
    const whole = typeof expected === "object" ? expected : { mean: expected, perUser: {} };
    assertClose(JSON.parse(out).metrics[spec].mean, whole?.mean ?? null, tolerance);
    const lines = (await Deno.readTextFile(perUserFile)).split("\n").map((line) => line.split(","));
    for (const [user, value] of Object.entries(whole?.perUser ?? {})) {
      const cell = lines.find(([of]) => of === user)?.[2];
      assert(cell !== undefined, `user ${user} is missing`);
      assertClose(cell === "" ? null : Number(cell), value, tolerance);
    }
  });
}

function assertClose(actual: number | null, expected: number | null, tolerance: number) {
  if (expected === null || actual === null) assertEquals(actual, expected);
  else assertAlmostEquals(actual, expected, tolerance);
}

async function onFiles(texts: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
  await using folder = await temporaryFolder();
  const flags: string[] = [];
  for (const [table, text] of Object.entries(texts)) {
    await Deno.writeTextFile(`${folder.path}/${table}.csv`, text);
    flags.push(`--${table}`, `${folder.path}/${table}.csv`);
  }
  return await ran(["evaluate", ...flags, ...args]);
}

const LISTS = "user,item,rank\nann,a,1\nann,a,3\nbob,b,1\n";

Deno.test("evaluate --lists says the rules that came to bear, on stderr and in the notes", async () => {
  const texts = { lists: LISTS, relevant: "user,item,gian\nann,a,1\ncarl,a,1\n", items: "item\na\n" };
  const { code, out, err } = await onFiles(texts, "--metrics", "mrr,coverage@1", "--json");
  assertEquals(code, 0);
  const { metrics, notes } = JSON.parse(out);
  assertEquals(Object.keys(metrics), ["mrr", "coverage@1"]);
  assertEquals(metrics["mrr"], { mean: 0.5, interval95: [0, 1], contexts: 2, undefined: 1 });
  assertEquals(metrics["coverage@1"].mean, 1);
  assertEquals(notes, {
    repeatedItems: 1,
    unknownItems: 1,
    rankGaps: 1,
    sharedRanks: 0,
    usersWithoutList: 1,
    usersWithoutRelevant: 1,
  });
  for (
    const note of [
      "note: rows that repeat an item of their list, which counts once for relevance and each time for exposure: 1\n",
      "note: items of the lists that the items table lacks, which are outside the catalog: 1\n",
      "note: ranks that hold no item, each a miss: 1\n",
      "note: users with relevant items and no list, who have 0 on metrics of relevance and no value on others: 1\n",
      "note: users with a list and no relevant item, who have no value on metrics of relevance: 1\n",
      "relevant.csv: gian\n",
    ]
  ) assertStringIncludes(err, note);
  assertEquals(err.includes("rows that share"), false);
});

Deno.test("evaluate --lists prints a table of means and intervals without --json", async () => {
  const { code, out } = await onFiles({ lists: LISTS, items: "item\na\nb\n" }, "--metrics", "coverage@1");
  assertEquals([code, out.split("\n")[2]], [0, "coverage@1  1.0000              –      2          0"]);
});

Deno.test("evaluate --lists hands attributes of users and a plugin of one's own to the metrics", async () => {
  await using folder = await temporaryFolder();
  const plugin = `${folder.path}/old.ts`;
  await Deno.writeTextFile(
    plugin,
    `import { defineMetric } from "blade";
export default defineMetric({
  name: "age", summary: "The user's age.", kind: "list", range: [0, 150], direction: "maximize",
  needs: ["userGroups"], score: (_slate, { contextId }, { userGroups }) => Number(userGroups.get("age")![contextId]),
});
`,
  );
  const texts = { lists: LISTS, users: "user,age\nbob,50\nann,20\n" };
  const { out } = await onFiles(texts, "--plugin", plugin, "--metrics", "age", "--json");
  assertEquals(JSON.parse(out).metrics["age"].mean, 35);
  const { code, err } = await onFiles({ lists: LISTS }, "--plugin", plugin, "--metrics", "age");
  assertEquals(code, 2);
  assertStringIncludes(err, "needs a signal that the data do not have");
  assertStringIncludes(err, "--users");
});

Deno.test.each([
  [
    ["evaluate", "runs/a", "--lists", "l.csv"],
    "must be given either a RUN or --lists F",
    "runs/a --lists l.csv",
  ],
  [["evaluate"], "must be given either a RUN or --lists F", "blade evaluate --lists lists.csv"],
  [["evaluate", "runs/a", "--relevant", "r.csv"], "--relevant: must come with --lists", "leave the flag out"],
  [
    ["evaluate", "runs/a", "--plugin", "p.ts"],
    "--plugin: must come with --lists",
    "its own data and plugins",
  ],
  [["evaluate", "--lists", "l.csv"], "--lists: must come with --metrics", "ndcg@10,ild@10"],
  [
    ["evaluate", "--lists", "none.csv", "--metrics", "ncdg@10"],
    "must be the name of a built-in metric",
    "ndcg",
  ],
  [
    ["evaluate", "--lists", "no/such.csv", "--metrics", "coverage"],
    "no/such.csv: must exist",
    "check the path",
  ],
])("%j is refused with exit code 2", async (args, rule, detail) => {
  const { code, out, err } = await ran(args, { openRun: () => Promise.resolve(TRAINED) });
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, rule);
  assertStringIncludes(err, detail);
});

Deno.test("evaluate --lists names file, line, column and value of a bad cell", async () => {
  const { code, err } = await onFiles({ lists: "user,item,rank\nann,a,first\n" }, "--metrics", "coverage");
  assertEquals(code, 2);
  assertStringIncludes(err, 'lists.csv:2: column rank: must be a whole number from 1 on, got "first"');
});

Deno.test("evaluate --lists says which table holds no row, and takes it at its word", async () => {
  const texts = { lists: "user,item,rank\nann,a,1\n", relevant: "user,item\n" };
  const { code, out, err } = await onFiles(texts, "--metrics", "ndcg@3?empty=zero", "--json");
  assertEquals(code, 0, err);
  assertEquals(JSON.parse(out).metrics["ndcg@3?empty=zero"].mean, 0);
  assertStringIncludes(err, "relevant.csv names its columns and holds no row");
});
