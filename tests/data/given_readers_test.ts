import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Dataset } from "../../src/core/dataset.ts";
import { BladeError } from "../../src/core/errors.ts";
import type { DataOptions } from "../../src/data/options.ts";
import { readDataset } from "../../src/data/read_dataset.ts";
import { splitDataset } from "../../src/data/split.ts";
import { inFolder } from "./_folder.ts";

type Files = Readonly<Record<string, string>>;

const read = (files: Files, options: Partial<DataOptions>) =>
  inFolder(
    files,
    (folder) => readDataset({ reader: "bigrec", folder, minRating: null, kCore: 0, ...options }),
  );

const refusalOf = (files: Files, options: Partial<DataOptions> = {}) =>
  inFolder(files, async (folder) => {
    const reading = () => readDataset({ reader: "bigrec", folder, minRating: null, kCore: 0, ...options });
    return (await assertRejects(reading, BladeError)).message.replaceAll(folder, "FOLDER");
  });

/** Each user's ids: history, and targets after a bar. */
function contextsOf(dataset: Dataset): Record<string, string> {
  const { train, validation, test } = splitDataset(dataset, { split: "given", maxHistory: 50 });
  const named = (items: Iterable<number>) => Array.from(items, (item) => dataset.catalog.ids[item]).join(" ");
  const found: Record<string, string> = {};
  dataset.users.forEach((user, u) => {
    const items = train.items.subarray(train.offsets[u]!, train.offsets[u + 1]!);
    if (items.length > 0) found[user] = named(items);
  });
  for (const { contexts, relevance } of [validation, test]) {
    for (const { contextId, user, history } of contexts) {
      found[dataset.users[user]!] = `${named(history)} | ${named(relevance.of(contextId).keys())}`;
    }
  }
  return found;
}

const row = (history: readonly string[], output: string) => ({
  instruction: "Which film next?",
  input: `Films seen: ${history.map((title) => `"${title}"`).join(", ")}\n `,
  output,
});

const FILMS = { "0": "Heat", "1": 'A Child Called "It"', "2": "Ran", "3": "Solo, or Not", "4": "Zorba" };

const bigrec = (change: Record<string, unknown> = {}): Record<string, string> => ({
  "train.json": JSON.stringify([
    row(["Heat", 'A Child Called "It"'], '"Ran"\n'),
    row(["Solo, or Not"], '"Heat"'),
    row(["Heat", 'A Child Called "It"', "Ran"], '"Zorba"\n'),
  ]),
  "valid_5000.json": JSON.stringify([row(["Ran"], '"A Child Called "It""\n')], null, 4),
  "test.json": JSON.stringify([row(["Ran", "Ran"], " Heat \n"), row(["Zorba"], '"Heat", "Solo, or Not"')]),
  "id2name.json": JSON.stringify(FILMS),
  ...Object.fromEntries(
    Object.entries(change).map((
      [name, text],
    ) => [name, typeof text === "string" ? text : JSON.stringify(text)]),
  ),
});

Deno.test("bigrec: rows keep their part, history and targets; titles hold quotes and commas", async () => {
  const dataset = await read(bigrec(), {});
  assertEquals(contextsOf(dataset), {
    "train:1": "0 1 2 4",
    "train:2": "3 0",
    "valid:1": "2 | 1",
    "test:1": "2 2 | 0",
    "test:2": "4 | 0 3",
  });
  assertEquals(dataset.catalog.ids, ["0", "1", "2", "3", "4"]);
  assertEquals(dataset.catalog.titles, Object.values(FILMS));
  assertEquals(dataset.catalog.categoryNames, []);
  assertEquals(
    dataset.files.map(({ path }) => path.split("/").at(-1)),
    ["train.json", "valid_5000.json", "test.json", "id2name.json"],
  );
  assertEquals([dataset.warnings, dataset.log.times.every((time) => time === 0)], [[], true]);
});

Deno.test("bigrec: categories are those of name2genre.json, and the items that nobody met stay in the catalog", async () => {
  const dataset = await read(
    bigrec({
      "id2name.json": { ...FILMS, "9": "Unseen" },
      "name2genre.json": { Heat: ["crime", "drama", "crime"], Unseen: ["war"], Elsewhere: ["odd"] },
    }),
    {},
  );
  const { catalog } = dataset;
  assertEquals(catalog.categoryNames, ["crime", "drama", "war"]);
  assertEquals(catalog.categories, [[0, 1], [], [], [], [], [2]]);
  assertEquals(dataset.files.length, 5);
  assertStringIncludes(
    await refusalOf(bigrec({ "name2genre.json": { Heat: "crime" } })),
    'FOLDER/name2genre.json: "Heat": must be the list of a title\'s categories, got "crime"',
  );
});

