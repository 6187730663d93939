import { assertEquals, assertRejects } from "@std/assert";
import type { Dataset } from "../../src/core/dataset.ts";
import { BladeError } from "../../src/core/errors.ts";
import type { DataOptions } from "../../src/data/options.ts";
import { readDataset } from "../../src/data/read_dataset.ts";
import { inFolder, latin1 } from "./_folder.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const read = (files: Files, options: Partial<DataOptions>) =>
  inFolder(
    files,
    (folder) => readDataset({ reader: "table", folder, minRating: null, kCore: 0, ...options }),
  );

const refusalOf = (files: Files, options: Partial<DataOptions>) =>
  inFolder(files, async (folder) => {
    const reading = () => readDataset({ reader: "table", folder, minRating: null, kCore: 0, ...options });
    return (await assertRejects(reading, BladeError)).message.replaceAll(folder, "FOLDER");
  });

/** Each user's raw item ids in order. */
function walks({ users, catalog, log }: Dataset): Record<string, string[]> {
  return Object.fromEntries(
    users.map((user, u) => [
      user,
      Array.from(log.items.subarray(log.offsets[u]!, log.offsets[u + 1]!), (item) => catalog.ids[item]!),
    ]),
  );
}

/** Title and category names by raw item id. */
function shelf({ catalog }: Dataset): Record<string, [string, string[]]> {
  return Object.fromEntries(catalog.ids.map((id, item) => [
    id,
    [catalog.titles[item]!, catalog.categories[item]!.map((category) => catalog.categoryNames[category]!)],
  ]));
}

Deno.test("readDataset() reads MovieTweetings: UTF-8, zeros of an id kept, items without genre or row", async () => {
  const dataset = await read({
    "ratings.dat": "1::0114508::8::1381006850\n2::0499549::9::1376753198\n1::0102926::9::1381006000\n",
    "movies.dat":
      "0114508::Fantômas: à l'ombre (1913)::Crime|Drama\n0102926::Quiet (1930)::\n0000001::Unseen::War\n",
  }, { reader: "movietweetings" });
  assertEquals(walks(dataset), { "1": ["0102926", "0114508"], "2": ["0499549"] });
  assertEquals(shelf(dataset), {
    "0114508": ["Fantômas: à l'ombre (1913)", ["Crime", "Drama"]],
    "0102926": ["Quiet (1930)", []],
    "0499549": ["0499549", []],
  });
  assertEquals(dataset.catalog.categoryNames, ["Crime", "Drama"]);
  assertEquals(Array.from(dataset.log.ratings), [9, 8, 9]);
  assertEquals(dataset.files.map(({ path }) => path.split("/").at(-1)), ["ratings.dat", "movies.dat"]);
});

Deno.test("readDataset() reads MovieLens-1M: latin1 titles and the users' gender, age and occupation", async () => {
  const dataset = await read({
    "ratings.dat": "1::2::5::978300760\n2::2::3::978302109\n",
    "movies.dat": latin1("2::Misérables, Les (1995)::Drama|Musical\n"),
    "users.dat": latin1("1::F::1::10::48067\n2::M::56::16::70072\n3::M::25::15::55117\n"),
  }, { reader: "ml-1m" });
  assertEquals(dataset.name, "MovieLens-1M");
  assertEquals(shelf(dataset), { "2": ["Misérables, Les (1995)", ["Drama", "Musical"]] });
  assertEquals(Object.fromEntries(dataset.userGroups), {
    gender: ["F", "M"],
    age: ["1", "56"],
    occupation: ["10", "16"],
  });
});

Deno.test("readDataset() reads MovieLens CSV: quoted titles, CRLF, and no category for (no genres listed)", async () => {
  const dataset = await read({
    "ratings.csv": "userId,movieId,rating,timestamp\r\n1,11,4.0,964982703\r\n1,3,4.5,964981247\r\n",
    "movies.csv":
      'movieId,title,genres\r\n11,"American President, The (1995)",Comedy|Drama\r\n3,Solo (2000),(no genres listed)\r\n',
  }, { reader: "movielens-csv" });
  assertEquals(walks(dataset), { "1": ["3", "11"] });
  assertEquals(shelf(dataset), {
    "11": ["American President, The (1995)", ["Comedy", "Drama"]],
    "3": ["Solo (2000)", []],
  });
});

Deno.test("readDataset() reads MovieLens-100K: genre flags, the flag unknown as none, users", async () => {
  const flags = (...on: number[]) =>
    Array.from({ length: 19 }, (_, i) => on.includes(i) ? "1" : "0").join("|");
  const dataset = await read({
    "u.data": "196\t242\t3\t881250949\n196\t302\t3\t891717742\n",
    "u.item": latin1(
      `242|Kolya (1996)|24-Jan-1997||http://x|${flags(5, 8)}\n302|Café (1997)|01-Jan-1997||http://y|${
        flags(0)
      }\n`,
    ),
    "u.user": "196|49|M|writer|55105\n",
  }, { reader: "movielens-100k" });
  assertEquals(shelf(dataset), { "242": ["Kolya (1996)", ["Comedy", "Drama"]], "302": ["Café (1997)", []] });
  assertEquals(Object.fromEntries(dataset.userGroups), {
    age: ["49"],
    gender: ["M"],
    occupation: ["writer"],
  });
});

