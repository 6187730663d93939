import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { alignmentContexts } from "../../src/data/alignment_contexts.ts";
import { splitDataset } from "../../src/data/split.ts";
import { datasetOf, logOf, rowsOf } from "./_log.ts";

const lastOut = { split: "leave-last-out", maxHistory: 2 } as const;

Deno.test("splitDataset() leaves the last out for test, the one before for validation, and short users whole", () => {
  const dataset = datasetOf(logOf([[0, 1, 2, 3], [4, 5], [5, 4, 3]]), { items: 6 });
  const { train, validation, test } = splitDataset(dataset, lastOut);
  assertEquals(rowsOf(train), [[0, 1], [4, 5], [5]]);
  assertEquals(validation.contexts.map(({ user, history }) => [user, history]), [[0, [0, 1]], [2, [5]]]);
  assertEquals(validation.contexts.map(({ contextId }) => [...validation.relevance.of(contextId)]), [
    [[2, 1]],
    [[4, 1]],
  ]);
  assertEquals(test.contexts.map(({ user, history }) => [user, history]), [[0, [1, 2]], [2, [5, 4]]]);
  assertEquals(test.contexts.map(({ contextId }) => [...test.relevance.of(contextId)]), [[[3, 1]], [[3, 1]]]);
  assertEquals(test.contexts.map(({ requestTime }) => requestTime), [4, 3]);
});

Deno.test("splitDataset() cuts history to its newest items and keeps all of them in seen", () => {
  const { contexts } = splitDataset(datasetOf(logOf([[0, 1, 2, 3, 4]]), { items: 5 }), lastOut).test;
  assertEquals(contexts[0]!.history, [2, 3]);
  assertEquals(contexts[0]!.seen, new Set([0, 1, 2, 3]));
});

Deno.test("splitDataset() keeps a target that the user has met before", () => {
  const { test } = splitDataset(datasetOf(logOf([[0, 1, 0]]), { items: 2 }), lastOut);
  assertEquals([...test.relevance.of(0)], [[0, 1]]);
  assertEquals(test.contexts[0]!.seen.has(0), true);
});

Deno.test("splitDataset() leaves the request time out where the file has no times", () => {
  const { test } = splitDataset(datasetOf(logOf([[0, 1, 2]], [[0, 0, 0]]), { items: 3 }), lastOut);
  assertEquals("requestTime" in test.contexts[0]!, false);
});

Deno.test("splitDataset() by global time holds out the newest shares, and a user needs a past to give a context", () => {
  // Ten interactions at times 1 … 10; with shares 0.2 validation is 7, 8 and test 9, 10.
  const log = logOf([[0, 1, 2, 3], [1, 2, 0], [3, 4, 3]], [[1, 2, 7, 9], [3, 4, 8], [5, 6, 10]]);
  const { train, validation, test } = splitDataset(datasetOf(log, { items: 5 }), {
    split: "global-time",
    maxHistory: 50,
    validationShare: 0.2,
    testShare: 0.2,
  });
  assertEquals(rowsOf(train), [[0, 1], [1, 2], [3, 4]]);
  assertEquals(validation.contexts.map(({ user, history }) => [user, history]), [[0, [0, 1]], [1, [1, 2]]]);
  assertEquals([...validation.relevance.of(1)], [[0, 1]]);
  assertEquals(test.contexts.map(({ user, history }) => [user, history]), [[0, [0, 1, 2]], [2, [3, 4]]]);
  assertEquals([...test.relevance.of(0)], [[3, 1]]);
});

Deno.test("splitDataset() by global time takes all items of a window as targets, and never parts one moment", () => {
  const log = logOf([[0, 1, 2, 3, 4]], [[1, 2, 3, 4, 4]]);
  const { train, validation, test } = splitDataset(datasetOf(log, { items: 5 }), {
    split: "global-time",
    maxHistory: 50,
    validationShare: 0.4,
    testShare: 0.2,
  });
  assertEquals(rowsOf(train), [[0, 1]]);
  assertEquals([...validation.relevance.of(0)], [[2, 1]]);
  assertEquals([...test.relevance.of(0)], [[3, 1], [4, 1]]);
});

