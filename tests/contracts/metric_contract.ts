import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import type { SignalName, Signals } from "../../src/core/signals.ts";
import type { ListMetric, MetricBatch, PopulationMetric, Slate } from "../../src/reward/metric.ts";
import { rowOf } from "../../src/reward/cut.ts";
import { isNotDefined } from "../../src/reward/not_defined.ts";
import type { LoadedMetric } from "../../src/reward/registry.ts";
import { scoreList } from "../../src/reward/score_list.ts";
import { CONTEXT, smallWorld, someSlates } from "./world.ts";

/** What the suite cannot know of a metric. All in the small world. */
export interface Expectations {
  /** For the context with many relevant items: the first is better than the second in the metric's direction. */
  readonly better: readonly [better: Slate, worse: Slate];
  /** A slate (in the context without a relevant item) that has no value; left out where every slate has one. */
  readonly undefinedFor?: Slate;
  /** Loads the metric with another cutoff. */
  readonly at: (cutoff: number) => Promise<LoadedMetric>;
}

const TOLERANCE = 1e-12;

/** Everything that every metric plugin has to hold, whatever it measures. Throws at the first breach. */
export async function checkMetricContract(loaded: LoadedMetric, expectations: Expectations): Promise<void> {
  if (loaded.metric.kind === "list") await checkList(loaded, expectations);
  else await checkPopulation(loaded, expectations);
}

async function checkList(loaded: LoadedMetric, { better, undefinedFor, at }: Expectations): Promise<void> {
  const metric = loaded.metric as ListMetric;
  const { contexts, signals } = smallWorld();
  const declared = only(signals, metric.needs);
  const batch = someSlates(contexts, 60, 6);
  const score = (part: MetricBatch, of = metric) => scoreList(loaded.spec, of, part, declared);
  const { values, reasons } = score(batch);

  const defined = values.filter((value) => !Number.isNaN(value));
  assertGreater(defined.length, 10, "range: too few slates have a value to check anything");
  for (const value of defined) assertWithin(value, metric.range);
  assertGreater(new Set(defined).size, 1, "every slate has the same value");

  values.forEach((value, row) =>
    assertEquals(
      Number.isNaN(value),
      reasons.has(row),
      `undefined: row ${row} needs a reason exactly when it has no value`,
    )
  );

  const untouched = someSlates(contexts, 60, 6);
  assertEquals(batch.items, untouched.items, "purity: the slates were written to");
  assertEquals(batch.contextRow, untouched.contextRow, "purity: the context rows were written to");
  assertEquals(signals.popularity, smallWorld().signals.popularity, "purity: the signals were written to");
  assertEquals(score(batch).values, values, "purity: a second call differs");

  for (let row = 0; row < values.length; row++) {
    const alone = only1(batch, row);
    assertEquals(score(alone).values[0], values[row], `row ${row} of a batch differs from the row alone`);
    if (metric.score !== undefined && metric.scoreBatch !== undefined) {
      const { scoreBatch: _, ...easy } = metric;
      assertAlmostEqual(score(alone, easy).values[0]!, values[row]!, "score and scoreBatch differ");
    }
  }

  assertEquals(
    score(widen(batch, 9)).values,
    values,
    "short slate: empty places at the end change the value",
  );

  const atTwo = (await at(2)).metric as ListMetric;
  assertEquals(
    score(batch, atTwo).values,
    score(narrow(batch, 2), atTwo).values,
    "cutoff: ranks beyond it count",
  );

  const tied = tie(batch);
  const swapped = score(swapFirstTwo(tied)).values;
  score(tied).values.forEach((value, row) =>
    assertAlmostEqual(value, swapped[row]!, "ties: the order within a rank counts")
  );

  const [good, bad] = better.map((slate) =>
    score(slatesIn(contexts, CONTEXT.manyRelevant, slate)).values[0]!
  );
  if (metric.direction === "maximize") assertGreater(good!, bad!, "direction");
  else assertGreater(bad!, good!, "direction");

  if (undefinedFor !== undefined) {
    const none = score(slatesIn(contexts, CONTEXT.nothingRelevant, undefinedFor));
    assertEquals(none.values, Float64Array.of(NaN), "undefined");
  }
}

/** A slate and the context that it was shown in. */
type Shown = readonly [slate: Slate, contextId: number];

