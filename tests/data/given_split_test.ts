import { assertEquals, assertThrows } from "@std/assert";
import type { Dataset } from "../../src/core/dataset.ts";
import { BladeError } from "../../src/core/errors.ts";
import { alignmentContexts } from "../../src/data/alignment_contexts.ts";
import { buildGiven } from "../../src/data/build_given.ts";
import { inspectData } from "../../src/data/inspect.ts";
import type { GivenRow } from "../../src/data/join_rows.ts";
import { popularityOf } from "../../src/data/popularity.ts";
import { signalsOf } from "../../src/data/signals.ts";
import { splitDataset } from "../../src/data/split.ts";
import { itemKnn } from "../../src/evaluate/item_knn.ts";
import { datasetOf, logOf, rowsOf } from "./_log.ts";

const given = { split: "given", maxHistory: 50 } as const;

const row = (user: string | undefined, items: readonly number[], targets = 1): GivenRow => ({
  user,
  items,
  targets,
});

/** Items a … f; ann and bob in train, two rows of ann and one of eve held out. */
function toy(): Dataset {
  return buildGiven({
    name: "toy",
    items: Array.from("abcdef", (id) => ({ id, title: "", alsoWritten: [], categories: [] })),
    train: [row("ann", [0, 1]), row("bob", [3, 1]), row("ann", [0, 1, 2])],
    valid: [row("ann", [0, 1, 2, 3])],
    test: [row("ann", [1, 1, 2, 3, 4]), row("eve", [0, 5, 2], 2)],
    files: [],
    warnings: ["mind the gap"],
  });
}

Deno.test("splitDataset() keeps a given split: train's walks, and each held-out row with its own history", () => {
  const dataset = toy();
  const { train, validation, test } = splitDataset(dataset, given);
  assertEquals(rowsOf(train), [[0, 1, 2], [3, 1], [], [], []]);
  assertEquals(validation.contexts.map(({ history }) => history), [[0, 1, 2]]);
  assertEquals(test.contexts.map(({ history }) => history), [[1, 1, 2, 3], [0]]);
  assertEquals(test.contexts.map(({ seen }) => [...seen]), [[1, 2, 3], [0]]);
  assertEquals(
    test.contexts.map(({ user }) => dataset.users[user]),
    ["ann@test:1", "eve@test:2"],
  );
  assertEquals([...validation.relevance.of(0)], [[3, 1]]);
  assertEquals([...test.relevance.of(0)], [[4, 1]]);
  assertEquals([...test.relevance.of(1)], [[5, 1], [2, 1]]);
  assertEquals("requestTime" in test.contexts[0]!, false);
});

Deno.test("splitDataset() cuts a given history to maxHistory, and keeps a row whose history is empty", () => {
  const dataset = buildGiven({
    name: "toy",
    items: Array.from("abc", (id) => ({ id, title: id, alsoWritten: [], categories: [] })),
    train: [row(undefined, [0, 1])],
    valid: [row(undefined, [0])],
    test: [{ ...row(undefined, [0, 1, 2]), times: [7, 8, 9] }],
    files: [],
    warnings: [],
  });
  assertEquals(dataset.users, ["train:1", "valid:1", "test:1"]);
  const { validation, test } = splitDataset(dataset, { ...given, maxHistory: 1 });
  assertEquals(validation.contexts.map(({ history }) => history), [[]]);
  assertEquals([...validation.relevance.of(0)], [[0, 1]]);
  assertEquals(test.contexts[0]!.history, [1]);
  assertEquals(test.contexts[0]!.requestTime, 9);
});

Deno.test("splitDataset() refuses to cut files that are split already, and to keep a split that there is not", () => {
  const cut = assertThrows(() => splitDataset(toy(), { ...given, split: "leave-last-out" }), BladeError);
  assertEquals(cut.refusal.rule, "must be given, for the files are split already");
  const log = datasetOf(logOf([[0, 1, 2]]), { items: 3 });
  const kept = assertThrows(() => splitDataset(log, given), BladeError);
  assertEquals(kept.refusal.rule, "given needs files that are split already");
});

Deno.test("signalsOf() gives judges of a given split the row's history and targets, and train's popularity", () => {
  const dataset = toy();
  const { train, test } = splitDataset(dataset, { ...given, maxHistory: 2 });
  const signals = signalsOf(dataset, popularityOf(train, 6), test);
  assertEquals(test.contexts[0]!.history, [2, 3]);
  assertEquals(signals.history.of(0), [1, 1, 2, 3]);
  assertEquals([...signals.relevance.of(1)], [[5, 1], [2, 1]]);
  // ann's items once each, though two rows have the first; nothing of the held-out rows.
  assertEquals([...signals.popularity.counts], [1, 2, 1, 1, 0, 0]);
  assertEquals([...signals.popularity.users], [1, 2, 1, 1, 0, 0]);
  assertEquals(signals.popularity.totalUsers, 2);
  assertEquals([signals.catalogSize, signals.categories.names], [6, []]);
});

Deno.test("alignmentContexts() takes the last items of a given split's walks", () => {
  const { train } = splitDataset(toy(), given);
  const { sft, align } = alignmentContexts(train, { contexts: "unseen", horizon: 1, maxHistory: 50 });
  assertEquals(rowsOf(sft), [[0, 1], [3], [], [], []]);
  assertEquals(align.contexts.map(({ history }) => history), [[0, 1], [3]]);
});

Deno.test("itemKnn() compares with what a context has seen where its user is not in train", () => {
  const { train, test } = splitDataset(toy(), given);
  // 1 and 3 stand together in train, and 1 with 0 and 2. Of those that eve, who saw 0, has not met, 2 is most like it
  // (cosine 1), then 1 (1/√2); the rest goes by popularity.
  assertEquals([...itemKnn(train, 6).rank(test.contexts.slice(1), 3)], [2, 1, 3]);
});

Deno.test("inspectData() of a given split counts rows as they are and repeats the reader's warnings", () => {
  const dataset = toy();
  const inspection = inspectData(dataset, splitDataset(dataset, given));
  assertEquals(inspection.stages, [{ stage: "read", users: 5, items: 6, interactions: 17 }]);
  assertEquals(inspection.train.interactions, 5);
  assertEquals([inspection.validation.contexts, inspection.test.contexts, inspection.test.targets], [
    1,
    2,
    3,
  ]);
  assertEquals(inspection.test.pastLength.max, 4);
  assertEquals(inspection.test.targetsNotInTrain, 2);
  assertEquals(inspection.warnings, ["mind the gap"]);
});
