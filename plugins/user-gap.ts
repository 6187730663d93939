import {
  type ListMetric,
  type NotDefined,
  notDefined,
  oneOf,
  type Ranks,
  type Signals,
  type Slate,
} from "blade";
import { defineMetric } from "blade";
import { LIST_METRIC_NEEDS, listMetric, OTHER_LIST_METRICS } from "./_list_metrics.ts";
import { SHOWN } from "./_shown_counts.ts";

/** Gap between groups of users: how much better one group is served than another. */
export default defineMetric({
  name: "user-gap",
  summary: "Largest difference between user groups of the mean of a list metric.",
  formula:
    "max − min over groups of the mean of the metric over the group's contexts; contexts without a group, or " +
    "without a value, are left out",
  source: "Ekstrand et al., All the cool kids, how do they fit in?, FAT* 2018",
  kind: "population",
  options: {
    /** The list metric, with its default options and this one's cutoff. */
    metric: oneOf("ndcg", ...OTHER_LIST_METRICS),
    /** The user attribute that tells the groups; none named: the first of the data. */
    group: "",
  },
  range({ metric, cutoff }) {
    const [least, greatest] = listMetric(metric, cutoff).range;
    return [0, greatest - least];
  },
  direction: "minimize",
  needs: ["userGroups", ...LIST_METRIC_NEEDS],
  uses: ({ metric, cutoff }) => [
    "userGroups",
    ...LIST_METRIC_NEEDS.filter((need) => listMetric(metric, cutoff).needs.includes(need)),
  ],
  create(signals, { metric, group, cutoff }) {
    const { userGroups } = signals;
    return {
      // The metric is given what `uses` says that it reads.
      signals: signals as Signals,
      metric: listMetric(metric, cutoff),
      values: userGroups.get(group === "" ? userGroups.keys().next().value ?? "" : group),
      groups: new Map<string, { sum: number; weight: number }>(),
    };
  },
  add: (state, slate, weight, ranks, contextId) => count(state, slate, weight, ranks, contextId),
  remove: (state, slate, weight, ranks, contextId) => count(state, slate, -weight, ranks, contextId),
  value({ values, groups }) {
    if (values === undefined) return notDefined("the users have no such attribute");
    const means = [...groups.values()].filter(({ weight }) => weight > SHOWN)
      .map(({ sum, weight }) => sum / weight);
    if (means.length < 2) return notDefined("fewer than two groups of users have a value");
    return Math.max(...means) - Math.min(...means);
  },
});

/** What `create` makes. */
interface State {
  readonly signals: Signals;
  readonly metric: ListMetric;
  /** The group of each context; undefined where no attribute has the name. */
  readonly values: readonly string[] | undefined;
  /** By group: sum and number of the values. */
  readonly groups: Map<string, { sum: number; weight: number }>;
}

function count(state: State, slate: Slate, weight: number, ranks: Ranks, contextId: number): void {
  const group = state.values?.[contextId] ?? "";
  if (group === "") return;
  const value = scoreOne(state, slate, ranks, contextId);
  if (typeof value !== "number" || Number.isNaN(value)) return;
  let entry = state.groups.get(group);
  if (entry === undefined) state.groups.set(group, entry = { sum: 0, weight: 0 });
  entry.sum += weight * value;
  entry.weight += weight;
}

/** The metric's value of one slate; a list without an item has one only where relevance is asked for. */
function scoreOne(
  { metric, signals }: State,
  slate: Slate,
  ranks: Ranks,
  contextId: number,
): number | NotDefined {
  if (!metric.needs.includes("relevance") && !slate.some((item) => item >= 0)) return NaN;
  const context = { contextId, user: contextId, history: [], seen: new Set<number>() };
  if (metric.score !== undefined) return metric.score(slate, context, signals, ranks);
  const out = Float64Array.of(NaN);
  const batch = {
    items: Int32Array.from(slate),
    ranks: Int32Array.from(ranks),
    contextRow: Int32Array.of(0),
    contexts: [context],
    cutoff: slate.length,
  };
  metric.scoreBatch?.(batch, signals, out, (row) => out[row] = NaN);
  return out[0]!;
}
