import { readListFiles } from "../src/evaluate/list_files.ts";
import { measureLists, summarizeLists } from "../src/evaluate/measure_lists.ts";
import { createRegistry } from "../src/reward/registry.ts";
import type { Bench } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { LIST_FILES, writeListData } from "./list_data.ts";

const USERS = 10_000;

const METRICS = [
  "ndcg@10",
  "recall@10",
  "mrr@10",
  "map@10",
  "hit-rate@10",
  "precision@10",
  "ild@10",
  "novelty@10",
  "popularity@10",
  "coverage@10",
] as const;

/** Ten metrics with intervals over 100,000 list rows and their tables, as `evaluate --lists`, against reading the files. */
export const evaluateLists: Bench = async () => {
  const folder = await Deno.makeTempDir();
  try {
    const rows = await writeListData(folder, USERS);
    const registry = await createRegistry();
    const metrics = await Promise.all(METRICS.map((spec) => registry.load(spec)));
    const ms = await medianMs({
      text: async () => {
        for (const name of LIST_FILES) {
          const file = await Deno.open(`${folder}/${name}`);
          for await (const _ of file.readable.pipeThrough(new TextDecoderStream()));
        }
      },
      evaluate: async () => {
        const { columns } = await readListFiles({
          lists: [`${folder}/lists.csv`],
          relevant: `${folder}/relevant.csv`,
          history: `${folder}/history.csv`,
          items: `${folder}/items.csv`,
        });
        const [measured] = await measureLists(columns, metrics);
        summarizeLists(measured!.values, columns.contexts);
      },
    }, { repeats: 3, warmUps: 1 });
    return {
      "evaluate-lists": {
        ms: ms.evaluate,
        rowsPerSecond: 1000 * rows / ms.evaluate,
        ratio: ms.text / ms.evaluate,
        bound: "reading and decoding the text of the files",
      },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};
