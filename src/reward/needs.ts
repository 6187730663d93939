import { BladeError } from "../core/errors.ts";
import type { SignalName, Signals } from "../core/signals.ts";
import type { RewardTerm } from "./combine.ts";
import type { LoadedMetric } from "./registry.ts";

/** Which signals the data have; one that is not named is there. */
export type Availability = Partial<Record<SignalName, boolean>>;

/** What a user adds to have a signal. */
const MEND: Readonly<Record<SignalName, string>> = {
  relevance: "hold out interactions, or give a table of relevant items (--relevant)",
  popularity: "give the training interactions (--history for lists from files)",
  categories: "use data whose items have categories (--items with a categories column for lists from files)",
  features: "give an items table with a features column",
  embedding: "give an items table with an embedding column",
  history: "give the users' histories (--history for lists from files)",
  userGroups: "use data that know groups of users (--users for lists from files)",
  itemGroups: "give an items table with a group column",
  catalogSize: "give the items that can be recommended",
};

/**
 * Stops before any work when the data lack a signal that a metric reads.
 *
 * @throws {BladeError} naming the metric, the signal and the mend.
 *
 * @example
 * ```ts
 * import { checkNeeds } from "./needs.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertThrows } from "@std/assert";
 * const ild = await loadMetric("ild@10");
 * checkNeeds([ild], { categories: true, embedding: false });
 * assertThrows(() => checkNeeds([ild], { categories: false }), Error, "categories");
 * ```
 */
export function checkNeeds(
  metrics: readonly (RewardTerm | LoadedMetric)[],
  available: Availability,
): void {
  for (const entry of metrics) {
    const { spec, metric } = "weight" in entry ? entry.metric : entry;
    const missing = metric.needs.find((signal) => available[signal] === false);
    if (missing === undefined) continue;
    throw new BladeError({
      place: `metric ${spec}`,
      rule: "needs a signal that the data do not have",
      value: missing,
      mend: `${MEND[missing]}, or leave the metric out`,
    });
  }
}

/**
 * Which signals have anything in them.
 *
 * @example
 * ```ts
 * import { availableSignals } from "./needs.ts";
 * import { assertEquals } from "@std/assert";
 * const none = { dimensions: 0, of: () => undefined };
 * const available = availableSignals({
 *   categories: { names: ["Drama"], of: () => [0] },
 *   features: none,
 *   embedding: none,
 *   userGroups: new Map(),
 *   itemGroups: { names: [], of: () => undefined },
 *   popularity: { totalInteractions: 12 },
 *   catalogSize: 3,
 * });
 * assertEquals([available.categories, available.embedding], [true, false]);
 * ```
 */
export function availableSignals(
  signals:
    & Pick<Signals, "categories" | "features" | "embedding" | "userGroups" | "itemGroups" | "catalogSize">
    & {
      readonly popularity: Pick<Signals["popularity"], "totalInteractions">;
    },
): Availability {
  return {
    categories: signals.categories.names.length > 0,
    features: signals.features.dimensions > 0,
    embedding: signals.embedding.dimensions > 0,
    userGroups: signals.userGroups.size > 0,
    itemGroups: signals.itemGroups.names.length > 0,
    popularity: signals.popularity.totalInteractions > 0,
    catalogSize: signals.catalogSize > 0,
  };
}
