/**
 * Where systems differ on a data set whose demand moves: their mean of a metric on users whose next item has lately come
 * into demand, and on all others. An item is late where its labels in alignment, plus one, are a fifth or more of its
 * interactions in supervised training, plus ten.
 *
 *     deno run -P docs/scripts/late_items.ts runs/movietweetings-100k-1 ndcg@10
 */
import { prepareMaterials } from "../../src/config/materials.ts";
import type { ContextSet } from "../../src/core/context.ts";
import { readRunMeasures } from "../../src/experiment/run_measures.ts";

const LATE = 0.2;

/** A system on the two kinds of users; null of a kind that nobody is of. */
export interface LateRow {
  readonly system: string;
  readonly late: number | null;
  readonly others: number | null;
}

/** Means by kind of user for the systems of a finished run, and the share of users whose next item is late. */
export async function lateItems(run: string, metric: string): Promise<{ share: number; rows: LateRow[] }> {
  const { config, systems } = await readRunMeasures(run);
  const { dataset, split, sftLog, align, registry } = await prepareMaterials(config);
  await using _registry = registry;
  const labels = countsOf(targetsOf(align));
  const before = countsOf(sftLog.items);
  const test = targetsOf(split.test);
  const late = split.test.contexts.map((_, at) => {
    const item = test[at]!;
    return ((labels.get(item) ?? 0) + 1) / ((before.get(item) ?? 0) + 10) >= LATE;
  });
  const mean = (values: ReadonlyMap<string, number | null>, isLate: boolean) => {
    const chosen = split.test.contexts.filter((_, at) => late[at] === isLate)
      .map(({ user }) => values.get(dataset.users[user]!) ?? 0);
    return chosen.length === 0 ? null : chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
  };
  return {
    share: late.filter(Boolean).length / late.length,
    rows: [...systems].flatMap(([system, { perUser }]) => {
      const values = perUser.get(metric);
      return values === undefined ? [] : [{ system, late: mean(values, true), others: mean(values, false) }];
    }),
  };
}

/** The first target of each context. */
function targetsOf({ contexts, relevance }: ContextSet): number[] {
  return contexts.map(({ contextId }) => [...relevance.of(contextId).keys()][0]!);
}

function countsOf(items: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

if (import.meta.main) {
  const [run, metric = "ndcg@10"] = Deno.args;
  if (run === undefined) {
    console.error(
      "error: late_items: must be given a run folder\n  To mend: late_items.ts runs/NAME [metric]",
    );
    Deno.exit(2);
  }
  const { share, rows } = await lateItems(run, metric);
  console.log(`${(100 * share).toFixed(1)} % of the users go on to a late item; mean ${metric}:`);
  for (const { system, late, others } of rows) {
    const [ofLate, ofOthers] = [late, others].map((mean) => mean?.toFixed(4) ?? "–");
    console.log(`${system.padEnd(14)} late ${ofLate}  others ${ofOthers}`);
  }
}