Deno.test("readDataset() reads RecBole's atomic files by their typed headers, in any column order", async () => {
  const dataset = await read({
    "ml.inter": "item_id:token\tuser_id:token\ttimestamp:float\nb\tu1\t2.0\na\tu1\t1.0\n",
    "ml.item": 'item_id:token\tmovie_title:token_seq\tclass:token_seq\na\tThe "A" Film\tSci-Fi War\nb\tB\t\n',
    "ml.user": "user_id:token\tage:float\tgender:token\nu1\t24\tM\n",
  }, { reader: "recbole" });
  assertEquals(dataset.name, "ml");
  assertEquals(walks(dataset), { u1: ["a", "b"] });
  assertEquals(shelf(dataset), { b: ["B", []], a: ['The "A" Film', ["Sci-Fi", "War"]] });
  assertEquals(Object.fromEntries(dataset.userGroups), { gender: ["M"] });
  assertEquals(dataset.log.ratings.every(Number.isNaN), true);
});

Deno.test("readDataset() reads RecBole fields under other names, and a token category as one category", async () => {
  const dataset = await read({
    "steam.inter": "user_id:token\tproduct_id:token\tplay_hours:float\tday:float\nu\tp\t1.5\t9\n",
    "steam.item": "product_id:token\tapp_name:token_seq\tkind:token\np\tA Game\tFree to Play\n",
    "other.inter": "",
  }, {
    reader: "recbole",
    name: "steam",
    fields: {
      item: "product_id",
      rating: "play_hours",
      timestamp: "day",
      title: "app_name",
      categories: "kind",
    },
  });
  assertEquals(shelf(dataset), { p: ["A Game", ["Free to Play"]] });
  assertEquals(Array.from(dataset.log.times), [9]);
  assertEquals(Array.from(dataset.log.ratings), [1.5]);
});

Deno.test("readDataset() reads CSV, TSV and JSON lines alike by a column map", async () => {
  const columns = { user: "who", item: "what", timestamp: "when" };
  const itemColumns = { item: "id", title: "name", categories: "tags", categorySeparator: ";" };
  const expected = { ann: ["cake", "tea"] };
  for (
    const [ending, log, items] of [
      ["csv", "when,what,who\n2,tea,ann\n1,cake,ann\n", "id,tags,name\ntea,hot;green,\ncake,,Sponge\n"],
      [
        "tsv",
        "when\twhat\twho\n2\ttea\tann\n1\tcake\tann\n",
        "id\ttags\tname\ntea\thot;green\t\ncake\t\tSponge\n",
      ],
      [
        "jsonl",
        '{"who":"ann","what":"tea","when":2}\n{"when":1,"what":"cake","who":"ann"}\n',
        '{"id":"tea","tags":["hot","green"]}\n{"id":"cake","name":"Sponge"}\n',
      ],
    ] as const
  ) {
    const dataset = await read(
      { [`log.${ending}`]: log, [`items.${ending}`]: items },
      { interactions: `log.${ending}`, items: `items.${ending}`, columns, itemColumns },
    );
    assertEquals(walks(dataset), expected, ending);
    assertEquals(shelf(dataset), { tea: ["tea", ["hot", "green"]], cake: ["Sponge", []] }, ending);
  }
});

Deno.test("readDataset() reads user groups of a table, and a repeated item's first row", async () => {
  const dataset = await read({
    "interactions.csv": "user,item\nann,tea\nbob,tea\n",
    "items.csv": "item,title\ntea,First\ntea,Second\n",
    "users.csv": "user,town,age\nbob,Oslo,30\n",
  }, { items: "items.csv", users: "users.csv" });
  assertEquals(dataset.catalog.titles, ["First"]);
  assertEquals(Object.fromEntries(dataset.userGroups), { town: ["", "Oslo"], age: ["", "30"] });
  assertEquals(Array.from(dataset.log.times), [0, 0]);
});

