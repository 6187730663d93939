import { assertEquals, assertRejects } from "@std/assert";
import * as fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { readJsonObject } from "../../src/data/json_object.ts";
import { readJsonRows } from "../../src/data/json_rows.ts";
import { inFolder } from "./_folder.ts";

const rowsOf = (text: string | Uint8Array) =>
  inFolder({ "rows.json": text }, async (folder) => {
    const rows: [unknown, string][] = [];
    const path = `${folder}/rows.json`;
    const file = await readJsonRows(path, (row, place) => rows.push([row, place.replace(path, "FILE")]));
    return { rows, bytes: file.bytes };
  });

const refusalOf = (text: string | Uint8Array, read: (path: string) => Promise<unknown>) =>
  inFolder({ "rows.json": text }, async (folder) => {
    const error = await assertRejects(() => read(`${folder}/rows.json`), BladeError);
    return error.message.replaceAll(`${folder}/rows.json`, "FILE");
  });

Deno.test("readJsonRows() gives each row with the line it begins on", async () => {
  const { rows, bytes } = await rowsOf('\ufeff[\n  {"a": "x]}, {\\"",\n   "b": [{}]},\n\n  {}\n]\n');
  assertEquals(rows, [[{ a: 'x]}, {"', b: [{}] }, "FILE:2: row 1"], [{}, "FILE:5: row 2"]]);
  assertEquals(bytes, 48);
});

Deno.test("readJsonRows() reads what JSON.parse reads, wherever the chunks end", async () => {
  const row = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(undefined, 1, "\t"),
      fc.nat({ max: 120 }),
      async (values, indent, cut) => {
        const text = JSON.stringify(values, null, indent);
        // A chunk is 65,536 bytes: the first ends `cut` bytes into the list.
        const { rows } = await rowsOf(" ".repeat(65_536 - cut) + text);
        assertEquals(rows.map(([read]) => read), JSON.parse(text));
      },
    ),
    { numRuns: 60 },
  );
});

for (
  const [text, says] of [
    ["", "FILE: must hold a JSON list with at least one row"],
    [" \n ", "FILE: must hold a JSON list with at least one row"],
    ["[]", "FILE: must hold a JSON list with at least one row"],
    ['{"a": 1}', 'FILE:1: must be one JSON list of rows, [ {…}, {…} ], got "{"'],
    ['\n"x"', "FILE:2: must be one JSON list of rows"],
    ["[1]", 'FILE:1: row 1: must be an object, {…}, got "1"'],
    ["[{}, [1]]", 'FILE:1: row 2: must be an object, {…}, got "["'],
    ["[{},]", 'FILE:1: row 2: must be an object, {…}, got "]"'],
    ["[{}\n{}]", 'FILE:2: row 2: must come after a comma, got "{"'],
    ["[{}]{}", "FILE:1: row 2: must not be there: the list has ended"],
    ["[{}", 'FILE: must end with the ] of its list, got "the end of the file after 1 whole rows"'],
    ["[{},", "FILE: must end with the ] of its list"],
    ['[{},\n{"a": "', "FILE:2: row 2: must end with the ] of its list"],
    ["[{},\n{a: 1}]", "FILE:2: row 2: must be JSON ("],
    ["[{]}]", "FILE:1: row 1: must be JSON ("],
  ] as const
) {
  Deno.test(`readJsonRows() refuses ${JSON.stringify(text)}`, async () => {
    const message = await refusalOf(text, (path) => readJsonRows(path, () => {}));
    assertEquals(message.slice(0, says.length), says);
    assertEquals(/\n {2}To mend: \S/.test(message), true, message);
  });
}

Deno.test("readJsonRows() gives up on a row without an end before it has filled the memory", async () => {
  const message = await refusalOf('[{"a": "' + "x".repeat(1 << 24), (path) => readJsonRows(path, () => {}));
  assertEquals(message.split(".\n")[0], "FILE:1: row 1: must end after at most 16777216 characters");
});

Deno.test({
  name: "readJsonRows() leaves no file open, however it ends",
  sanitizeResources: true,
  sanitizeOps: true,
  async fn() {
    await refusalOf("[{}, x" + " ".repeat(200_000), (path) => readJsonRows(path, () => {}));
    await refusalOf("[{}]", (path) =>
      readJsonRows(path, (_, place) => {
        throw new BladeError({ place, rule: "must not be", mend: "go" });
      }));
    await refusalOf(Uint8Array.of(91, 0xe9), (path) => readJsonRows(path, () => {}));
  },
});

Deno.test("readJsonObject() refuses what is no object", async () => {
  const says = async (text: string) => (await refusalOf(text, readJsonObject)).split(".\n")[0];
  assertEquals(await says('["a"]'), 'FILE: must be one JSON object, {…}, got "[\\"a\\"]"');
  assertEquals(await says("null"), 'FILE: must be one JSON object, {…}, got "null"');
  assertEquals((await says('{"a"'))!.slice(0, 20), "FILE: must be JSON (");
});
