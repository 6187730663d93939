/** A data set and a model so small that a whole run takes a few seconds. */
import type { BladeConfigInput } from "../../src/config/schema.ts";

/** Writes interactions and items of 40 users and 24 items; each user walks through the catalog in steps of one. */
export async function writeSmallData(folder: string): Promise<void> {
  const genres = ["drama", "comedy", "western", "crime"];
  const items = Array.from({ length: 24 }, (_, item) => `i${item},${genres[item % 4]}`);
  const rows = Array.from(
    { length: 40 },
    (_, user) =>
      Array.from({ length: 8 }, (_, step) => `u${user},i${(5 * user + step) % 24},${100 * user + step}`),
  );
  await Deno.writeTextFile(`${folder}/items.csv`, ["item,genre", ...items, ""].join("\n"));
  await Deno.writeTextFile(`${folder}/ratings.csv`, ["user,item,time", ...rows.flat(), ""].join("\n"));
}

/** The configuration of a small run on `writeSmallData`'s files, in the folder of the configuration. */
export function smallConfig(change: { readonly data?: Record<string, unknown> } = {}): BladeConfigInput {
  return {
    device: "wasm",
    threads: 1,
    data: {
      reader: "table",
      folder: ".",
      interactions: "ratings.csv",
      columns: { user: "user", item: "item", timestamp: "time" },
      items: "items.csv",
      itemColumns: { item: "item", categories: "genre" },
      kCore: 2,
      maxHistory: 8,
      ...change.data,
    },
    model: { layers: 1, width: 8, heads: 1, kvHeads: 1, hidden: 16, dropout: 0 },
    sft: { epochs: 1, batch: 16 },
    reward: { terms: [{ metric: "ndcg@3", weight: 0.5 }, { metric: "ild@3", weight: 0.5 }] },
    target: { n: 2, priorSlates: 4, priorStrength: 4 },
    align: { groupSize: 2, cutoff: 3, batch: 8, epochs: 1 },
    evaluate: { metrics: ["ndcg@3"], systems: ["most-popular", "reference", "aligned"], resamples: 100 },
  };
}

/** A metric plugin whose `score` has the given body; `slate`, `context`, `signals` and `calls` are at hand. */
export function pluginText(body: string, needs: readonly string[] = []): string {
  return `import { defineMetric } from "blade";
let calls = 0;
export default defineMetric({
  name: "mine",
  summary: "A metric of a test.",
  kind: "list",
  range: [0, 1],
  direction: "maximize",
  needs: ${JSON.stringify(needs)},
  score(slate, context, signals) {
    calls++;
    ${body}
  },
});
`;
}
