import { rowOf } from "../reward/cut.ts";
import type { ListMetric, MetricBatch } from "../reward/metric.ts";
import { scoreList } from "../reward/score_list.ts";
import { attempt, type CheckLine, ok, percent, shown } from "./check_line.ts";
import { mapRows, reversedRows, rowsOf, shuffledItems, swapFirstTwo, tieFirstTwo } from "./rearranged.ts";
import { frozenSlate, inputsOf } from "./watched_inputs.ts";
import type { World } from "./world.ts";

/** Values that differ by less are the same but for the order of a sum. */
export const TOLERANCE = 1e-9;

/** What a metric of one slate must hold, asked of slates of every shape. The first lines decide whether the others can be asked. */
export function checkListMetric(
  spec: string,
  metric: ListMetric,
  world: World,
  batch: MetricBatch,
): CheckLine[] {
  const score = (part: MetricBatch, of = metric) => scoreList(spec, of, part, world.signals).values;
  const before = inputsOf(world, metric.needs);
  const answers = attempt("answers", () => {
    const undefinedRows = score(batch).filter(Number.isNaN).length;
    const rows = batch.contextRow.length;
    return ok("answers", `a number or a reason for ${rows} slates, ${undefinedRows} without a value`);
  });
  if (answers.outcome === "FAIL") return [answers];
  const values = score(batch);
  const lines = [
    answers,
    checkRange(metric, batch, values),
    attempt("purity", () => checkPurity(metric, world, batch, values, before, score)),
  ];
  if (lines.some(({ outcome }) => outcome === "FAIL")) return lines;
  return [
    ...lines,
    attempt("rows", () => checkRows(batch, values, score)),
    ...(metric.score !== undefined && metric.scoreBatch !== undefined
      ? [attempt("forms", () => checkForms(metric, batch, values, score))]
      : []),
    attempt("order", () => tellOrder(batch, values, score)),
    attempt("ties", () => tellTies(batch, score)),
  ];
}

type Score = (part: MetricBatch, of?: ListMetric) => Float64Array;

function checkRange(
  { range: [least, greatest] }: ListMetric,
  batch: MetricBatch,
  values: Float64Array,
): CheckLine {
  if (!(least <= greatest)) {
    const says = `${shown(least)} to ${shown(greatest)} is no range`;
    return { check: "range", outcome: "FAIL", says, mend: "let it give [least, greatest] for every option" };
  }
  const row = values.findIndex((value) => value < least - TOLERANCE || value > greatest + TOLERANCE);
  if (row >= 0) {
    return {
      check: "range",
      outcome: "FAIL",
      says: `${shown(values[row]!)} for ${slateOf(batch, row)} is outside ${shown(least)} to ${
        shown(greatest)
      }`,
      mend: "correct the value, or state the range that it really has",
    };
  }
  const defined = values.filter((value) => !Number.isNaN(value));
  const [low, high] = [Math.min(...defined), Math.max(...defined)];
  const found = defined.length === 0 ? "no value to hold" : `${shown(low)} to ${shown(high)}, within`;
  return ok("range", `${found} ${shown(least)} to ${shown(greatest)}`);
}

function checkPurity(
  metric: ListMetric,
  world: World,
  batch: MetricBatch,
  values: Float64Array,
  before: string,
  score: Score,
): CheckLine {
  const again = score(batch);
  const row = values.findIndex((value, at) => !same(value, again[at]!));
  if (row >= 0) {
    return {
      check: "purity",
      outcome: "FAIL",
      says: `asked twice about ${slateOf(batch, row)} it says ${shown(values[row]!)} and ${
        shown(again[row]!)
      }`,
      mend: "use no random number, no clock, and remember nothing between calls",
    };
  }
  const written = inputsOf(world, metric.needs) === before
    ? writesToSlate(metric, world, batch)
    : "signals or context";
  if (written === undefined) {
    return ok("purity", "the same slates twice give the same values, inputs untouched");
  }
  return {
    check: "purity",
    outcome: "FAIL",
    says: `it writes to what it is handed: ${written}`,
    mend: "copy before you sort or change: [...slate], toSorted()",
  };
}

