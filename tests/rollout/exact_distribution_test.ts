/** On a catalog of five items every slate can be listed: probabilities, frequencies and best slates are then exact. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey } from "../../src/numerics/random.ts";
import type { Context } from "../../src/core/context.ts";
import type { Parameters } from "../../src/model/parameters.ts";
import type { Policy } from "../../src/rollout/policy.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, slateLogProb, tinyModel, upload } from "../model/tiny_model.ts";

const ITEMS = 5;
const CUTOFF = 2;

/** All slates of two of the unseen items, in order, with their probabilities. */
async function enumerate(policy: Policy, parameters: Parameters, context: Context) {
  const free = Array.from({ length: ITEMS }, (_, item) => item).filter((item) => !context.seen.has(item));
  const slates = free.flatMap((one) => free.filter((other) => other !== one).map((other) => [one, other]));
  const logProb = tf.tidy(() =>
    slateLogProb(policy, parameters, [context], {
      groupSize: slates.length,
      cutoff: CUTOFF,
      items: Int32Array.from(slates.flat()),
      behaviorLogProb: new Float64Array(slates.length),
    })
  );
  const probabilities = Array.from(await logProb.data(), Math.exp);
  logProb.dispose();
  return { slates, probabilities };
}

for (const kind of ["plackett-luce", "autoregressive"] as const) {
  const { config, policy } = tinyModel(kind, ITEMS);
  const weights = loudWeights(config);

  for (const context of [contextOf(3, [2, 0]), contextOf(4, []), contextOf(5, [1])]) {
    const unseen = ITEMS - context.seen.size;
    onEachDevice(`the probabilities of all ${kind} slates of ${unseen} items sum to 1`, async () => {
      const parameters = upload(config, weights);
      const { slates, probabilities } = await enumerate(policy, parameters, context);
      assertEquals(slates.length, unseen * (unseen - 1));
      assertAlmostEquals(probabilities.reduce((sum, p) => sum + p, 0), 1, 1e-5);
      assert(Math.max(...probabilities) > 1.2 / slates.length, "the distribution is flat: nothing is tested");
      tf.dispose(Object.values(parameters));
    }, ["cpu", "wasm"]);
  }

  onEachDevice(`${kind} slates are drawn as often as they are probable`, async () => {
    const parameters = upload(config, weights);
    for (const context of [contextOf(3, [2]), contextOf(4, [])]) {
      const { slates, probabilities } = await enumerate(policy, parameters, context);
      const draws = 4000;
      const { items } = await policy.sample(parameters, [context], {
        groupSize: draws,
        cutoff: CUTOFF,
        key: randomKey(21),
      });
      const counts = new Map<string, number>();
      for (let row = 0; row < draws; row++) {
        const drawn = items.subarray(row * CUTOFF, (row + 1) * CUTOFF).join();
        counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
      }
      let chiSquare = 0;
      slates.forEach((slate, i) => {
        const expected = draws * probabilities[i]!;
        const count = counts.get(slate.join()) ?? 0;
        const deviation = Math.sqrt(expected * (1 - probabilities[i]!));
        assert(
          Math.abs(count - expected) <= 5 * deviation + 1,
          `${slate}: ${count} drawn, ${expected} expected`,
        );
        chiSquare += (count - expected) ** 2 / expected;
      });
      // Mean of the statistic: one less than the slates; deviation: the root of twice that.
      const freedom = slates.length - 1;
      assert(chiSquare < freedom + 5 * Math.sqrt(2 * freedom), `chi-square ${chiSquare} at ${freedom}`);
    }
    tf.dispose(Object.values(parameters));
  }, ["wasm"]);

  onEachDevice(`a beam as wide as all that can be picked finds the best ${kind} slate`, async () => {
    const parameters = upload(config, weights);
    const contexts = [
      contextOf(0, [3]),
      contextOf(1, []),
      contextOf(2, [0, 1, 4]),
      contextOf(3, [2, 2], [0]),
    ];
    const before = tf.memory().numTensors;
    const found = await policy.rank(parameters, contexts, { cutoff: CUTOFF, beams: ITEMS });
    assertEquals(tf.memory().numTensors, before);
    for (const [b, context] of contexts.entries()) {
      const { slates, probabilities } = await enumerate(policy, parameters, context);
      const best = probabilities.indexOf(Math.max(...probabilities));
      assertEquals([...found.items.subarray(b * CUTOFF, (b + 1) * CUTOFF)], slates[best], `context ${b}`);
      assertAlmostEquals(Math.exp(found.behaviorLogProb[b]!), probabilities[best]!, 1e-5);
    }
    tf.dispose(Object.values(parameters));
  });
}

onEachDevice("a beam of one is greedy, and a wider one never finds less", async () => {
  const { config, policy } = tinyModel("autoregressive", 9);
  const contexts = Array.from(
    { length: 12 },
    (_, id) => contextOf(id, [id % 9, (2 * id + 1) % 9].slice(id % 2)),
  );
  let better = 0;
  for (let seed = 0; seed < 4; seed++) {
    const parameters = upload(config, loudWeights(config, randomKey(seed)));
    const rank = (beams: number) => policy.rank(parameters, contexts, { cutoff: 3, beams });
    const [greedy, two, all] = [await rank(1), await rank(2), await rank(72)];
    contexts.forEach((_, b) => {
      assert(all.behaviorLogProb[b]! >= greedy.behaviorLogProb[b]! - 1e-5, `context ${b}`);
      assert(all.behaviorLogProb[b]! >= two.behaviorLogProb[b]! - 1e-5, `context ${b}`);
      if (all.behaviorLogProb[b]! > greedy.behaviorLogProb[b]! + 1e-3) better++;
    });
    tf.dispose(Object.values(parameters));
  }
  assert(better > 0, "greedy was always best: nothing is tested");
}, ["wasm"]);
