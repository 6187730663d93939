import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Context } from "../../src/core/context.ts";
import { uploadArrays } from "../../src/device/arrays.ts";
import { emptyPicks, NO_SCORE } from "../../src/device/ops.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { drawArrays, drawFromHidden, logTotals } from "../../src/rollout/draw.ts";
import { plain } from "../device/finite_differences.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, tinyModel, upload } from "../model/tiny_model.ts";

Deno.test("logTotals() adds up what each rank is drawn from, the last rank first", () => {
  // Three picks of mass 1, 2 and 4, and 1 that is never picked: of 8, then 7, then 5.
  const totals = logTotals(Float32Array.from([1, 2, 4], Math.log), 0);
  [8, 7, 5].forEach((mass, k) => assertAlmostEquals(totals[k]!, Math.log(mass), 1e-6));
  assertEquals([...logTotals(Float32Array.of(2, NO_SCORE), NO_SCORE)], [2, -Infinity]);
});

onEachDevice("a catalog scored in blocks gives the slates that it gives in one", async () => {
  const items = 101, contexts = [contextOf(1, [3, 100, 50]), contextOf(2, []), contextOf(3, [0])];
  const embedding = tf.tensor(plain(1, [items + 1, 6]).values, [items + 1, 6]);
  const hidden = tf.tensor(plain(2, [3, 6]).values.map((x) => 4 * x), [3, 6]) as tf.Tensor2D;
  const draw = async (block?: number) => {
    const arrays = uploadArrays(drawArrays(contexts, 4, randomKey(5)));
    const picks = emptyPicks(12, 5);
    drawFromHidden({ embedding }, hidden, arrays, picks, { at: 0, count: 5, items }, block);
    const [drawn, scores, rests] = [picks.items, picks.scores, picks.rests].map((t) => t.data());
    return { drawn: await drawn!, scores: await scores!, rests: await rests! };
  };
  const whole = await draw();
  assert(new Set(whole.drawn).size > 12);
  for (const block of [3 * items, 3 * 40, 3 * 7, 1]) {
    const parts = await draw(block);
    assertEquals(parts.drawn, whole.drawn, `block of ${block}`);
    whole.scores.forEach((score, i) => assertAlmostEquals(parts.scores[i]!, score, 1e-5));
    whole.rests.forEach((rest, i) => i % 5 === 0 && assertAlmostEquals(parts.rests[i]!, rest, 1e-5));
  }
});

for (const kind of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(`where all but three items are seen, ${kind} slates hold these three`, async () => {
    const { config, policy } = tinyModel(kind, 9);
    const parameters = upload(config, loudWeights(config));
    const contexts: Context[] = [[0, 4, 8], [1, 2, 3], [6, 7, 8]].map((left, id) =>
      contextOf(id, [], Array.from({ length: 9 }, (_, item) => item).filter((item) => !left.includes(item)))
    );
    const options = { groupSize: 8, cutoff: 3, key: randomKey(2) };
    const slates = await policy.sample(parameters, contexts, options);
    const orders = new Set<string>();
    for (let row = 0; row < 24; row++) {
      const slate = [...slates.items.subarray(3 * row, 3 * row + 3)];
      const { seen } = contexts[Math.floor(row / 8)]!;
      assertEquals([...seen, ...slate].toSorted(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
      assert(slates.behaviorLogProb[row]! < 0 && slates.behaviorLogProb[row]! > -20);
      orders.add(slate.join());
    }
    assert(orders.size > 5, "always the same order: nothing is drawn");
    // With one more place than items there is an empty one, and the others are as likely as before.
    const more = await policy.sample(parameters, contexts, { ...options, cutoff: 4 });
    for (let row = 0; row < 24; row++) {
      assertEquals(more.items[4 * row + 3], -1);
      assert(Number.isFinite(more.behaviorLogProb[row]!));
    }
    tf.dispose(Object.values(parameters));
  });

  Deno.test({
    name: `${kind} slates are the same bits with one thread and with two, time after time`,
    // The backend and its helper threads outlive a test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const { config, policy } = tinyModel(kind, 900, { width: 64, hidden: 96 });
      const weights = loudWeights(config);
      const contexts = Array.from(
        { length: 40 },
        (_, id) => contextOf(id, Array.from({ length: id % 12 }, (_, i) => (id * 17 + i * 5) % 900)),
      );
      const sample = async (threads: number) => {
        await openDevice({ device: "wasm", threads });
        const parameters = upload(config, weights);
        const slates = await policy.sample(parameters, contexts, {
          groupSize: 6,
          cutoff: 4,
          key: randomKey(3),
        });
        tf.dispose(Object.values(parameters));
        return slates;
      };
      const alone = await sample(1);
      for (let time = 0; time < 8; time++) assertEquals(await sample(2), alone);
    },
  });
}