Deno.test("bigrec: files are named where their usual names do not tell, in other folders too", async () => {
  const { "id2name.json": items, "test.json": test, ...others } = bigrec();
  const files = {
    ...others,
    "valid.json": others["valid_5000.json"]!,
    "eval/id2name.json": items!,
    "t/t.json": test!,
  };
  assertEquals(
    (await refusalOf(files)).split("\n"),
    [
      "FOLDER: must hold one file id2name.json, id2name.txt or movies.dat when data.files.items is not given, got " +
      '"none".',
      "  To mend: set data.files.items to the name of the file, relative to the folder.",
    ],
  );
  const two = await refusalOf(files, { files: { items: "eval/id2name.json" } });
  assertStringIncludes(
    two,
    'valid.json or valid_*.json when data.files.validation is not given, got "valid.json, valid_',
  );
  const dataset = await read(files, {
    files: { items: "eval/id2name.json", validation: "valid_5000.json", test: "t/t.json" },
  });
  assertEquals(Object.keys(contextsOf(dataset)).length, 5);
});

Deno.test("bigrec: a movies.dat read as ISO 8859-1 when rows were made gives its titles in UTF-8", async () => {
  const { "id2name.json": _, ...others } = bigrec({
    "train.json": [row(["CitÃ©, La (1995)"], '"Ran"')],
    "valid_5000.json": [row(["Ran"], '"Cité, La (1995)"')],
    "test.json": [row(["Ran"], '"Heat"')],
  });
  const dataset = await read(
    { ...others, "movies.dat": "29::Cité, La (1995)::Drama\n1::Ran::War|Drama\n2::Heat::\n" },
    {},
  );
  assertEquals(contextsOf(dataset), { "train:1": "29 1", "valid:1": "1 | 29", "test:1": "1 | 2" });
  assertEquals(dataset.catalog.titles[0], "Cité, La (1995)");
  assertEquals(dataset.catalog.categories, [[0], [1, 0], []]);
});

Deno.test("bigrec: a title that the list lacks is refused with row, title and the nearest one", async () => {
  assertEquals(
    await refusalOf(bigrec({ "test.json": "[\n{}, \n" + JSON.stringify(row(["Heat"], "Rann")) + "]" })),
    'FOLDER/test.json:2: row 1: must have the text "input", got "the keys ".\n' +
      '  To mend: write {"instruction": "…", "input": "… \\"A\\", \\"B\\" …", "output": "\\"C\\""}.',
  );
  assertEquals(
    await refusalOf(bigrec({ "test.json": [row(["Ran"], '"Heat"'), row(["Heat"], '"Rann"')] })),
    'FOLDER/test.json:1: row 2: output: must name items by titles that FOLDER/id2name.json has, got "Rann".\n' +
      '  To mend: bring rows and items of one data set, the nearest there is "Ran"; or set data.unlisted to "add", ' +
      "which takes such titles for items of their own.",
  );
  const input = await refusalOf(bigrec({ "train.json": [row(["Heat", "Het", "Rn"], '"Ran"')] }));
  assertStringIncludes(input, "FOLDER/train.json:1: row 1: input: must name items by titles");
  assertStringIncludes(input, 'got "Het"');
});

Deno.test("bigrec: a title that the list lacks becomes an item where that is asked for, and is told of", async () => {
  const dataset = await read(
    bigrec({ "train.json": [row(["It", "Heat", "It"], '"Ran"')], "test.json": [row(["Ran"], '"New"')] }),
    { unlisted: "add" },
  );
  assertEquals(contextsOf(dataset), { "train:1": "It 0 It 2", "valid:1": "2 | 1", "test:1": "2 | New" });
  assertEquals(dataset.catalog.titles.slice(5), ["It", "New"]);
  assertEquals(dataset.warnings?.length, 1);
  assertStringIncludes(dataset.warnings![0]!, 'added to the catalog: "It", "New".');
  const open = await refusalOf(bigrec({ "train.json": [{ input: 'Seen: "Heat', output: "Ran" }] }), {
    unlisted: "add",
  });
  assertStringIncludes(open, 'got "\\"Heat"');
});

