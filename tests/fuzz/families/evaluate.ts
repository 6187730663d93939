import fc from "fast-check";
import { readUserIds } from "../../../src/cli/user_ids.ts";
import { evaluateLists } from "../../../src/evaluate/evaluate_lists.ts";
import { readListFiles } from "../../../src/evaluate/list_files.ts";
import { type ListTables, readTables } from "../../../src/evaluate/list_tables.ts";
import { type Family, type Parts, textOf, writeParts } from "../family.ts";
import { asBytes, spoiled } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const FILES: Readonly<Record<string, string>> = {
  "lists.csv": "user,item,rank,score\nann,tea,1,0.5\nann,cake,2,0.4\nbob,tea,1,1\n",
  "relevant.csv": "user,item,gain\nann,cake,2\nbob,tea,\n",
  "history.tsv": "user\titem\ttimestamp\nann\tcake\t3\nbob\ttea\t\n",
  "items.csv": 'item,categories,features,embedding,group\ntea,"hot|drink",1|2,0.5,a\ncake,sweet,3|4,,b\n',
  "users.csv": "user,town\nann,Oslo\nbob,Rome\n",
};

const TABLES = {
  lists: [["ann", "tea", 1], { user: "ann", item: "cake", rank: "2" }, ["bob", 7, 1]],
  relevant: [["ann", "cake"], ["bob", 7, 2.5]],
  history: [["ann", "tea", 5]],
  items: [{ item: "tea", categories: "x|y", features: [1, 2] }, ["cake", ["x"], "3|4", null, "g"]],
  users: [{ user: "ann", gender: "f" }, { user: "bob", gender: "m", age: 3 }],
};

const files = fc.tuple(
  fc.nat(9),
  fc.record(Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, asBytes(spoiled(text))]))),
).map(([which, all]): Parts => {
  const name = Object.keys(FILES)[which % 5]!;
  return { ...FILES, [name]: all[name]! };
});

/** What a text of JSON is; tables come as values, so one that is none is left out. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Lists to evaluate: as files, as rows, and which users. */
export const EVALUATE_FAMILIES: readonly Family[] = [
  {
    name: "list-files",
    inputs: files,
    async run(parts, folder) {
      writeParts(parts, folder);
      const path = (name: string) => `${folder}/${name}`;
      await readListFiles({
        lists: [path("lists.csv")],
        relevant: path("relevant.csv"),
        history: path("history.tsv"),
        items: path("items.csv"),
        users: path("users.csv"),
      });
    },
  },
  {
    name: "list-tables",
    inputs: fc.record({ tables: spoiledJson(TABLES) }),
    run({ tables }) {
      return readTables({ lists: [], ...Object(parsed(textOf(tables))) } as ListTables);
    },
  },
  {
    name: "evaluate-lists",
    inputs: fc.record({ tables: spoiledJson(TABLES) }),
    run({ tables }) {
      return evaluateLists({ ...TABLES, ...Object(parsed(textOf(tables))) }, ["ndcg@2", "mgu@2", "ild@2"], {
        resamples: 100,
      });
    },
  },
  {
    name: "users-file",
    inputs: fc.record({ "users.txt": asBytes(spoiled("ann\r\nbob\n\n 7 \n", "\ufeffann")) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      const wanted = await readUserIds(`${folder}/users.txt`);
      if (wanted.length > 1e6) throw new Error("more users than bytes");
    },
  },
];
