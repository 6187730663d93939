import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { Slates } from "../../src/core/slates.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { rankAll } from "../../src/rollout/roll_out.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, slateLogProb, tinyModel, upload } from "../model/tiny_model.ts";

const ITEMS = 11;
/** Eight contexts with histories of 0 to 7 items; some have seen more than the model reads. */
const CONTEXTS = [3, 0, 7, 1, 5, 2, 4, 6].map((length, id) =>
  contextOf(
    10 + id,
    Array.from({ length }, (_, i) => (2 * id + 3 * i) % ITEMS),
    id % 2 === 0 ? [(id + 1) % ITEMS] : [],
  )
);
const OPTIONS = { groupSize: 3, cutoff: 3, key: randomKey(9).split("rollout", 4) };

/** The picks of a row. */
const slate = (
  { items, cutoff }: Slates,
  row: number,
) => [...items.subarray(row * cutoff, (row + 1) * cutoff)];

function assertValid(slates: Slates): void {
  assertEquals(slates.items.length, CONTEXTS.length * slates.groupSize * slates.cutoff);
  for (let row = 0; row * slates.cutoff < slates.items.length; row++) {
    const picks = slate(slates, row);
    const { seen } = CONTEXTS[Math.floor(row / slates.groupSize)]!;
    assertEquals(new Set(picks).size, slates.cutoff, `slate ${row} repeats an item: ${picks}`);
    for (const item of picks) {
      assert(Number.isInteger(item) && item >= 0 && item < ITEMS, `slate ${row} holds ${item}`);
      assert(!seen.has(item), `slate ${row} holds the seen item ${item}`);
    }
  }
}

for (const kind of ["plackett-luce", "autoregressive"] as const) {
  const { config, policy } = tinyModel(kind, ITEMS);
  const weights = loudWeights(config);

  onEachDevice(
    `${kind} slates are distinct, unseen items, whose log-probability is what logProb says`,
    async () => {
      const parameters = upload(config, weights);
      const before = tf.memory().numTensors;
      const slates = await policy.sample(parameters, CONTEXTS, OPTIONS);
      assertValid(slates);
      const logProb = tf.tidy(() => slateLogProb(policy, parameters, CONTEXTS, slates));
      const values = await logProb.data();
      assertEquals(values.length, CONTEXTS.length * OPTIONS.groupSize);
      values.forEach((value, row) => {
        assert(value < 0 && Number.isFinite(value));
        assertAlmostEquals(slates.behaviorLogProb[row]!, value, 1e-4, `slate ${row}`);
      });
      logProb.dispose();
      assertEquals(tf.memory().numTensors, before);
      tf.dispose(Object.values(parameters));
    },
  );

  onEachDevice(`${kind} slates follow from the key, the context and the slate's number alone`, async () => {
    const parameters = upload(config, weights);
    const together = await policy.sample(parameters, CONTEXTS, OPTIONS);
    assertEquals(await policy.sample(parameters, CONTEXTS, OPTIONS), together);
    const other = await policy.sample(parameters, CONTEXTS, {
      ...OPTIONS,
      key: randomKey(9).split("rollout", 5),
    });
    assertNotEquals(other.items, together.items);
    // Drawn in another order.
    const turned = await policy.sample(parameters, CONTEXTS.toReversed(), OPTIONS);
    for (const [b, context] of CONTEXTS.toReversed().entries()) {
      for (let g = 0; g < OPTIONS.groupSize; g++) {
        const row = CONTEXTS.indexOf(context) * OPTIONS.groupSize + g;
        assertEquals(slate(turned, b * OPTIONS.groupSize + g), slate(together, row));
      }
    }
    for (const [b, context] of CONTEXTS.entries()) {
      const alone = await policy.sample(parameters, [context], OPTIONS);
      const fewer = await policy.sample(parameters, [context], { ...OPTIONS, groupSize: 1 });
      assertEquals(slate(fewer, 0), slate(alone, 0));
      for (let g = 0; g < OPTIONS.groupSize; g++) {
        const row = b * OPTIONS.groupSize + g;
        assertEquals(slate(alone, g), slate(together, row));
        assertAlmostEquals(alone.behaviorLogProb[g]!, together.behaviorLogProb[row]!, 1e-5);
      }
    }
    tf.dispose(Object.values(parameters));
  }, ["cpu", "wasm", "webgpu"]);

  onEachDevice(`the ${kind} policy draws the slates that it draws on the cpu`, async () => {
    const draw = async () => {
      const parameters = upload(config, weights);
      const slates = await policy.sample(parameters, CONTEXTS, OPTIONS);
      tf.dispose(Object.values(parameters));
      return slates.items;
    };
    const here = await draw();
    await openDevice({ device: "cpu" });
    assertEquals(here, await draw());
  }, ["wasm", "native", "webgpu"]);

  onEachDevice(`the shown ${kind} slate takes the likeliest item left at every rank`, async () => {
    const parameters = upload(config, weights);
    const ranked = await policy.rank(parameters, CONTEXTS, { cutoff: 3, beams: 1 });
    assertValid(ranked);
    for (const [b, context] of CONTEXTS.entries()) {
      const picks = slate(ranked, b);
      for (let k = 0; k < 3; k++) {
        // Every slate that has the first k picks and then another unseen item.
        const choices = Array.from({ length: ITEMS }, (_, item) => item)
          .filter((item) => !context.seen.has(item) && !picks.slice(0, k).includes(item));
        const slates = {
          groupSize: choices.length,
          cutoff: 3,
          items: Int32Array.from(choices.flatMap((item) => {
            const partial = [...picks.slice(0, k), item];
            return [...partial, ...new Array<number>(3 - partial.length).fill(-1)];
          })),
          behaviorLogProb: new Float64Array(choices.length),
        };
        const logProb = tf.tidy(() => slateLogProb(policy, parameters, [context], slates));
        const values = await logProb.data();
        const best = values.indexOf(Math.max(...values));
        assertEquals(picks[k], choices[best], `context ${b}, rank ${k + 1}`);
        if (k === 2) assertAlmostEquals(ranked.behaviorLogProb[b]!, values[best]!, 1e-4);
        logProb.dispose();
      }
      const scores = [...ranked.scores.subarray(3 * b, 3 * b + 3)];
      assert(scores.every((score) => score <= 0 && Number.isFinite(score)), `scores ${scores}`);
      if (kind === "plackett-luce") assertEquals(scores, scores.toSorted((one, other) => other - one));
    }
    tf.dispose(Object.values(parameters));
  }, ["cpu", "wasm"]);

  onEachDevice(
    `ranking many contexts in passes of like length keeps the ${kind} lists in order`,
    async () => {
      const parameters = upload(config, weights);
      const many = Array.from({ length: 150 }, (_, i) => CONTEXTS[(7 * i) % CONTEXTS.length]!);
      const before = tf.memory().numTensors;
      const all = await rankAll(policy, parameters, many, { cutoff: 3, beams: 1 });
      assertEquals(tf.memory().numTensors, before);
      const each = await policy.rank(parameters, CONTEXTS, { cutoff: 3, beams: 1 });
      many.forEach((context, row) => {
        const b = CONTEXTS.indexOf(context);
        assertEquals(slate(all, row), slate(each, b));
        assertAlmostEquals(all.behaviorLogProb[row]!, each.behaviorLogProb[b]!, 1e-5);
      });
      tf.dispose(Object.values(parameters));
    },
    ["wasm"],
  );
}