/** The fast form is handed typed arrays of its own, in which writing harms nobody. */
function writesToSlate(metric: ListMetric, { signals }: World, batch: MetricBatch): string | undefined {
  if (metric.score === undefined) return undefined;
  for (let row = 0; row < batch.contextRow.length; row++) {
    const { slate, ranks } = rowOf(batch, row);
    if (slate.length === 0) continue;
    const context = batch.contexts[batch.contextRow[row]!]!;
    try {
      metric.score(frozenSlate(slate), Object.freeze({ ...context }), signals, ranks);
    } catch (error) {
      return `${slateOf(batch, row)} (${error instanceof Error ? error.message : String(error)})`;
    }
  }
  return undefined;
}

function checkRows(batch: MetricBatch, values: Float64Array, score: Score): CheckLine {
  const backwards = score(reversedRows(batch)).reverse();
  const fail = (row: number, how: string, other: number): CheckLine => ({
    check: "rows",
    outcome: "FAIL",
    says: `${slateOf(batch, row)} is worth ${shown(values[row]!)}, and ${shown(other)} ${how}`,
    mend: "let the value of a slate depend on that slate alone, not on its row or its neighbours",
  });
  const moved = values.findIndex((value, row) => !same(value, backwards[row]!));
  if (moved >= 0) return fail(moved, "when the batch is turned round", backwards[moved]!);
  for (let row = 0; row < Math.min(values.length, 64); row++) {
    const alone = score(rowsOf(batch, row, row + 1))[0]!;
    if (!same(values[row]!, alone)) return fail(row, "when it is asked about alone", alone);
  }
  return ok("rows", "a batch of many is as many of one, in any order");
}

function checkForms(metric: ListMetric, batch: MetricBatch, values: Float64Array, score: Score): CheckLine {
  const { scoreBatch: _, ...easy } = metric;
  const others = score(batch, easy);
  const row = values.findIndex((value, at) => !same(value, others[at]!));
  if (row < 0) return ok("forms", "score and scoreBatch agree");
  return {
    check: "forms",
    outcome: "FAIL",
    says: `for ${slateOf(batch, row)} scoreBatch says ${shown(values[row]!)}, score ${shown(others[row]!)}`,
    mend: "make them agree, or leave one of them out",
  };
}

/** Whether the ranks matter is the metric's own affair: the line only tells. */
function tellOrder(batch: MetricBatch, values: Float64Array, score: Score): CheckLine {
  const shuffled = score(mapRows(batch, shuffledItems));
  const rows = [...values.keys()].filter((row) => !Number.isNaN(values[row]!));
  const changed = rows.filter((row) => !same(values[row]!, shuffled[row]!)).length;
  if (changed === 0) return ok("order", "the order of the items does not count");
  return ok(
    "order",
    `the order of the items counts: shuffled, ${percent(changed / rows.length)} of slates change`,
  );
}

function tellTies(batch: MetricBatch, score: Score): CheckLine {
  const tied = tieFirstTwo(batch);
  const [one, other] = [score(tied), score(swapFirstTwo(tied))];
  const row = one.findIndex((value, at) => !same(value, other[at]!));
  if (row < 0) return ok("ties", "two items that share a rank are alike");
  return {
    check: "ties",
    outcome: "warning",
    says: "of two items that share a rank it matters which is named first",
    mend: "only lists from files share ranks; where you evaluate such, weigh by `ranks`, not by places",
  };
}

/** Whether two values agree but for rounding; no value agrees with no value. */
export function same(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
}

function slateOf(batch: MetricBatch, row: number): string {
  const { contextId } = batch.contexts[batch.contextRow[row]!]!;
  return `context ${contextId}, slate [${rowOf(batch, row).slate.join(", ")}]`;
}