Deno.test("readDataset() names file, line, column, value and rule of a bad cell", async () => {
  assertEquals(
    await refusalOf({ "ratings.dat": "1::2::8::1381006850\n1::3::good::1381006851\n" }, {
      reader: "movietweetings",
    }),
    'FOLDER/ratings.dat:2: column rating: must be a rating, a number ≥ 0, got "good".\n' +
      "  To mend: correct the cell.",
  );
  assertEquals(
    await refusalOf({ "interactions.csv": "user,item,timestamp\na,b,2013-10-05\n" }, {}),
    'FOLDER/interactions.csv:2: column timestamp: must be a time in unix seconds, got "2013-10-05".\n' +
      "  To mend: convert dates to unix seconds.",
  );
  assertEquals(
    (await refusalOf({ "interactions.jsonl": '{"user":"a","item":"b"}\n{"user":"a"}\n' }, {})).split("\n")[0],
    "FOLDER/interactions.jsonl:2: column item: must hold an id.",
  );
  assertEquals(
    (await refusalOf({ "interactions.csv": "user,item,rating\na,b,1\na,c,\n" }, {})).split(".\n")[0],
    'FOLDER/interactions.csv:3: column rating: must be a rating, a number ≥ 0, got ""',
  );
});

Deno.test("readDataset() names the columns that exist when one is missing", async () => {
  assertEquals(
    await refusalOf({ "interactions.csv": "uid,iid\na,b\n" }, {}),
    'FOLDER/interactions.csv: must have a column "user", got "the columns uid, iid".\n' +
      "  To mend: name the right one in data.columns.user, or check the reader and the separator.",
  );
  const recbole = await refusalOf({ "a.inter": "user_id:token\tproduct_id:token\nu\tp\n" }, {
    reader: "recbole",
  });
  assertEquals(
    recbole.split(".\n")[0],
    'FOLDER/a.inter: must have a column "item_id", got "the columns user_id, product_id"',
  );
  const untyped = await refusalOf({ "a.inter": "user_id\titem_id:token\nu\tp\n" }, { reader: "recbole" });
  assertEquals(untyped.includes('got "user_id"'), true);
});

Deno.test("readDataset() says which files it looked for when there is none, or more than one", async () => {
  assertEquals(
    (await refusalOf({ "a.txt": "" }, {})).split(",")[0],
    "FOLDER: must hold one file interactions.csv",
  );
  assertEquals(
    (await refusalOf({ "a.inter": "", "b.inter": "" }, { reader: "recbole" })).split(".\n")[0],
    'FOLDER: must hold one .inter file when data.name is not given, got "a, b"',
  );
  for (
    const reader of [
      "fixture",
      "movietweetings",
      "ml-1m",
      "movielens-csv",
      "movielens-100k",
      "recbole",
      "table",
      "bigrec",
      "minionerec",
    ] as const
  ) {
    const error = await assertRejects(
      () => readDataset({ reader, folder: "no/such/folder", minRating: null, kCore: 0 }),
      BladeError,
      "no/such/folder",
      reader,
    );
    assertEquals(error.refusal.mend.startsWith("check data.folder"), true, reader);
  }
  const unknown = await refusalOf({ "log.parquet": "" }, { interactions: "log.parquet" });
  assertEquals(unknown.includes('got "parquet"'), true);
});

Deno.test("readDataset() reads numbers of the items as features, from CSV and JSON lines", async () => {
  const log = "user,item\nann,tea\nann,cake\nann,pie\n";
  const expected = { tea: [2.5, -1], cake: undefined, pie: [0, 3] };
  for (
    const [items, text, itemColumns] of [
      ["items.csv", "item,features\npie,0|3\ntea, 2.5 | -1\ncake,\n", undefined],
      ["items.csv", "item,price\npie,0|3\ntea,2.5|-1\ncake,\n", { item: "item", features: "price" }],
      ["items.jsonl", '{"item":"tea","features":[2.5,-1]}\n{"item":"pie","features":[0,3]}\n', {
        item: "item",
        features: "features",
      }],
    ] as const
  ) {
    const { catalog } = await read(
      { "interactions.csv": log, [items]: text },
      { items, ...(itemColumns === undefined ? {} : { itemColumns }) },
    );
    const found = Object.fromEntries(catalog.ids.map((id, item) => [id, catalog.features?.[item]]));
    assertEquals(found, expected, text);
  }
  const without = await read({ "interactions.csv": log, "items.csv": "item,title\ntea,Tea\n" }, {
    items: "items.csv",
  });
  assertEquals(without.catalog.features, undefined);
});

Deno.test("readDataset() refuses features that are no numbers, or not as many for every item", async () => {
  const files = (cell: string) => ({
    "interactions.csv": "user,item\nann,tea\nann,pie\n",
    "items.csv": `item,features\ntea,1|2\npie,${cell}\n`,
  });
  for (
    const [cell, rule] of [
      ["cheap", 'must be numbers separated by |, got "cheap"'],
      ["1|", 'must be numbers separated by |, got "1|"'],
      ["1|Infinity", 'must be numbers separated by |, got "1|Infinity"'],
      ["1", 'must have 2 numbers like the rows before, got "1"'],
    ] as const
  ) {
    const said = await refusalOf(files(cell), { items: "items.csv" });
    assertEquals(said.split(".\n")[0], `FOLDER/items.csv:3: column features: ${rule}`);
  }
});
