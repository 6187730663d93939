import { defineMetric, notDefined, oneOf } from "blade";
import { SHOWN } from "./_shown_counts.ts";

/** Catalog coverage: how much of the catalog the slates show to anybody. */
export default defineMetric({
  name: "coverage",
  summary: "Share of the catalog that at least one slate shows.",
  formula: "distinct items over all slates / items of the catalog",
  source:
    "Ge, Delgado-Battenfeld and Jannach, Beyond accuracy: evaluating recommender systems by coverage, RecSys 2010",
  equals: ["RecBole's ItemCoverage", "RecTools' CatalogCoverage", "Elliot's ItemCoverage with as=count"],
  kind: "population",
  options: {
    /** As a share of the catalog, or as the number of items. */
    as: oneOf("share", "count"),
  },
  range: ({ as }) => [0, as === "share" ? 1 : Infinity],
  direction: "maximize",
  needs: ["catalogSize"],
  create: ({ catalogSize }, { as }) => ({
    exposure: new Float64Array(catalogSize),
    shown: 0,
    of: as === "share" ? catalogSize : 1,
  }),
  add(state, slate, weight) {
    for (const item of slate) count(state, item, weight);
  },
  remove(state, slate, weight) {
    for (const item of slate) count(state, item, -weight);
  },
  value: ({ shown, of }) => of === 0 ? notDefined("no catalog") : shown / of,
});

/** An item outside the catalog (an id that only a file of lists knows) covers nothing. */
function count(state: { exposure: Float64Array; shown: number }, item: number, weight: number): void {
  const before = state.exposure[item];
  if (before === undefined) return;
  const after = before + weight;
  state.exposure[item] = after;
  state.shown += Number(after > SHOWN) - Number(before > SHOWN);
}
