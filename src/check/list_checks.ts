import { rowOf } from "../reward/cut.ts";
import { judgeOf } from "../reward/judge.ts";
import type { ListMetric, MetricBatch } from "../reward/metric.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { scoreList } from "../reward/score_list.ts";
import { attempt, type CheckLine, ok, percent, shown } from "./check_line.ts";
import { mapRows, reversedRows, rowsOf, shuffledItems, swapFirstTwo, tieFirstTwo } from "./rearranged.ts";
import { frozenSlate, inputsOf } from "./watched_inputs.ts";
import type { World } from "./world.ts";

/** Values that differ by less are the same but for the order of a sum. */
export const TOLERANCE = 1e-9;

/**
 * What a metric of one slate must hold, asked about slates of every shape. The first lines decide whether the others
 * can be asked. A metric that runs in a process of its own is asked through its judge: what it does to its inputs
 * there, and its two forms, are out of sight.
 */
export async function checkListMetric(
  loaded: LoadedMetric,
  world: World,
  batch: MetricBatch,
): Promise<CheckLine[]> {
  const metric = loaded.metric as ListMetric;
  const isHere = loaded.judge === undefined;
  const judge = judgeOf(loaded);
  const tried = { ...world, contexts: batch.contexts };
  const score = async (part: MetricBatch) => (await judge.scoreList(part, world.signals)).values;
  const before = inputsOf(tried, metric.needs);
  let values: Float64Array = new Float64Array();
  const answers = await attempt("answers", async () => {
    values = await score(batch);
    const undefinedRows = values.filter(Number.isNaN).length;
    return ok(
      "answers",
      `a number or a reason for ${values.length} slates, ${undefinedRows} without a value`,
    );
  });
  if (answers.outcome === "FAIL") return [answers];
  const written = () =>
    inputsOf(tried, metric.needs) !== before
      ? "signals or context"
      : isHere
      ? writesToSlate(metric, world, batch)
      : undefined;
  const lines = [
    answers,
    checkRange(metric, batch, values),
    await attempt("purity", () => checkPurity(batch, values, score, written)),
  ];
  if (lines.some(({ outcome }) => outcome === "FAIL")) return lines;
  lines.push(await attempt("rows", () => checkRows(batch, values, score)));
  if (isHere && metric.score !== undefined && metric.scoreBatch !== undefined) {
    lines.push(await attempt("forms", () => checkForms(loaded.spec, metric, world, batch, values)));
  }
  lines.push(await attempt("order", () => tellOrder(batch, values, score)));
  lines.push(await attempt("ties", () => tellTies(batch, score)));
  return lines;
}

type Score = (part: MetricBatch) => Promise<Float64Array>;

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

async function checkPurity(
  batch: MetricBatch,
  values: Float64Array,
  score: Score,
  written: () => string | undefined,
): Promise<CheckLine> {
  const again = await score(batch);
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
  const where = written();
  if (where === undefined) {
    return ok("purity", "the same slates twice give the same values, inputs untouched");
  }
  return {
    check: "purity",
    outcome: "FAIL",
    says: `it writes to what it is handed: ${where}`,
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

async function checkRows(batch: MetricBatch, values: Float64Array, score: Score): Promise<CheckLine> {
  const backwards = (await score(reversedRows(batch))).reverse();
  const fail = (row: number, how: string, other: number): CheckLine => ({
    check: "rows",
    outcome: "FAIL",
    says: `${slateOf(batch, row)} is worth ${shown(values[row]!)}, and ${shown(other)} ${how}`,
    mend: "let the value of a slate depend on that slate alone, not on its row or its neighbours",
  });
  const moved = values.findIndex((value, row) => !same(value, backwards[row]!));
  if (moved >= 0) return fail(moved, "when the batch is turned round", backwards[moved]!);
  for (let row = 0; row < Math.min(values.length, 64); row++) {
    const [alone = NaN] = await score(rowsOf(batch, row, row + 1));
    if (!same(values[row]!, alone)) return fail(row, "when it is asked about alone", alone);
  }
  return ok("rows", "a batch of many is as many of one, in any order");
}

function checkForms(
  spec: string,
  metric: ListMetric,
  { signals }: World,
  batch: MetricBatch,
  values: Float64Array,
): CheckLine {
  const { scoreBatch: _, ...easy } = metric;
  const { values: others } = scoreList(spec, easy, batch, signals);
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
async function tellOrder(batch: MetricBatch, values: Float64Array, score: Score): Promise<CheckLine> {
  const shuffled = await score(mapRows(batch, shuffledItems));
  const rows = [...values.keys()].filter((row) => !Number.isNaN(values[row]!));
  const changed = rows.filter((row) => !same(values[row]!, shuffled[row]!)).length;
  if (changed === 0) return ok("order", "the order of the items does not count");
  return ok(
    "order",
    `the order of the items counts: shuffled, ${percent(changed / rows.length)} of slates change`,
  );
}

async function tellTies(batch: MetricBatch, score: Score): Promise<CheckLine> {
  const tied = tieFirstTwo(batch);
  const [one, other] = [await score(tied), await score(swapFirstTwo(tied))];
  const row = one.findIndex((value, at) => !same(value, other[at]!));
  return row < 0 ? ok("ties", "two items that share a rank are alike") : TIES_TOLD;
}

/** A metric that tells items of one rank apart. */
export const TIES_TOLD: CheckLine = {
  check: "ties",
  outcome: "warning",
  says: "of two items that share a rank it matters which is named first",
  mend: "only lists from files share ranks; where you evaluate such, weigh by `ranks`, not by places",
};

/** Whether two values agree but for rounding; no value agrees with no value. */
export function same(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
}

function slateOf(batch: MetricBatch, row: number): string {
  const { contextId } = batch.contexts[batch.contextRow[row]!]!;
  return `context ${contextId}, slate [${rowOf(batch, row).slate.join(", ")}]`;
}
