import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import type { Context } from "../../src/core/context.ts";
import { popularityOf } from "../../src/data/popularity.ts";
import { randomKey } from "../../src/numerics/random.ts";
import type { Constraint } from "../../src/reward/constraints.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { scoreRollouts } from "../../src/reward/score_rollouts.ts";
import { rollOut } from "../../src/rollout/roll_out.ts";
import { evaluateSystems, listsOf, type SystemSetting } from "../../src/train/systems.ts";
import { validationScore } from "../../src/train/validation.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, tinyModel, upload } from "../model/tiny_model.ts";

const ITEMS = 12;
const CUTOFF = 3;
/** More contexts than one pass holds; user u met four items. */
const CONTEXTS: readonly Context[] = Array.from(
  { length: 70 },
  (_, id) => contextOf(id, [0, 1, 3, 4].map((step) => (id * 5 + step) % ITEMS)),
);

async function world(terms: readonly string[]): Promise<SystemSetting> {
  const model = tinyModel("plackett-luce", ITEMS);
  const train = {
    offsets: Int32Array.from({ length: CONTEXTS.length + 1 }, (_, user) => 4 * user),
    items: Int32Array.from(CONTEXTS.flatMap(({ history }) => [...history])),
    times: new Float64Array(4 * CONTEXTS.length),
    ratings: new Float32Array(4 * CONTEXTS.length),
  };
  const relevance = { of: (id: number) => new Map([[(id * 5 + 2) % ITEMS, 1]]) };
  const popularity = popularityOf(train, ITEMS);
  const reference = upload(model.config, loudWeights(model.config));
  return {
    model,
    weights: { reference },
    oracle: reference,
    train,
    popularity,
    set: { contexts: CONTEXTS, relevance },
    signals: { relevance, popularity, catalogSize: ITEMS } as unknown as SystemSetting["signals"],
    terms: await Promise.all(terms.map(async (spec) => ({ metric: await loadMetric(spec), weight: 1 }))),
    cutoff: CUTOFF,
    beams: 1,
    n: 6,
    key: randomKey(3),
  };
}

const rowOf = (items: Int32Array, row: number) => [...items.subarray(row * CUTOFF, (row + 1) * CUTOFF)];

onEachDevice("no system repeats an item or shows what the user has seen", async () => {
  const setting = await world(["ndcg@3"]);
  for (const system of ["most-popular", "item-knn", "reference", "best-of-n"] as const) {
    const { items } = await listsOf(system, setting);
    assertEquals(items.length, CONTEXTS.length * CUTOFF);
    CONTEXTS.forEach(({ seen }, row) => {
      const list = rowOf(items, row);
      assertEquals(new Set(list).size, CUTOFF, `${system} ${row}: ${list}`);
      for (const item of list) assert(item >= 0 && !seen.has(item), `${system} shows ${item} to ${row}`);
    });
  }
  tf.dispose(Object.values(setting.weights["reference"]!));
}, ["wasm"]);

onEachDevice("best-of-n keeps, of n slates of the reference, one with the best reward", async () => {
  const setting = await world(["ndcg@3", "novelty@3"]);
  const { items } = await listsOf("best-of-n", setting);
  const drawn = await rollOut(setting.model.policy, setting.weights["reference"]!, CONTEXTS, {
    groupSize: 6,
    cutoff: CUTOFF,
    key: setting.key.split("best-of-n"),
  });
  const { reward } = await scoreRollouts(drawn, CONTEXTS, setting.terms, setting.signals);
  CONTEXTS.forEach((_, b) => {
    const own = [...reward.subarray(6 * b, 6 * b + 6)];
    const best = own.indexOf(Math.max(...own));
    assertEquals(rowOf(items, b), rowOf(drawn.items, 6 * b + best), `context ${b}`);
  });
  tf.dispose(Object.values(setting.weights["reference"]!));
}, ["wasm"]);

