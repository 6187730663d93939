import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import type { InteractionLog } from "../../src/core/dataset.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { epochBatches, heldOutExamples, nextItemExamples } from "../../src/train/next_item_examples.ts";
import { contextOf } from "../model/tiny_model.ts";

/** A log of users with so many interactions each; every interaction has an item of its own. */
function logOf(lengths: readonly number[]): InteractionLog {
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  const total = offsets.at(-1)!;
  return {
    offsets: Int32Array.from(offsets),
    items: Int32Array.from({ length: total }, (_, i) => i),
    times: new Float64Array(total),
    ratings: new Float32Array(total),
  };
}

Deno.test("nextItemExamples() lets a short history be one example, from the first item on", () => {
  assertEquals(nextItemExamples(logOf([3, 0, 1]), 5), [
    {
      history: [0, 1],
      targets: [
        { after: 0, item: 0, weight: 1 },
        { after: 1, item: 1, weight: 1 },
        { after: 2, item: 2, weight: 1 },
      ],
      user: 0,
    },
    { history: [], targets: [{ after: 0, item: 3, weight: 1 }], user: 2 },
  ]);
});

Deno.test("nextItemExamples() cuts a long history into windows that overlap by half", () => {
  const examples = nextItemExamples(logOf([9]), 4);
  assertEquals(examples.map(({ history }) => history), [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]);
  assertEquals(examples.map(({ targets }) => targets.map(({ item }) => item)), [[0, 1, 2, 3, 4], [5, 6], [
    7,
    8,
  ]]);
});

Deno.test("nextItemExamples() has every interaction as target once, after exactly what came before", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 1, max: 9 }),
    (lengths, maxHistory) => {
      const log = logOf(lengths);
      const targets: number[] = [];
      for (const { history, targets: own } of nextItemExamples(log, maxHistory)) {
        assert(history.length <= maxHistory, `reads ${history.length} items`);
        for (const { after, item, weight } of own) {
          targets.push(item);
          assertEquals(weight, 1);
          // Items are numbered in order, so the past of a target is what counts down from it within its user.
          const user = log.offsets.findLastIndex((offset) => offset <= item);
          const past = history.slice(0, after);
          assertEquals(past, Array.from({ length: after }, (_, i) => item - after + i));
          assert(item - after >= log.offsets[user]!, "reads another user's past");
          // Nothing that the window could hold is left out, but at the half-window's edge.
          assert(
            after >= Math.min(item - log.offsets[user]!, Math.ceil(maxHistory / 2)),
            `only ${after} of the past`,
          );
        }
      }
      assertEquals(targets.sort((one, other) => one - other), [...log.items]);
    },
  ));
});

Deno.test("heldOutExamples() predicts what is relevant from the whole history, by its gain", () => {
  const relevance = new Map([[0, new Map([[3, 1], [5, 0.5]])], [2, new Map([[1, 2]])]]);
  const contexts = [contextOf(0, [1, 2]), contextOf(1, [4]), contextOf(2, [])];
  assertEquals(heldOutExamples({ contexts, relevance: { of: (id) => relevance.get(id) ?? new Map() } }), [
    {
      history: [1, 2],
      targets: [{ after: 2, item: 3, weight: 1 }, { after: 2, item: 5, weight: 0.5 }],
      user: 0,
    },
    { history: [], targets: [{ after: 0, item: 1, weight: 2 }], user: 2 },
  ]);
});

Deno.test("epochBatches() holds every example once, by the key alone, like lengths together", () => {
  const examples = nextItemExamples(logOf(Array.from({ length: 50 }, (_, user) => 1 + user % 12)), 20);
  const batches = epochBatches(examples, 8, randomKey(1));
  assertEquals(batches.map(({ length }) => length).sort((one, other) => one - other), [2, 8, 8, 8, 8, 8, 8]);
  assertEquals(new Set(batches.flat()), new Set(examples));
  assertEquals(batches.flat().length, examples.length);
  assertEquals(epochBatches(examples, 8, randomKey(1)), batches);
  assertNotEquals(epochBatches(examples, 8, randomKey(2)), batches);
  for (const batch of batches) {
    const lengths = batch.map(({ history }) => history.length);
    assert(Math.max(...lengths) - Math.min(...lengths) <= 3, `lengths ${lengths}`);
  }
});
