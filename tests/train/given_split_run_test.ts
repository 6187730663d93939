/** Whole runs on files that are split already, through the public names. */
import { assert, assertEquals } from "@std/assert";
import * as blade from "../../mod.ts";
import { ran } from "../cli/_io.ts";
import { smallConfig } from "../ci/small_run.ts";
import { inFolder } from "../data/_folder.ts";

const ITEMS = 24;
const title = (item: number) => `The "${item % ITEMS}"`;
const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
/** Somebody walks through the catalog in steps of one. */
const rows = (count: number, from: number) =>
  range(count, from).map((row) => ({ history: range(2 + row % 5, 7 * row), target: 7 * row + 2 + row % 5 }));

function bigrec(): Record<string, string> {
  const part = (count: number, from: number) =>
    JSON.stringify(
      rows(count, from).map(({ history, target }) => ({
        instruction: "What next?",
        input: `Met before: ${history.map((item) => `"${title(item)}"`).join(", ")}`,
        output: `"${title(target)}"\n`,
      })),
    );
  const items = range(ITEMS).map(title);
  return {
    "train.json": part(60, 0),
    "valid.json": part(10, 60),
    "test.json": part(12, 70),
    "id2name.json": JSON.stringify(Object.fromEntries(items.entries())),
    "name2genre.json": JSON.stringify(
      Object.fromEntries(items.map((name, item) => [name, [`g${item % 4}`]])),
    ),
  };
}

function minionerec(): Record<string, string> {
  const part = (count: number, from: number) =>
    ["user_id,history_item_id,item_id"].concat(
      rows(count, from).map(({ history, target }, row) => {
        // The first of a part has met nothing yet.
        const met = row === 0 ? [] : history.map((item) => item % ITEMS);
        return `u${row % 30},"[${met.join(", ")}]",${target % ITEMS}`;
      }),
    ).join("\n") + "\n";
  return {
    "train/toys.csv": part(60, 0),
    "valid/toys.csv": part(10, 60),
    "test/toys.csv": part(12, 70),
    "info/toys.txt": range(ITEMS).map((item) => `${title(item)}\t${item}\n`).join(""),
  };
}

const SYSTEMS = ["most-popular", "item-knn", "reference", "sft-continued", "aligned"] as const;

for (
  const { reader, files, terms, first } of [
    {
      reader: "bigrec",
      files: bigrec(),
      terms: [{ metric: "ndcg@3", weight: 0.5 }, { metric: "ild@3", weight: 0.5 }],
      first: "test:1",
    },
    { reader: "minionerec", files: minionerec(), terms: [{ metric: "ndcg@3" }], first: "u0@test:1" },
  ] as const
) {
  Deno.test({
    name: `train() ends with results on the split of a ${reader} folder, and the run goes on serving`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await inFolder(files, async (folder) => {
        const config: blade.BladeConfigInput = {
          ...smallConfig(),
          data: { reader, folder, maxHistory: 8 },
          reward: { terms: [...terms] },
          evaluate: { metrics: ["ndcg@3"], systems: [...SYSTEMS], resamples: 100 },
        };
        const { runFolder, results } = await blade.train(config, { out: `${folder}/run` });
        const ndcg = results.filter(({ metric }) => metric === "ndcg@3");
        assertEquals(ndcg.map(({ system }) => system), [...SYSTEMS]);
        for (const { mean, contexts } of ndcg) {
          assertEquals(contexts, 12);
          assert(mean !== null && mean >= 0 && mean <= 1);
        }
        const run = await blade.loadRun(runFolder);
        assertEquals([run.config.data.split, run.config.data.kCore], ["given", 0]);
        const { perUser } = await run.evaluate({ metrics: ["recall@3"], perUser: true });
        assertEquals(perUser.length, 12);
        assertEquals(perUser[0]!.user, first);

        const path = `${folder}/config.jsonc`;
        await Deno.writeTextFile(path, JSON.stringify({ data: { reader, folder } }));
        const { code, out } = await ran(["data", "inspect", path, "--json"]);
        assertEquals(code, 0);
        const { validation, test } = JSON.parse(out);
        assertEquals([validation.contexts, test.contexts, test.targets], [10, 12, 12]);
      });
    },
  });
}

Deno.test("data inspect prints what the reader has to say of the files", async () => {
  const files = {
    ...bigrec(),
    "id2name.json": JSON.stringify(Object.fromEntries([...range(ITEMS).map(title), title(0)].entries())),
  };
  await inFolder(files, async (folder) => {
    const path = `${folder}/config.jsonc`;
    await Deno.writeTextFile(path, JSON.stringify({ data: { reader: "bigrec", folder: "." } }));
    const { code, out } = await ran(["data", "inspect", path]);
    assertEquals(code, 0);
    assert(/warning +1 of the 25 items of .*id2name\.json have the title of an earlier one/.test(out), out);
  });
});
