import { NO_ITEM } from "../core/ids.ts";
import { rowOf } from "../reward/cut.ts";
import { goesByContext } from "../reward/marginal.ts";
import { type MetricBatch, POOLED, type PopulationMetric } from "../reward/metric.ts";
import { type Asked, askedPopulation, type Shown } from "./asked_population.ts";
import { attempt, type CheckLine, ok, percent, shown } from "./check_line.ts";
import { same, TIES_TOLD, TOLERANCE } from "./list_checks.ts";
import { shuffledItems } from "./rearranged.ts";
import { inputsOf } from "./watched_inputs.ts";
import type { World } from "./world.ts";

/**
 * What a metric of many slates must hold: as a reward it is asked with a slate, and again without it. The state of one
 * that runs in a process of its own is out of sight: see `checkIsolatedPopulation`.
 */
export async function checkPopulationMetric(
  spec: string,
  metric: PopulationMetric,
  world: World,
  batch: MetricBatch,
): Promise<CheckLine[]> {
  const slates = Array.from(batch.contextRow, (contextRow, row): Shown => ({
    slate: rowOf(batch, row).slate,
    contextId: batch.contexts[contextRow]!.contextId,
  })).filter(({ slate }) => slate.length > 0).slice(0, 64);
  const asked = askedPopulation(spec, metric, world);
  const tried = { ...world, contexts: batch.contexts };
  const before = inputsOf(tried, metric.needs);
  const answers = await attempt("answers", () => {
    asked.valueOf([]);
    const value = asked.valueOf(slates);
    const says = Number.isNaN(value) ? "no value" : shown(value);
    return ok("answers", `${says} for ${slates.length} slates together, a number or a reason before them`);
  });
  if (answers.outcome === "FAIL") return [answers];
  const isUntouched = () => inputsOf(tried, metric.needs) === before;
  const lines = [
    answers,
    await attempt("range", () => checkRange(metric, asked, slates)),
    await attempt("purity", () => checkPurity(asked, slates, isUntouched)),
  ];
  if (lines.some(({ outcome }) => outcome === "FAIL")) return lines;
  lines.push(await attempt("rows", () => checkRows(asked, slates)));
  lines.push(await attempt("remove", () => checkRemove(asked, slates)));
  lines.push(await attempt("weights", () => checkWeights(asked, slates)));
  lines.push(await attempt("order", () => tellOrder(asked, slates)));
  lines.push(await attempt("ties", () => tellTies(metric, asked, slates)));
  if (!goesByContext(metric)) lines.push(await attempt("pooled", () => tellPooled(asked, slates)));
  return lines;
}

function checkRange(
  { range: [least, greatest] }: PopulationMetric,
  { create, add, value, valueOf }: Asked,
  slates: readonly Shown[],
): CheckLine {
  const bounds = `${shown(least)} to ${shown(greatest)}`;
  const fail = (found: number, after: string): CheckLine => ({
    check: "range",
    outcome: "FAIL",
    says: `${shown(found)} ${after} is outside ${bounds}`,
    mend: "correct the value, or state the range that it really has",
  });
  const isOutside = (found: number) => found < least - TOLERANCE || found > greatest + TOLERANCE;
  if (!(least <= greatest)) return { ...fail(NaN, ""), says: `${bounds} is no range` };
  const state = create();
  for (const [at, slate] of slates.entries()) {
    const alone = valueOf([slate]);
    if (isOutside(alone)) return fail(alone, `for slate [${slate.slate.join(", ")}] alone`);
    add(state, slate);
    const together = value(state);
    if (isOutside(together)) return fail(together, `after ${at + 1} slates`);
  }
  return ok("range", `after 1 to ${slates.length} slates within ${bounds}`);
}

function checkPurity(
  { create, add, value, valueOf }: Asked,
  slates: readonly Shown[],
  untouched: () => boolean,
): CheckLine {
  const [one, beside] = [create(), create()];
  slates.forEach((slate, at) => {
    add(one, slate);
    if (at % 2 === 0) add(beside, slate);
  });
  const [first, second, third] = [value(one), value(one), valueOf(slates)];
  const fail = (says: string, mend: string): CheckLine => ({ check: "purity", outcome: "FAIL", says, mend });
  if (!same(first, second) || !same(first, third)) {
    return fail(
      `the same slates give ${shown(first)}, ${shown(second)} and ${shown(third)}`,
      "use no random number and no clock; keep everything that counts in the state that create makes",
    );
  }
  if (!untouched()) return fail("it writes to signals or contexts", "copy before you change");
  return ok("purity", "the same slates give the same value, inputs untouched");
}

