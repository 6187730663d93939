import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Slates } from "../../src/core/slates.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { autoregressivePolicy } from "../../src/rollout/autoregressive.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, slateLogProb, tinyModel, upload } from "../model/tiny_model.ts";
import { FEW_ITEMS, MANY_ITEMS, tokenCatalog } from "./token_catalog.ts";

/** Every ordered choice of `cutoff` of the items. */
function slatesOf(items: readonly number[], cutoff: number): number[][] {
  if (cutoff === 0) return [[]];
  return items.flatMap((item) =>
    slatesOf(items.filter((other) => other !== item), cutoff - 1).map((rest) => [item, ...rest])
  );
}

function asSlates(slates: readonly (readonly number[])[]): Slates {
  return {
    groupSize: slates.length,
    cutoff: slates[0]!.length,
    items: Int32Array.from(slates.flat()),
    behaviorLogProb: new Float64Array(slates.length),
  };
}

for (const [name, items, seen] of [["few", FEW_ITEMS, [2]], ["many", MANY_ITEMS, [0, 40]]] as const) {
  onEachDevice(`with ${name} choices a token the probabilities of all slates sum to 1`, async () => {
    const codec = tokenCatalog(items);
    const { config, policy } = tinyModel("autoregressive", codec);
    const parameters = upload(config, loudWeights(config));
    const open = items.map((_, item) => item).filter((item) => !(seen as readonly number[]).includes(item));
    const context = contextOf(0, [seen[0]], [...seen]);
    for (const cutoff of name === "few" ? [1, 2, 3] : [1]) {
      const all = slatesOf(open, cutoff);
      const logProbs = await tf.tidy(() => slateLogProb(policy, parameters, [context], asSlates(all))).data();
      const total = [...logProbs].reduce((sum, logProb) => sum + Math.exp(logProb), 0);
      assertAlmostEquals(total, 1, 2e-5, `${all.length} slates of ${cutoff}`);
      assert(Math.max(...logProbs) - Math.min(...logProbs) > 0.5, "the weights tell slates apart");
    }
    tf.dispose(Object.values(parameters));
  });

  onEachDevice(
    `with ${name} choices a token sampled slates have the probability that they were drawn with`,
    async () => {
      const codec = tokenCatalog(items);
      const { config, policy } = tinyModel("autoregressive", codec);
      const parameters = upload(config, loudWeights(config));
      const contexts = [contextOf(0, []), contextOf(1, [1, 3], [0]), contextOf(2, [5])];
      const before = tf.memory().numTensors;
      const slates = await policy.sample(parameters, contexts, {
        groupSize: 3,
        cutoff: 3,
        key: randomKey(4),
      });
      assertEquals(tf.memory().numTensors, before);
      for (let row = 0; row < 9; row++) {
        const own = [...slates.items.subarray(3 * row, 3 * row + 3)];
        assertEquals(new Set(own).size, 3);
        assert(own.every((item) => item >= 0 && !contexts[Math.floor(row / 3)]!.seen.has(item)));
      }
      const logProbs = await tf.tidy(() => slateLogProb(policy, parameters, contexts, slates)).data();
      logProbs.forEach((logProb, row) =>
        assertAlmostEquals(logProb, slates.behaviorLogProb[row]!, 1e-4, `row ${row}`)
      );
      tf.dispose(Object.values(parameters));
    },
  );
}

onEachDevice("slates are drawn as often as their probability says", async () => {
  const codec = tokenCatalog(FEW_ITEMS);
  const { config, policy } = tinyModel("autoregressive", codec);
  const parameters = upload(config, loudWeights(config));
  const groupSize = 4000;
  const { items } = await policy.sample(parameters, [contextOf(0, [2])], {
    groupSize,
    cutoff: 1,
    key: randomKey(2),
  });
  const open = [0, 1, 3, 4, 5];
  const logProbs = await tf.tidy(() =>
    slateLogProb(policy, parameters, [contextOf(0, [2])], asSlates(open.map((item) => [item])))
  ).data();
  open.forEach((item, i) => {
    const p = Math.exp(logProbs[i]!), found = items.filter((other) => other === item).length / groupSize;
    assertAlmostEquals(found, p, 4 * Math.sqrt(p * (1 - p) / groupSize), `item ${item}`);
  });
  tf.dispose(Object.values(parameters));
}, ["wasm"]);

onEachDevice("a batch of eight contexts draws what eight batches of one draw", async () => {
  const codec = tokenCatalog(MANY_ITEMS);
  const { config, policy } = tinyModel("autoregressive", codec);
  const parameters = upload(config, loudWeights(config));
  const contexts = Array.from(
    { length: 8 },
    (_, i) => contextOf(i, Array.from({ length: i }, (_, j) => 3 * j + i)),
  );
  const options = { groupSize: 2, cutoff: 4, key: randomKey(9) };
  const together = await policy.sample(parameters, contexts, options);
  const ranked = await policy.rank(parameters, contexts, { cutoff: 4, beams: 1 });
  for (const [row, context] of contexts.entries()) {
    const alone = await policy.sample(parameters, [context], options);
    assertEquals(alone.items, together.items.slice(8 * row, 8 * row + 8));
    alone.behaviorLogProb.forEach((value, g) =>
      assertAlmostEquals(value, together.behaviorLogProb[2 * row + g]!, 1e-4)
    );
    const shown = await policy.rank(parameters, [context], { cutoff: 4, beams: 1 });
    assertEquals(shown.items, ranked.items.slice(4 * row, 4 * row + 4));
    assertAlmostEquals(shown.scores.reduce((sum, score) => sum + score, 0), shown.behaviorLogProb[0]!, 1e-9);
  }
  tf.dispose(Object.values(parameters));
}, ["cpu", "wasm", "webgpu"]);

onEachDevice("items of one token each have the probabilities of the policy over items", async () => {
  const codec = tokenCatalog(Array.from({ length: 20 }, (_, item) => [item]), false);
  const { config, policy } = tinyModel("autoregressive", codec);
  const parameters = upload(config, loudWeights(config));
  const contexts = [contextOf(0, [1, 2], [7]), contextOf(1, [4])];
  const slates: Slates = {
    groupSize: 2,
    cutoff: 3,
    items: Int32Array.from([3, 9, 0, 5, 6, 8, 1, 2, 3, 19, 0, 7]),
    behaviorLogProb: new Float64Array(4),
  };
  const of = async (policy: Parameters<typeof slateLogProb>[0]) =>
    await tf.tidy(() => slateLogProb(policy, parameters, contexts, slates)).data();
  const [tokens, items] = [
    await of(policy),
    await of(autoregressivePolicy(config, codec)),
  ];
  tokens.forEach((value, row) => assertAlmostEquals(value, items[row]!, 1e-5));
  tf.dispose(Object.values(parameters));
});