Deno.test("splitDataset() refuses an empty part, and a split by time without times", () => {
  const short = assertThrows(
    () => splitDataset(datasetOf(logOf([[0, 1], [1]]), { items: 2 }), lastOut),
    BladeError,
  );
  assertEquals(short.refusal.rule, "must give something to validation");
  const timeless = datasetOf(logOf([[0, 1, 2]], [[0, 0, 0]]), { items: 3 });
  const error = assertThrows(
    () => splitDataset(timeless, { split: "global-time", maxHistory: 50 }),
    BladeError,
  );
  assertEquals(error.refusal.mend.startsWith("name the timestamp column"), true);
});

Deno.test("splitDataset() loses and repeats no interaction", () => {
  const walks = fc.array(fc.array(fc.nat(9), { maxLength: 8 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(walks, (rows) => {
    fc.pre(rows.some((row) => row.length >= 3));
    const { train, validation, test } = splitDataset(datasetOf(logOf(rows), { items: 10 }), {
      ...lastOut,
      maxHistory: 9,
    });
    const rebuilt = rowsOf(train);
    for (const set of [validation, test]) {
      for (const { user, contextId, history } of set.contexts) {
        assertEquals(history, rebuilt[user]);
        rebuilt[user]!.push(...set.relevance.of(contextId).keys());
      }
    }
    assertEquals(rebuilt, rows);
  }));
});

Deno.test("alignmentContexts() keeps unseen targets from sft and leaves users with too few whole", () => {
  const train = logOf([[0, 1, 2, 3], [4, 5], [6]]);
  const options = { contexts: "unseen", horizon: 2, maxHistory: 1 } as const;
  const { sft, align } = alignmentContexts(train, options);
  assertEquals(rowsOf(sft), [[0, 1], [4, 5], [6]]);
  assertEquals(align.contexts.map(({ user, history }) => [user, history]), [[0, [1]]]);
  assertEquals([...align.contexts[0]!.seen], [0, 1]);
  assertEquals([...align.relevance.of(0)], [[2, 1], [3, 1]]);
});

Deno.test("alignmentContexts() gives the same contexts when seen, and all of train to sft", () => {
  const train = logOf([[0, 1, 2], [3, 4]]);
  const unseen = alignmentContexts(train, { contexts: "unseen", horizon: 1, maxHistory: 50 });
  const seen = alignmentContexts(train, { contexts: "seen", horizon: 1, maxHistory: 50 });
  assertEquals(rowsOf(seen.sft), [[0, 1, 2], [3, 4]]);
  assertEquals(rowsOf(unseen.sft), [[0, 1], [3]]);
  assertEquals(seen.align.contexts, unseen.align.contexts);
});

Deno.test("alignmentContexts() asks for minHistory interactions before the targets", () => {
  const { align } = alignmentContexts(logOf([[0, 1, 2, 3], [0, 1, 2]]), {
    contexts: "seen",
    horizon: 1,
    maxHistory: 50,
    minHistory: 3,
  });
  assertEquals(align.contexts.map(({ user }) => user), [0]);
});

Deno.test("alignmentContexts() takes ratings as gains: the higher of a repeat, none for 0", () => {
  const train = logOf([[9, 0, 1, 0], [9, 1, 1, 1]]);
  train.ratings.set([5, 2, 0, 4, 5, 0, 0, 0]);
  const { sft, align } = alignmentContexts(train, {
    contexts: "unseen",
    horizon: 3,
    maxHistory: 50,
    gain: "rating",
  });
  assertEquals(align.contexts.length, 1);
  assertEquals([...align.relevance.of(0)], [[0, 4]]);
  assertEquals(rowsOf(sft), [[9], [9, 1, 1, 1]]);
});

Deno.test("alignmentContexts() refuses gains by rating without ratings, and a horizon that leaves no user", () => {
  const options = { contexts: "unseen", horizon: 1, maxHistory: 50 } as const;
  const unrated = assertThrows(
    () => alignmentContexts(logOf([[0, 1]]), { ...options, gain: "rating" }),
    BladeError,
  );
  assertEquals(unrated.refusal.place, "align.gain");
  const far = assertThrows(() => alignmentContexts(logOf([[0, 1]]), { ...options, horizon: 2 }), BladeError);
  assertEquals(far.refusal.place, "align.horizon");
});
