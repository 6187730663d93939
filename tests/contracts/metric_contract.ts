import { assert, assertEquals, assertGreater } from "@std/assert";
import { checkListMetric } from "../../src/check/list_checks.ts";
import { checkPopulationMetric } from "../../src/check/population_checks.ts";
import { mapRows } from "../../src/check/rearranged.ts";
import type { CheckLine } from "../../src/check/check_line.ts";
import type { World } from "../../src/check/world.ts";
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

/**
 * Everything that every metric plugin has to hold, whatever it measures. Throws at the first breach: what `plugin
 * check` asks of any plugin, and what can be asked only of one of which the answers are known.
 */
export async function checkMetricContract(loaded: LoadedMetric, expectations: Expectations): Promise<void> {
  const { contexts, signals } = smallWorld();
  const world: World = { name: "small", contexts, signals, cutoff: 6, groupSize: 4, batch: 4, discount: 0.9 };
  if (loaded.metric.kind === "list") {
    const batch = someSlates(contexts, 60, 6);
    assertFlawless(await checkListMetric(loaded, world, batch));
    await checkList(loaded, batch, expectations);
  } else {
    const batch = someSlates(contexts, 20, 6);
    assertFlawless(await checkPopulationMetric(loaded.spec, loaded.metric, world, batch));
    await checkPopulation(loaded.metric, batch, expectations);
  }
}

/** A warning is as much as a failure here: a plugin that others copy has none. */
function assertFlawless(lines: readonly CheckLine[]): void {
  for (const { check, outcome, says } of lines) assertEquals(outcome, "ok", `${check}: ${says}`);
}

async function checkList(
  loaded: LoadedMetric,
  batch: MetricBatch,
  { better, undefinedFor, at }: Expectations,
): Promise<void> {
  const { contexts, signals } = smallWorld();
  const score = (part: MetricBatch, metric = loaded.metric) =>
    scoreList(loaded.spec, metric as ListMetric, part, signals);
  const { values, reasons } = score(batch);

  const defined = values.filter((value) => !Number.isNaN(value));
  assertGreater(defined.length, 10, "range: too few slates have a value to check anything");
  assertGreater(new Set(defined).size, 1, "every slate has the same value");
  values.forEach((value, row) =>
    assertEquals(
      Number.isNaN(value),
      reasons.has(row),
      `undefined: row ${row} needs a reason exactly when it has no value`,
    )
  );
  assertEquals(batch, someSlates(contexts, 60, 6), "purity: the slates were written to");

  assertEquals(
    score(widen(batch, 9)).values,
    values,
    "short slate: empty places at the end change the value",
  );
  const atTwo = (await at(2)).metric;
  assertEquals(
    score(batch, atTwo).values,
    score(narrow(batch, 2), atTwo).values,
    "cutoff: ranks beyond it count",
  );

  const [good, bad] = better.map((slate) =>
    score(slatesIn(contexts, CONTEXT.manyRelevant, slate)).values[0]!
  );
  if (loaded.metric.direction === "maximize") assertGreater(good!, bad!, "direction");
  else assertGreater(bad!, good!, "direction");

  if (undefinedFor !== undefined) {
    const none = score(slatesIn(contexts, CONTEXT.nothingRelevant, undefinedFor));
    assertEquals(none.values, Float64Array.of(NaN), "undefined");
  }
}

/** A slate and the context that it was for. */
type Shown = readonly [slate: Slate, contextId: number];

async function checkPopulation(
  metric: PopulationMetric,
  batch: MetricBatch,
  { better, undefinedFor, at }: Expectations,
): Promise<void> {
  const { signals } = smallWorld();
  const rows = Array.from(batch.contextRow, (context, row): Shown => [rowOf(batch, row).slate, context]);
  const valueOf = (shown: readonly Shown[], of = metric) => {
    const state = of.create(signals);
    for (const [slate, contextId] of shown) of.add(state, slate, 1, undefined, contextId);
    return number(of.value(state));
  };
  const short = rows.map(([slate, contextId]): Shown => [[...slate, -1, -1], contextId]);
  assertEquals(valueOf(short), valueOf(rows), "short slate: empty places at the end change the value");
  const atTwo = (await at(2)).metric as PopulationMetric;
  const cut = rows.map(([slate, contextId]): Shown => [slate.slice(0, 2), contextId]);
  assertEquals(valueOf(rows, atTwo), valueOf(cut, atTwo), "cutoff");

  // Beside a slate that stays the same, so that a comparison of contexts has another to compare with.
  const beside: Shown = [[0, 5, 7], CONTEXT.manyRelevant - 1];
  const [good, bad] = better.map((slate) => valueOf([[slate, CONTEXT.manyRelevant], beside]));
  if (metric.direction === "maximize") assertGreater(good!, bad!, "direction");
  else assertGreater(bad!, good!, "direction");
  if (undefinedFor !== undefined) {
    const fresh = metric.create(signals);
    metric.add(fresh, undefinedFor, 1, undefined, CONTEXT.nothingRelevant);
    assert(isNotDefined(metric.value(fresh)), "undefined");
  }
}

function slatesIn(contexts: MetricBatch["contexts"], row: number, slate: Slate): MetricBatch {
  return { items: Int32Array.from(slate), contextRow: Int32Array.of(row), contexts, cutoff: slate.length };
}

const widen = (batch: MetricBatch, width: number): MetricBatch => ({
  ...mapRows(batch, (slate) => [...slate, ...new Array<number>(width - slate.length).fill(-1)]),
  cutoff: width,
});
const narrow = (batch: MetricBatch, width: number): MetricBatch => ({
  ...mapRows(batch, (slate) => slate.slice(0, width)),
  cutoff: width,
});

function number(value: ReturnType<PopulationMetric["value"]>): number {
  if (isNotDefined(value)) throw new Error(`has no value: ${value.notDefined}`);
  return value;
}