Deno.test("bigrec: of items with one title the first stands for all, and is told of", async () => {
  const dataset = await read(bigrec({ "id2name.json": { ...FILMS, "5": "Heat", "6": " Ran" } }), {});
  assertEquals(dataset.catalog.ids, ["0", "1", "2", "3", "4"]);
  assertEquals(contextsOf(dataset)["train:2"], "3 0");
  assertStringIncludes(dataset.warnings![0]!, "2 of the 7 items of ");
});

for (
  const [name, text, says] of [
    ["no list", '{"input": "x"}', "FOLDER/train.json:1: must be one JSON list of rows"],
    ["bad JSON", '[{"input": "x\n"}]', "FOLDER/train.json:1: row 1: must be JSON ("],
    ["no output", '[{"input": "Seen: \\"Heat\\""}]', 'must have the text "output", got "the keys input"'],
    ["a number", '[{"input": 7, "output": "Heat"}]', 'must have the text "input", got 7'],
    [
      "no quotes",
      '[{"input": "Seen: Heat", "output": "Ran"}]',
      "input: must list the titles of the history in quotes",
    ],
    ["no target", '[{"input": "\\"Heat\\"", "output": " "}]', "output: must name items by titles"],
    ["a bare quote", '[{"input": "\\"Heat\\"", "output": "\\"Ran"}]', 'got "\\"Ran"'],
    ["nothing", "[]", "FOLDER/train.json: must hold a JSON list with at least one row"],
  ] as const
) {
  Deno.test(`bigrec: rows with ${name} are refused`, async () => {
    const message = await refusalOf(bigrec({ "train.json": text }));
    assertStringIncludes(message, says);
    assert(message.startsWith("FOLDER/train.json"), message);
  });
}

const HEADER = "user_id,history_item_title,item_title,history_item_id,item_id,history_item_sid,item_sid";

/** A row as pandas writes it: cells in quotes where they need them. */
const csv = (...rows: readonly (readonly string[])[]) =>
  [HEADER, ...rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")), ""].join(
    "\n",
  );

const TOYS =
  '<a_1><b_2>\tBear\t0\n<a_1><b_3>\tKid\'s "Kit", 2"\t1\n<a_1><b_3>\tBear\t2\n<a_9><b_3>\tTrain\t3\n';

const minionerec = (change: Files = {}): Files => ({
  "train/Toys_5.csv": csv(
    ["A1", "['Bear']", `Kid's "Kit", 2"`, "[0]", "1", "['<a_1><b_2>']", "<a_1><b_3>"],
    ["A2", "['Train']", "Bear", "[3]", "2", "['<a_9><b_3>']", "<a_1><b_3>"],
    [
      "A1",
      `['Bear', 'Kid\\'s "Kit", 2"']`,
      "Train",
      "[0, 1]",
      "3",
      "['<a_1><b_2>', '<a_1><b_3>']",
      "<a_9><b_3>",
    ],
  ),
  "valid/Toys_5.csv": csv(["A2", "['Train', 'Bear']", "Bear", "[3, 2]", "0", "[]", ""]),
  "test/Toys_5.csv": csv(
    ["A2", "['Train', 'Bear', 'Bear']", "Train", "[3, 2, 0]", "3", "[]", ""],
    ["A3", "[]", "Bear", "[]", "2", "[]", ""],
  ),
  "info/Toys_5.txt": TOYS,
  ...change,
});

Deno.test("minionerec: rows keep their part and user; ids tell items of one title apart", async () => {
  const dataset = await read(minionerec(), { reader: "minionerec" });
  assertEquals(contextsOf(dataset), {
    A1: "0 1 3",
    A2: "3 2",
    "A2@valid:1": "3 2 | 0",
    "A2@test:1": "3 2 0 | 3",
    "A3@test:2": " | 2",
  });
  assertEquals(dataset.name, "Toys_5");
  assertEquals(dataset.catalog.titles, ["Bear", `Kid's "Kit", 2"`, "Bear", "Train"]);
  assertEquals(dataset.warnings, []);
  assertEquals(dataset.files.map(({ path }) => path.split("/").slice(-2).join("/")), [
    "train/Toys_5.csv",
    "valid/Toys_5.csv",
    "test/Toys_5.csv",
    "info/Toys_5.txt",
  ]);
});

