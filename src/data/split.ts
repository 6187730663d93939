import type { ContextSet } from "../core/context.ts";
import type { Dataset, GivenPart, InteractionLog } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import type { ItemIndex } from "../core/ids.ts";
import type { SplitOptions } from "./options.ts";
import { contextAfter, firstOfEach, type LogContext, relevanceOf } from "./past.ts";

/** What is learned from, what choices are made on, and what is reported. */
export interface Split {
  /** The interactions of every user before what is held out; a row of a user may be empty. */
  readonly train: InteractionLog;
  /** Chooses epochs and settings; its history is train. */
  readonly validation: ContextSet;
  /** Only for the numbers that are reported; its history is train and validation. */
  readonly test: ContextSet;
}

/**
 * Splits by time, so that nothing later is learned from.
 *
 * `leave-last-out`: of every user with 3 interactions or more the last is the test target and the one before the
 * validation target; other users stay in train whole. `global-time`: the newest `testShare` of all interactions is
 * test and the `validationShare` before it validation, interactions of one moment never parted; a context is a user
 * with both past and held-out interactions, and all items held out are its targets. Every target has gain 1.
 *
 * The history of a validation context is the user's train part; that of a test context train and validation. A
 * target that the user has met before stays a target, yet `seen` keeps it out of every list: such a context
 * lowers every system alike. `inspectData` counts them.
 *
 * `given`, for a data set whose files are split already: train is its training users, a context each held-out user.
 *
 * @throws {BladeError} When train, validation or test is empty, a split by time has no times, or `given` is asked of
 * files that are not split already, or anything else of files that are.
 *
 * @example
 * ```ts
 * import { splitDataset } from "./split.ts";
 * import { assertEquals } from "@std/assert";
 * const dataset = {
 *   name: "toy", users: ["ann"], files: [], stages: [], userGroups: new Map(),
 *   catalog: { ids: ["a", "b", "c"], titles: ["a", "b", "c"], categories: [[], [], []], categoryNames: [] },
 *   log: {
 *     offsets: Int32Array.of(0, 3), items: Int32Array.of(2, 0, 1),
 *     times: Float64Array.of(1, 2, 3), ratings: new Float32Array(3),
 *   },
 * };
 * const { train, test } = splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 });
 * assertEquals([...train.items], [2]);
 * assertEquals(test.contexts[0]!.history, [2, 0]);
 * assertEquals([...test.relevance.of(0)], [[1, 1]]);
 * ```
 */
export function splitDataset(dataset: Dataset, options: SplitOptions): Split {
  const { log, given } = dataset;
  const { split: kind, maxHistory } = options;
  if (kind === "given" || given !== undefined) return givenSplit(dataset, options);
  const cuts = kind === "leave-last-out" ? leaveLastOut(log) : globalTime(log, options);
  const split = {
    train: firstOfEach(log, cuts.train),
    validation: heldOut(log, cuts.train, cuts.validation, { maxHistory, minHistory: 1 }),
    test: heldOut(log, cuts.validation, cuts.test, { maxHistory, minHistory: 1 }),
  };
  requireAll(split, options);
  return split;
}

/** [users] each: how many of a user's interactions lie before the end of train, of validation, of test. */
interface Cuts {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

function leaveLastOut({ offsets }: InteractionLog): Cuts {
  const test = Int32Array.from(
    { length: offsets.length - 1 },
    (_, user) => offsets[user + 1]! - offsets[user]!,
  );
  const less = (held: number) => test.map((count) => count >= 3 ? count - held : count);
  return { train: less(2), validation: less(1), test };
}

function globalTime(log: InteractionLog, { validationShare = 0.1, testShare = 0.1 }: SplitOptions): Cuts {
  const times = log.times.toSorted();
  if (times[0] === times.at(-1)) {
    throw new BladeError({
      place: "data.split",
      rule: "global-time needs interactions at different times, and all have the same",
      mend: "name the timestamp column, or set data.split to leave-last-out (which then goes by file order)",
    });
  }
  const moment = (share: number) => times[Math.min(times.length - 1, Math.round(times.length * share))]!;
  const before = (time: number) =>
    Int32Array.from({ length: log.offsets.length - 1 }, (_, user) => {
      const row = log.times.subarray(log.offsets[user]!, log.offsets[user + 1]!);
      const first = row.findIndex((each) => each >= time);
      return first === -1 ? row.length : first;
    });
  return {
    train: before(moment(1 - testShare - validationShare)),
    validation: before(moment(1 - testShare)),
    test: before(Infinity),
  };
}

/** The split of the files themselves; a held-out row counts even where its history is empty. */
function givenSplit({ log, given }: Dataset, { split, maxHistory }: SplitOptions): Split {
  if (given === undefined || split !== "given") {
    throw new BladeError({
      place: "data.split",
      rule: given === undefined
        ? "given needs files that are split already"
        : "must be given, for the files are split already",
      value: split,
      mend: given === undefined ? "set data.split to leave-last-out or global-time" : "remove data.split",
    });
  }
  const lengths = Int32Array.from(given.parts, (_, user) => log.offsets[user + 1]! - log.offsets[user]!);
  const heldOutOf = (part: GivenPart) => {
    const past = lengths.map((length, user) =>
      given.parts[user] === part ? length - given.targets[user]! : length
    );
    return heldOut(log, past, lengths, { maxHistory, minHistory: 0 });
  };
  return {
    train: firstOfEach(log, lengths.map((length, user) => given.parts[user] === "train" ? length : 0)),
    validation: heldOutOf("validation"),
    test: heldOutOf("test"),
  };
}

function heldOut(
  log: InteractionLog,
  from: Int32Array,
  to: Int32Array,
  { maxHistory, minHistory }: { readonly maxHistory: number; readonly minHistory: number },
): ContextSet {
  const contexts: LogContext[] = [];
  const gains: Map<ItemIndex, number>[] = [];
  for (let user = 0; user < from.length; user++) {
    const past = from[user]!;
    if (past < minHistory || past === to[user]) continue;
    contexts.push(contextAfter(log, user, past, { contextId: contexts.length, maxHistory }));
    const start = log.offsets[user]!;
    gains.push(new Map(Array.from(log.items.subarray(start + past, start + to[user]!), (item) => [item, 1])));
  }
  return { contexts, relevance: relevanceOf(gains) };
}

function requireAll({ train, validation, test }: Split, options: SplitOptions): void {
  const sizes = {
    train: train.items.length,
    validation: validation.contexts.length,
    test: test.contexts.length,
  };
  for (const [part, size] of Object.entries(sizes)) {
    if (size > 0) continue;
    throw new BladeError({
      place: `data.split: ${options.split}`,
      rule: `must give something to ${part}`,
      value: `train ${sizes.train} interactions, validation ${sizes.validation} contexts, test ${sizes.test}`,
      mend: options.split === "leave-last-out"
        ? "bring users with at least 3 interactions, or lower data.minRating or data.kCore"
        : "change data.validationShare and data.testShare, or set data.split to leave-last-out",
    });
  }
}
