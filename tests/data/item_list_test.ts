import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { readItemList } from "../../src/data/item_list.ts";
import { titleIndex } from "../../src/data/title_index.ts";
import { inFolder, latin1 } from "./_folder.ts";

const list = (name: string, content: string | Uint8Array) =>
  inFolder({ [name]: content }, (folder) => readItemList(`${folder}/${name}`));

const refusal = (name: string, content: string) =>
  inFolder({ [name]: content }, async (folder) => {
    const error = await assertRejects(() => readItemList(`${folder}/${name}`), BladeError);
    return error.message.replaceAll(folder, "FOLDER").split(".\n")[0];
  });

const titled = (items: readonly { id: string; title: string }[]) => items.map(({ id, title }) => [id, title]);

Deno.test("readItemList() reads title and id by tabs, with a semantic id before or without", async () => {
  const { items, file } = await list(
    "toys.txt",
    '<a_236><b_231>\tRelay "Hard" Kit\t0\nTwo\ttabs\t7\n Cake <b> <i>\t008\n',
  );
  assertEquals(titled(items), [["0", 'Relay "Hard" Kit'], ["7", "Two\ttabs"], ["008", " Cake <b> <i>"]]);
  assertEquals(file.bytes, 63);
});

Deno.test("readItemList() reads an object of id and title", async () => {
  const { items } = await list("id2name.json", '{"1": "Heat", "0": "Caf\\u00e9"}');
  assertEquals(titled(items), [["0", "Café"], ["1", "Heat"]]);
});

Deno.test("readItemList() reads movies.dat in UTF-8 and in latin1, with genres, and knows how else titles are written", async () => {
  const text = "29::Cité, La (1995)::Drama|Sci-Fi\n8::Quiet::(no genres listed)\n";
  const utf8 = (await list("movies.dat", text)).items;
  assertEquals(utf8[0], {
    id: "29",
    title: "Cité, La (1995)",
    alsoWritten: ["CitÃ©, La (1995)"],
    categories: ["Drama", "Sci-Fi"],
  });
  assertEquals(utf8[1], { id: "8", title: "Quiet", alsoWritten: [], categories: [] });
  const { items } = await list("movies.dat", latin1(text));
  assertEquals(items[0], { ...utf8[0]!, alsoWritten: [] });
  // À is C3 80 in UTF-8, and 80 is € in windows-1252 but a control character in ISO 8859-1, as Python reads it.
  const [sharp] = (await list("movies.dat", "1::À toute vitesse::Drama\n")).items;
  assertEquals([sharp!.title, sharp!.alsoWritten], ["À toute vitesse", ["Ã\x80 toute vitesse"]]);
});

Deno.test("readItemList() refuses lines without an id, an id twice, and files of another kind", async () => {
  assertEquals(
    await refusal("a.txt", "Heat\t0\nRan\n"),
    'FOLDER/a.txt:2: must be title and id with a tab between them, got "Ran"',
  );
  assertEquals(await refusal("a.txt", "Heat\t\n"), 'FOLDER/a.txt:1: column id: must hold an id, got ""');
  assertEquals(
    await refusal("a.txt", "Heat\t0\nRan\t0\n"),
    'FOLDER/a.txt:2: must not name an item\'s id twice, got "0"',
  );
  assertEquals(
    await refusal("movies.dat", "1,Heat\n"),
    'FOLDER/movies.dat:1: must be id::title::genres, got "1,Heat"',
  );
  assertEquals(
    await refusal("name2id.json", '{"Heat": 0}'),
    'FOLDER/name2id.json: "Heat": must be the title of an item, a text, got 0',
  );
  assertEquals(
    (await refusal("items.pt", "x"))!.slice(0, 49),
    "FOLDER/items.pt: must end in .json, .txt, .tsv or",
  );
});

Deno.test("titleIndex() keeps the first of items with one title, and finds titles as others write them", () => {
  const item = (id: string, title: string, ...alsoWritten: string[]) => ({
    id,
    title,
    alsoWritten,
    categories: [],
  });
  const titles = titleIndex(
    [item("5", "Heat"), item("6", " Heat "), item("7", "Cité", "CitÃ©", "Heat"), item("8", "Ran")],
    "movies.dat",
  );
  assertEquals(titles.items.map(({ id }) => id), ["5", "7", "8"]);
  assertEquals(["Heat ", "CitÃ©", "Cité", "Ran", "heat"].map(titles.find), [0, 1, 1, 2, undefined]);
  assertEquals(titles.hidden, 1);
  assertStringIncludes(titles.unknown("Raan", "x").message, 'the nearest there is "Ran"');
  assertEquals(titles.unknown("A title much longer than any", "x").message.includes("nearest"), false);
  assertEquals([titles.add(" "), titles.add(" New "), titles.find("New")], [undefined, 3, 3]);
  assertEquals(titles.added, ["New"]);
});