Deno.test("minionerec: D3's times and ratings are read, and rows without users stand for themselves", async () => {
  const header = "history_item_id,item_id,history_rating,rating,history_timestamp,timestamp\n";
  const part = header + '"[7, 8]",9,"[5.0, 1.0]",3.0,"[100, 200]",300\n';
  const dataset = await read({
    "train/d.csv": part,
    "valid/d.csv": part,
    "test/d.csv": part,
    "info/d.txt": "G\t7\nH\t8\nI\t9\n",
  }, { reader: "minionerec" });
  assertEquals(dataset.users, ["train:1", "valid:1", "test:1"]);
  assertEquals([...dataset.log.times], [100, 200, 300, 100, 200, 300, 100, 200, 300]);
  assertEquals([...dataset.log.ratings.subarray(0, 3)], [5, 1, 3]);
  const { test } = splitDataset(dataset, { split: "given", maxHistory: 50 });
  assertEquals(test.contexts[0]!.requestTime, 300);
});

Deno.test("minionerec: one data set of several is named, by the beginning of its name too", async () => {
  const both = minionerec({ "train/Books_5.csv": "x", "train/Toys_5_old.csv": "x" });
  assertEquals(
    (await refusalOf(both, { reader: "minionerec" })).split(".\n")[0],
    "FOLDER/train: must hold one file *.csv when data.files.train is not given, got " +
      '"Books_5.csv, Toys_5.csv, Toys_5_old.csv"',
  );
  assertEquals((await read(both, { reader: "minionerec", name: "Toys_5" })).name, "Toys_5");
  const { "train/Toys_5_old.csv": _, ...two } = both;
  assertEquals((await read(two, { reader: "minionerec", name: "Toys" })).name, "Toys_5");
  assertStringIncludes(await refusalOf(two, { reader: "minionerec", name: "Games" }), 'got "none"');
  const { "info/Toys_5.txt": info, ...elsewhere } = minionerec();
  assertStringIncludes(
    await refusalOf(elsewhere, { reader: "minionerec" }),
    "FOLDER/info/Toys_5.txt: must exist, and does not",
  );
  const named = { reader: "minionerec", files: { items: "items.txt" } } as const;
  assertEquals((await read({ ...elsewhere, "items.txt": info! }, named)).catalog.ids.length, 4);
});

Deno.test("minionerec: other titles than the list has for the ids are told of", async () => {
  const info = TOYS.replace("Train", "Plane");
  const { warnings } = await read(minionerec({ "info/Toys_5.txt": info }), { reader: "minionerec" });
  assertEquals(warnings?.length, 1);
  // Two rows of train, one of valid, one of test.
  assert(warnings![0]!.startsWith("4 rows write other titles than "), warnings![0]);
});

for (
  const [name, part, says] of [
    [
      "no list",
      csv(["A1", "['Bear']", "Bear", "0", "1", "", ""]),
      "FOLDER/train/Toys_5.csv:2: column history_item_id: must be a list as Python writes it, of texts or numbers " +
      '(the [ of a list is missing at character 1), got "0"',
    ],
    [
      "an unknown id in the history",
      csv(["A1", "['Bear']", "Bear", "[0]", "1", "", ""], ["A1", "['Bear']", "Bear", "[77]", "1", "", ""]),
      'FOLDER/train/Toys_5.csv:3: column history_item_id: must be an id that FOLDER/info/Toys_5.txt has, got "77"',
    ],
    [
      "an unknown target",
      csv(["A1", "['Bear']", "Bear", "[0]", "1.0", "", ""]),
      'FOLDER/train/Toys_5.csv:2: column item_id: must be an id that FOLDER/info/Toys_5.txt has, got "1.0"',
    ],
    [
      "lists of two lengths",
      csv(["A1", "['Bear', 'Train']", "Bear", "[0]", "1", "", ""]),
      "FOLDER/train/Toys_5.csv:2: column history_item_title: must have 1 entries, as history_item_id has, got " +
      "\"2: ['Bear', 'Train']\"",
    ],
    [
      "no user",
      csv(["", "['Bear']", "Bear", "[0]", "1", "", ""]),
      'FOLDER/train/Toys_5.csv:2: column user_id: must hold an id, got ""',
    ],
    [
      "no ids",
      "user_id,item_title\nA1,Bear\n",
      'FOLDER/train/Toys_5.csv: must have a column "item_id", got "the columns user_id, item_title"',
    ],
    ["nothing", HEADER + "\n", "FOLDER/train/Toys_5.csv: must hold at least one row, and holds none"],
  ] as const
) {
  Deno.test(`minionerec: rows with ${name} are refused`, async () => {
    const message = await refusalOf(minionerec({ "train/Toys_5.csv": part }), { reader: "minionerec" });
    assertEquals(message.split(".\n")[0], says);
  });
}