async function checkPopulation(
  loaded: LoadedMetric,
  { better, undefinedFor, at }: Expectations,
): Promise<void> {
  const metric = loaded.metric as PopulationMetric;
  const { contexts, signals } = smallWorld();
  const declared = only(signals, metric.needs);
  const batch = someSlates(contexts, 20, 6);
  const rows = Array.from(
    { length: 20 },
    (_, row): Shown => [rowOf(batch, row).slate, batch.contextRow[row]!],
  );
  const valueOf = (shown: readonly Shown[], of = metric, weight = 1) => {
    const state = of.create(declared);
    for (const [slate, contextId] of shown) of.add(state, slate, weight, undefined, contextId);
    return number(of.value(state));
  };
  const value = valueOf(rows);
  assertWithin(value, metric.range);
  for (const shown of rows) {
    const state = metric.create(declared);
    metric.add(state, shown[0], 1, undefined, shown[1]);
    const alone = metric.value(state);
    if (!isNotDefined(alone)) assertWithin(alone, metric.range);
  }
  assertEquals(valueOf(rows), value, "purity: a second state differs");
  assertEquals(signals.popularity, smallWorld().signals.popularity, "purity: the signals were written to");
  assertAlmostEquals(valueOf(rows.toReversed()), value, TOLERANCE, "the order of the slates counts");
  assertAlmostEquals(
    valueOf(rows, metric, 2),
    valueOf([...rows, ...rows]),
    TOLERANCE,
    "weight: twice differs from weight 2",
  );

  const state = metric.create(declared);
  for (const [slate, contextId] of rows) metric.add(state, slate, 1, undefined, contextId);
  for (const [slate, contextId] of rows) {
    metric.add(state, slate, 0.3, undefined, contextId);
    metric.value(state);
    metric.remove(state, slate, 0.3, undefined, contextId);
    assertAlmostEquals(number(metric.value(state)), value, TOLERANCE, "remove does not undo add");
  }
  const empty = metric.create(declared);
  const before = metric.value(empty);
  assert(
    isNotDefined(before) || Number.isFinite(before),
    "the value before any slate must be finite or undefined",
  );
  for (const [slate, contextId] of rows) metric.add(empty, slate, 0.3, undefined, contextId);
  for (const [slate, contextId] of rows) metric.remove(empty, slate, 0.3, undefined, contextId);
  const after = metric.value(empty);
  assertEquals(isNotDefined(after), isNotDefined(before), "remove does not undo the first add");
  if (!isNotDefined(after)) assertAlmostEquals(after, number(before), TOLERANCE, "remove does not undo add");

  const short = rows.map(([slate, contextId]): Shown => [[...slate, -1, -1], contextId]);
  assertEquals(valueOf(short), value, "short slate: empty places at the end change the value");
  const atTwo = (await at(2)).metric as PopulationMetric;
  const cut = rows.map(([slate, contextId]): Shown => [slate.slice(0, 2), contextId]);
  assertEquals(valueOf(rows, atTwo), valueOf(cut, atTwo), "cutoff");

  const tiedValue = (slate: Slate) => {
    const fresh = metric.create(declared);
    for (const [other, contextId] of rows) metric.add(fresh, other, 1, undefined, contextId);
    metric.add(fresh, slate, 1, [1, 1, 2], CONTEXT.manyRelevant);
    return number(metric.value(fresh));
  };
  assertAlmostEquals(
    tiedValue([0, 3, 5]),
    tiedValue([3, 0, 5]),
    TOLERANCE,
    "ties: the order within a rank counts",
  );

  // Beside a slate that stays the same, so that a comparison of contexts has another to compare with.
  const beside: Shown = [[0, 5, 7], CONTEXT.manyRelevant - 1];
  const [good, bad] = better.map((slate) => valueOf([[slate, CONTEXT.manyRelevant], beside]));
  if (metric.direction === "maximize") assertGreater(good!, bad!, "direction");
  else assertGreater(bad!, good!, "direction");
  if (undefinedFor !== undefined) {
    const fresh = metric.create(declared);
    metric.add(fresh, undefinedFor, 1, undefined, CONTEXT.nothingRelevant);
    assert(isNotDefined(metric.value(fresh)), "undefined");
  }
}

/** The signals that a metric declares; reading another fails the check. */
function only(signals: Signals, needs: readonly SignalName[]): Signals {
  return new Proxy(signals, {
    get(target, name) {
      if (!needs.includes(name as SignalName)) {
        throw new Error(`reads ${String(name)}, which it does not declare`);
      }
      return target[name as SignalName];
    },
  });
}

function slatesIn(contexts: MetricBatch["contexts"], row: number, slate: Slate): MetricBatch {
  return { items: Int32Array.from(slate), contextRow: Int32Array.of(row), contexts, cutoff: slate.length };
}

function only1(batch: MetricBatch, row: number): MetricBatch {
  return {
    ...batch,
    items: batch.items.slice(row * batch.cutoff, (row + 1) * batch.cutoff),
    contextRow: batch.contextRow.slice(row, row + 1),
  };
}

function mapRows(
  batch: MetricBatch,
  width: number,
  change: (slate: readonly number[]) => number[],
): MetricBatch {
  const rows = Array.from(
    batch.contextRow,
    (_, row) => change([...batch.items.subarray(row * batch.cutoff, (row + 1) * batch.cutoff)]),
  );
  return { ...batch, items: Int32Array.from(rows.flat()), cutoff: width };
}

const widen = (batch: MetricBatch, width: number) =>
  mapRows(batch, width, (slate) => [...slate, ...new Array<number>(width - slate.length).fill(-1)]);
const narrow = (batch: MetricBatch, width: number) => mapRows(batch, width, (slate) => slate.slice(0, width));
const swapFirstTwo = (batch: MetricBatch) =>
  mapRows(batch, batch.cutoff, ([first, second, ...rest]) => [second!, first!, ...rest]);

/** The first two items of every slate share rank 1. */
function tie(batch: MetricBatch): MetricBatch {
  return { ...batch, ranks: batch.items.map((_, at) => Math.max(1, at % batch.cutoff)) };
}

function assertWithin(value: number, [least, greatest]: readonly [number, number]): void {
  assertGreaterOrEqual(value, least - TOLERANCE, "range");
  assertLessOrEqual(value, greatest + TOLERANCE, "range");
}

function assertAlmostEqual(actual: number, expected: number, message: string): void {
  if (Number.isNaN(expected)) assertEquals(actual, NaN, message);
  else assertAlmostEquals(actual, expected, TOLERANCE, message);
}

function number(value: ReturnType<PopulationMetric["value"]>): number {
  if (isNotDefined(value)) throw new Error(`has no value: ${value.notDefined}`);
  return value;
}
