import type { ListMetric, SignalName } from "blade";
import dcg from "./dcg.ts";
import efd from "./efd.ts";
import epc from "./epc.ts";
import fBeta from "./f-beta.ts";
import hitRate from "./hit-rate.ts";
import ild from "./ild.ts";
import longTail from "./long-tail.ts";
import map from "./map.ts";
import mguList from "./mgu-list.ts";
import mrr from "./mrr.ts";
import ndcg from "./ndcg.ts";
import novelty from "./novelty.ts";
import popularity from "./popularity.ts";
import precision from "./precision.ts";
import rPrecision from "./r-precision.ts";
import recall from "./recall.ts";
import serendipity from "./serendipity.ts";

/** The built-in metrics of one slate, by name: what a metric over other metrics can be asked to compare. */
const LIST_METRICS = {
  ndcg,
  recall,
  "hit-rate": hitRate,
  precision,
  "r-precision": rPrecision,
  "f-beta": fBeta,
  dcg,
  mrr,
  map,
  serendipity,
  epc,
  efd,
  ild,
  novelty,
  popularity,
  "long-tail": longTail,
  "mgu-list": mguList,
} as const;

/** The name of a built-in metric of one slate. */
export type ListMetricName = keyof typeof LIST_METRICS;

/** The names of the others: `ndcg` is the one asked for by default. */
export const OTHER_LIST_METRICS = Object.keys(LIST_METRICS).filter((name) => name !== "ndcg") as Exclude<
  ListMetricName,
  "ndcg"
>[];

/** The signals that any of them reads with its default options. */
export const LIST_METRIC_NEEDS = [
  "relevance",
  "popularity",
  "categories",
  "history",
  "catalogSize",
] as const satisfies readonly SignalName[];

/**
 * A built-in metric of one slate with its default options.
 *
 * @example
 * ```ts
 * import { listMetric } from "./_list_metrics.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([listMetric("recall", 5).cutoff, listMetric("ild", 5).needs], [5, ["categories"]]);
 * ```
 */
export function listMetric(name: ListMetricName, cutoff: number | undefined): ListMetric {
  return LIST_METRICS[name]({ cutoff });
}