function checkRows({ valueOf }: Asked, slates: readonly Shown[]): CheckLine {
  const [forwards, backwards] = [valueOf(slates), valueOf(slates.toReversed())];
  if (same(forwards, backwards)) return ok("rows", "the order of the slates does not count");
  return {
    check: "rows",
    outcome: "FAIL",
    says: `${shown(forwards)}, but ${shown(backwards)} when the same slates are added in the opposite order`,
    mend: "let the state be a count of what was shown, whatever the order",
  };
}

function checkRemove({ create, add, remove, value }: Asked, slates: readonly Shown[]): CheckLine {
  const fail = (before: number, after: number, when: string): CheckLine => ({
    check: "remove",
    outcome: "FAIL",
    says: `${shown(before)} becomes ${shown(after)} when ${when} added and removed`,
    mend: "let remove undo what add of the same slate and weight did",
  });
  const empty = create();
  const nothing = value(empty);
  for (const slate of slates) add(empty, slate, 0.3);
  for (const slate of slates) remove(empty, slate, 0.3);
  if (!same(nothing, value(empty))) return fail(nothing, value(empty), `${slates.length} slates are`);
  const state = create();
  for (const slate of slates) add(state, slate);
  const before = value(state);
  for (const weight of [1, 0.3]) {
    for (const slate of slates) {
      add(state, slate, weight);
      value(state);
      remove(state, slate, weight);
      const after = value(state);
      if (!same(before, after)) return fail(before, after, `slate [${slate.slate.join(", ")}] is`);
    }
  }
  return ok("remove", "remove undoes add");
}

function checkWeights({ create, add, value, valueOf }: Asked, slates: readonly Shown[]): CheckLine {
  const state = create();
  for (const slate of slates) add(state, slate, 2);
  const [heavy, twice] = [value(state), valueOf([...slates, ...slates])];
  if (same(heavy, twice)) return ok("weights", "a slate of weight 2 counts as two");
  return {
    check: "weights",
    outcome: "FAIL",
    says: `${shown(heavy)} with weight 2, but ${shown(twice)} when every slate is added twice`,
    mend: "count weight in: older slates come back with a weight below 1",
  };
}

function tellOrder({ valueOf }: Asked, slates: readonly Shown[]): CheckLine {
  const changed =
    slates.filter((shown) =>
      !same(valueOf([shown]), valueOf([{ ...shown, slate: shuffledItems(shown.slate) }]))
    ).length;
  if (changed === 0) return ok("order", "the order of the items does not count");
  return ok(
    "order",
    `the order of the items counts: shuffled, ${percent(changed / slates.length)} of slates change`,
  );
}

/** Two items on one rank are neither before the other. */
function tellTies(metric: PopulationMetric, asked: Asked, slates: readonly Shown[]): CheckLine {
  const valueOf = ({ slate, contextId }: Shown) => {
    const state = asked.create();
    for (const other of slates) asked.add(state, other);
    metric.add(state, slate, 1, slate.map((_, place) => Math.max(1, place)), contextId);
    return asked.value(state);
  };
  const told = slates.some((shown) => {
    const [first = NO_ITEM, second = NO_ITEM, ...rest] = shown.slate;
    if (first === NO_ITEM || second === NO_ITEM) return false;
    return !same(valueOf(shown), valueOf({ ...shown, slate: [second, first, ...rest] }));
  });
  return told ? TIES_TOLD : ok("ties", "two items that share a rank are alike");
}

/** What was shown before comes back as counts by item and rank where no context is asked for. */
function tellPooled({ create, add, value, valueOf }: Asked, slates: readonly Shown[]): CheckLine {
  const state = create();
  for (const { slate } of slates) {
    slate.forEach((item, place) => {
      if (item >= 0) add(state, { slate: [...new Array<number>(place).fill(-1), item], contextId: POOLED });
    });
  }
  const [whole, apart] = [valueOf(slates), value(state)];
  if (same(whole, apart)) return ok("pooled", "slates shown item by item count as shown whole");
  return {
    check: "pooled",
    outcome: "warning",
    says: `${shown(whole)} for whole slates, ${shown(apart)} item by item, as a reward remembers them`,
    mend: "count items, each with its rank; a metric that needs a slate as a whole is kind list",
  };
}
