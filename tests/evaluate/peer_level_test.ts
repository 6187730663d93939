import { assertAlmostEquals, assertEquals } from "@std/assert";
import { popularityOf } from "../../src/data/popularity.ts";
import { readDataset } from "../../src/data/read_dataset.ts";
import { signalsOf } from "../../src/data/signals.ts";
import { splitDataset } from "../../src/data/split.ts";
import { evaluateSlates } from "../../src/evaluate/evaluate_slates.ts";
import { itemKnn } from "../../src/evaluate/item_knn.ts";
import { rankMostPopular } from "../../src/evaluate/most_popular.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { createRegistry } from "../../src/reward/registry.ts";

const METRICS = ["recall@10", "ndcg@10", "mrr@10", "coverage@10", "popularity@10"] as const;

interface Peer {
  readonly name: string;
  readonly folder: string;
  readonly reader: "movietweetings" | "movielens-csv";
  readonly contexts: number;
  /** What RecBole's own code printed (most popular: recomputed), leave-one-out, full ranking, in order of METRICS. */
  readonly values: Readonly<Record<string, readonly (number | undefined)[]>>;
}

const PEERS: readonly Peer[] = [{
  name: "MovieTweetings-100K",
  folder: "movietweetings/100K",
  reader: "movietweetings",
  contexts: 4333,
  values: {
    "most popular": [0.1461, 0.0738, undefined, undefined, 660.2],
    "item-knn, 100 neighbours": [0.1544, 0.0785, 0.0556, 0.7814, 428.7],
    "item-knn, 400 neighbours": [0.1560, 0.0795, 0.0563, 0.7072, 439.8],
  },
}, {
  name: "ml-latest-small",
  folder: "ml-latest-small",
  reader: "movielens-csv",
  contexts: 610,
  values: { "item-knn, 100 neighbours": [0.0689, 0.0335, 0.0229, 0.2065, 127.7] },
}];

for (const peer of PEERS) {
  const folder = new URL(`../../../shared/data/${peer.folder}`, import.meta.url).pathname;
  Deno.test({
    name: `most-popular and item-knn reach RecBole's values on ${peer.name} to 1 %`,
    ignore: !isThere(folder),
    async fn() {
      const dataset = await readDataset({ reader: peer.reader, folder, minRating: null, kCore: 5 });
      const { train, test } = splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 });
      const items = dataset.catalog.ids.length;
      const popularity = popularityOf(train, items);
      const signals = signalsOf(dataset, popularity, test);
      const registry = await createRegistry();
      const metrics = await Promise.all(METRICS.map((spec) => registry.load(spec)));
      const lists: Readonly<Record<string, Int32Array>> = {
        "most popular": rankMostPopular(popularity, test.contexts, 10),
        "item-knn, 100 neighbours": itemKnn(train, items).rank(test.contexts, 10),
        "item-knn, 400 neighbours": itemKnn(train, items, { neighbours: 400 }).rank(test.contexts, 10),
      };
      for (const [system, values] of Object.entries(peer.values)) {
        const { results } = await evaluateSlates({
          system: "item-knn",
          split: "test",
          items: lists[system]!,
          cutoff: 10,
          contexts: test.contexts,
          metrics,
          signals,
          resamples: 10,
          key: randomKey(1),
        });
        assertEquals(results[0]!.contexts, peer.contexts);
        values.forEach((expected, at) => {
          if (expected === undefined) return;
          assertAlmostEquals(results[at]!.mean!, expected, 0.01 * expected, `${system}, ${METRICS[at]}`);
        });
      }
    },
  });
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
