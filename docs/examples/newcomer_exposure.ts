import { defineMetric, notDefined, type Popularity, type Ranks, type Slate } from "blade";

/** What was shown so far, early ranks counting more. */
interface Exposure {
  readonly users: Popularity["users"];
  readonly atMost: number;
  newcomers: number;
  all: number;
}

/**
 * Exposure of new items: a metric of all lists together. As a reward a list gets the difference that it makes to the
 * share, so a newcomer is worth most while newcomers are rarely shown.
 */
export default defineMetric({
  name: "newcomer-exposure",
  summary: "Share of the exposure that goes to items which at most `atMost` people have met.",
  formula: "Σ over newcomers shown of 1 / log2(rank + 1), over Σ over all shown",
  kind: "population",
  options: { atMost: 20 },
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  create: ({ popularity: { users } }, { atMost }): Exposure => ({ users, atMost, newcomers: 0, all: 0 }),
  add: (state, slate, weight, ranks) => count(state, slate, weight, ranks),
  remove: (state, slate, weight, ranks) => count(state, slate, -weight, ranks),
  // What remove leaves of an emptied count is rounding, not exposure.
  value: ({ newcomers, all }) =>
    all < 1e-9 ? notDefined("nothing shown") : Math.min(1, Math.max(0, newcomers / all)),
});

function count(state: Exposure, slate: Slate, weight: number, ranks: Ranks): void {
  slate.forEach((item, place) => {
    if (item < 0) return; // a list from a file may leave a rank out
    const exposure = weight / Math.log2(ranks[place]! + 1);
    state.all += exposure;
    if ((state.users[item] ?? 0) <= state.atMost) state.newcomers += exposure;
  });
}
