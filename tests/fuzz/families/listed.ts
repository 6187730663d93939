import fc from "fast-check";
import { listCell, pythonList } from "../../../src/data/python_list.ts";
import { BadCell } from "../../../src/data/cells.ts";
import { readItemList } from "../../../src/data/item_list.ts";
import { readJsonObject } from "../../../src/data/json_object.ts";
import { readJsonRows } from "../../../src/data/json_rows.ts";
import { quotedTitles } from "../../../src/data/quoted_titles.ts";
import { type Family, textOf, writeParts } from "../family.ts";
import { asBytes, spoiled } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const LIST = `['Heat', "Ocean's 8", 'A\\x41\\u00e9\\U0001F600\\N', 0642, 3.5e-2, '\\777', -.5]`;
const SENTENCE = 'Seen before: "Heat", "A Child Called "It"", "Yes", "No", and more';
const TITLES = ["Heat", 'A Child Called "It"', 'Yes", "No'];

/** Lists within texts, and lists that are files of their own. */
export const LISTED_FAMILIES: readonly Family[] = [
  {
    name: "python-list",
    inputs: fc.record({ cell: spoiled(LIST, "[]", "[12, 7]") }),
    run({ cell }) {
      try {
        pythonList(textOf(cell));
        listCell(textOf(cell), "history");
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof BadCell)) throw error;
      }
    },
  },
  {
    name: "quoted-titles",
    inputs: fc.record({ text: spoiled(SENTENCE, '"Heat"'.repeat(9), '"Heat", '.repeat(12)) }),
    run({ text }) {
      const find = (title: string) => TITLES.includes(title) ? TITLES.indexOf(title) : undefined;
      quotedTitles(textOf(text), find);
      quotedTitles(textOf(text), find, () => 9);
    },
  },
  {
    name: "json-rows",
    inputs: fc.record({
      "rows.json": asBytes(
        fc.oneof(spoiledJson([{ a: 1 }, { b: ["[", '"'] }]), spoiled('[{"a": "\\"}{"},\n {"b": []}]')),
      ),
    }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readJsonRows(`${folder}/rows.json`, () => {});
    },
  },
  {
    name: "json-object",
    inputs: fc.record({ "a.json": asBytes(spoiledJson({ b: "tea", "7": ["cake"] })) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readJsonObject(`${folder}/a.json`);
    },
  },
  {
    name: "item-list",
    inputs: fc.record({
      "a.json": asBytes(spoiledJson({ "0": "Heat", "1": "Ran" })),
      "a.txt": asBytes(spoiled("<a_1><b_2>\tGreen tea\t0\nCake\t1\n")),
      "a.dat": asBytes(spoiled("1::Am\u00e9lie (2001)::Comedy|Romance\n2::Heat::(no genres listed)\n")),
      which: fc.constantFrom("a.json", "a.txt", "a.dat", "a", "which"),
    }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readItemList(`${folder}/${textOf(parts["which"])}`);
    },
  },
];
