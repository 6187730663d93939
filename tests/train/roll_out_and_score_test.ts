import { assertEquals } from "@std/assert";
import type { Context } from "../../src/core/context.ts";
import { rollOutAndScore } from "../../src/train/roll_out_and_score.ts";
import { contextOf } from "../model/tiny_model.ts";

const CONTEXTS = Array.from({ length: 5 }, (_, id) => contextOf(id, [id]));

/** Two slates of one item for each context, which say whose they are. */
const rollOut = (contexts: readonly Context[]) =>
  Promise.resolve({
    groupSize: 2,
    cutoff: 1,
    items: Int32Array.from(contexts.flatMap(({ contextId }) => [10 * contextId, 10 * contextId + 1])),
    behaviorLogProb: Float64Array.from(contexts.flatMap(({ contextId }) => [-contextId, -contextId - 0.5])),
  });

Deno.test("parts of a batch come together as the batch itself, reasons counted", async () => {
  const score = ({ items }: { items: Int32Array }) =>
    Promise.resolve({
      values: [Float64Array.from(items), Float64Array.from(items, (item) => -item)],
      defined: Uint8Array.from(items, (item) => item % 20 === 0 ? 0 : 1),
      reward: Float64Array.from(items, (item) => item / 2),
      undefinedReasons: new Map([["none", [...items].filter((item) => item % 20 === 0).length]]),
    });
  const { rewardMs: _, ...whole } = await rollOutAndScore(rollOut, score, CONTEXTS, 1);
  for (const parts of [2, 3, 5]) {
    const { rewardMs: _, ...cut } = await rollOutAndScore(rollOut, score, CONTEXTS, parts);
    assertEquals(cut, whole, `${parts} parts`);
  }
});

Deno.test("every part is asked for before the first is judged", async () => {
  const order: string[] = [];
  await rollOutAndScore(
    (contexts) => {
      order.push(`draw ${contexts.length}`);
      return rollOut(contexts);
    },
    ({ items }) => {
      order.push(`judge ${items.length / 2}`);
      const reward = new Float64Array(items.length);
      return Promise.resolve({
        values: [],
        defined: new Uint8Array(items.length),
        reward,
        undefinedReasons: new Map(),
      });
    },
    CONTEXTS,
    2,
  );
  assertEquals(order, ["draw 3", "draw 2", "judge 3", "judge 2"]);
});
