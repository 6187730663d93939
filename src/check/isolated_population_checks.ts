import { judgeOf } from "../reward/judge.ts";
import { advance, createPopulationState } from "../reward/marginal.ts";
import type { MetricBatch, PopulationMetric } from "../reward/metric.ts";
import { isNotDefined } from "../reward/not_defined.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { attempt, type CheckLine, ok, shown } from "./check_line.ts";
import { same, TOLERANCE } from "./list_checks.ts";
import { reversedRows, rowsOf } from "./rearranged.ts";
import type { World } from "./world.ts";

/**
 * What can be asked of a metric of many slates that runs in a process of its own: values of batches, and what slates
 * add. Its states stay there.
 */
export async function checkIsolatedPopulation(
  loaded: LoadedMetric,
  world: World,
  batch: MetricBatch,
): Promise<CheckLine[]> {
  const { range: [least, greatest] } = loaded.metric as PopulationMetric;
  const { signals, discount } = world;
  const judge = judgeOf(loaded);
  const valueOf = async (part: MetricBatch) => {
    const value = await judge.populationValue(part, signals);
    return isNotDefined(value) ? NaN : value;
  };
  const rows = batch.contextRow.length;
  let value = NaN;
  const answers = await attempt("answers", async () => {
    value = await valueOf(batch);
    return ok("answers", `${Number.isNaN(value) ? "no value" : shown(value)} for ${rows} slates together`);
  });
  if (answers.outcome === "FAIL") return [answers];
  const fail = (check: string, says: string, mend: string): CheckLine => ({
    check,
    outcome: "FAIL",
    says,
    mend,
  });
  return [
    answers,
    await attempt("range", async () => {
      const bounds = `${shown(least)} to ${shown(greatest)}`;
      for (const count of [1, 2, 8, rows]) {
        const each = await valueOf(rowsOf(batch, 0, count));
        if (!(each < least - TOLERANCE || each > greatest + TOLERANCE)) continue;
        const mend = "correct the value, or state the range that it really has";
        return fail("range", `${shown(each)} of ${count} slates is outside ${bounds}`, mend);
      }
      return ok("range", `of 1 to ${rows} slates within ${bounds}`);
    }),
    await attempt("purity", async () => {
      const again = await valueOf(batch);
      if (same(value, again)) return ok("purity", "the same slates give the same value");
      const mend =
        "use no random number and no clock; keep everything that counts in the state that create makes";
      return fail("purity", `the same slates give ${shown(value)} and ${shown(again)}`, mend);
    }),
    await attempt("rows", async () => {
      const backwards = await valueOf(reversedRows(batch));
      if (same(value, backwards)) return ok("rows", "the order of the slates does not count");
      const mend = "let the state be a count of what was shown, whatever the order";
      return fail("rows", `${shown(value)}, but ${shown(backwards)} in the opposite order`, mend);
    }),
    await attempt("remove", async () => {
      const nothing = createPopulationState([{ metric: loaded, weight: 1 }], signals, { discount });
      const behaviorLogProb = new Float64Array(rows);
      const slates = { groupSize: 1, cutoff: batch.cutoff, items: batch.items, behaviorLogProb };
      const contextIds = Array.from(batch.contextRow, (row) => batch.contexts[row]!.contextId);
      const before = advance(nothing, slates, contextIds);
      const { values } = await judge.marginalRewards(batch, signals, before);
      const { values: backwards } = await judge.marginalRewards(reversedRows(batch), signals, before);
      const row = values.findIndex((each, at) => !same(each, backwards[rows - 1 - at]!));
      if (row < 0) return ok("remove", "what a slate adds does not depend on those asked about before it");
      const found = `slate ${row + 1} of ${rows} adds ${shown(values[row]!)}, and ${
        shown(backwards[rows - 1 - row]!)
      } when they are asked about in the opposite order`;
      return fail("remove", found, "let remove undo what add of the same slate and weight did");
    }),
  ];
}