onEachDevice(
  "an oracle of more slates chooses among those of fewer, and is no worse for any context",
  async () => {
    const setting = await world(["ndcg@3", "novelty@3"]);
    const systems = ["best-of-1", "best-of-4", "best-of-6", "best-of-n"] as const;
    const { perContext, lists } = await evaluateSystems(
      systems,
      setting,
      { metrics: [], resamples: 100 },
      () => {},
    );
    const rewardOf = (system: typeof systems[number]) => [...perContext.get(system)!.get("reward")!];
    for (const [fewer, more] of [["best-of-1", "best-of-4"], ["best-of-4", "best-of-6"]] as const) {
      const [low, high] = [rewardOf(fewer), rewardOf(more)];
      assert(low.every((reward, b) => reward <= high[b]!), `${more} is worse than ${fewer}`);
      assert(low.some((reward, b) => reward < high[b]!), `${more} is no better than ${fewer}`);
    }
    // The n of this world is 6.
    assertEquals(lists.get("best-of-n")!.items, lists.get("best-of-6")!.items);
    tf.dispose(Object.values(setting.weights["reference"]!));
  },
  ["wasm"],
);

onEachDevice("best-of-n by coverage shows more of the catalog than one slate each", async () => {
  const setting = await world(["coverage@3"]);
  const shown = async (n: number) => {
    const set = { ...setting.set, contexts: CONTEXTS.filter((_, id) => id % 24 < 1) };
    const { items } = await listsOf("best-of-n", { ...setting, set, n });
    return new Set(items).size;
  };
  // Three contexts that left the same eight items unseen: nine places.
  const [one, many] = [await shown(1), await shown(30)];
  assert(many > one, `${one} items with one slate each, ${many} with the best of 30`);
  tf.dispose(Object.values(setting.weights["reference"]!));
}, ["wasm"]);

onEachDevice("every system but the reference is paired with it, by context", async () => {
  const setting = await world(["ndcg@3"]);
  const metrics = [await loadMetric("recall@3"), await loadMetric("coverage@3")];
  const seen: string[] = [];
  const options = { metrics, resamples: 100 };
  const { results, perContext } = await evaluateSystems(
    ["reference", "best-of-n"],
    setting,
    options,
    (system) => void seen.push(system),
  );
  assertEquals(seen, ["reference", "best-of-n"]);
  assertEquals(results.map(({ system, metric }) => `${system} ${metric}`), [
    "reference recall@3",
    "reference coverage@3",
    "reference reward",
    "best-of-n recall@3",
    "best-of-n coverage@3",
    "best-of-n reward",
  ]);
  assertEquals(results.map(({ versusReference }) => versusReference !== undefined), [
    false,
    false,
    false,
    true,
    false,
    true,
  ]);
  const of = (system: "reference" | "best-of-n") => perContext.get(system)!.get("reward")!;
  const difference = of("best-of-n").reduce((sum, value, row) => sum + value - of("reference")[row]!, 0) / 70;
  assert(Math.abs(results[5]!.versusReference!.difference - difference) < 1e-12);
  tf.dispose(Object.values(setting.weights["reference"]!));
}, ["wasm"]);

onEachDevice("the validation score is the mean of the measure over the greedy lists", async () => {
  const setting = await world(["recall@3", "novelty@3"]);
  const { model, set, signals, terms } = setting;
  const parameters = setting.weights["reference"]!;
  const { items } = await listsOf("reference", setting);
  const hits = CONTEXTS.filter((_, id) => rowOf(items, id).includes((id * 5 + 2) % ITEMS)).length;
  const before = tf.memory().numTensors;
  const score = async (measure: Parameters<typeof validationScore>[4]) =>
    (await validationScore(model, parameters, set, signals, measure, CUTOFF)).score;
  assert(hits > 0);
  assertEquals(await score({ metric: terms[0]!.metric }), hits / 70);
  const both = await score({ reward: terms });
  const novelty = await score({ metric: terms[1]!.metric });
  assert(Math.abs(both - hits / 70 - novelty) < 1e-9, `${both}, ${hits / 70} and ${novelty}`);
  // The same level against a bound on either side, in units of the scale; a kept bound makes up for nothing.
  const bound = (side: "atLeast" | "atMost", value: number): Constraint => ({
    metric: terms[0]!.metric,
    side,
    bound: value,
  });
  const { violation } = await validationScore(model, parameters, set, signals, {
    reward: terms,
    constraints: [bound("atLeast", hits / 70 + 0.3), bound("atMost", hits / 70 - 0.1), bound("atMost", 9)],
    scales: [{ reward: 1, level: 0.5 }, { reward: 1, level: 0.25 }, { reward: 1, level: 1 }],
  }, CUTOFF);
  assert(Math.abs(violation - (0.6 + 0.4)) < 1e-9, `${violation}`);
  assertEquals(tf.memory().numTensors, before);
  tf.dispose(Object.values(parameters));
}, ["wasm"]);
