import { defineMetric, type HistoryTable, type Slate } from "blade";
import { type HeadAndTail, headAndTail, metOf, unevenness } from "./_head_and_tail.ts";

/** Popularity-based ranking-based statistical parity: are popular and unpopular items recommended at one rate? */
export default defineMetric({
  name: "pop-rsp",
  summary:
    "How differently popular and unpopular items are recommended, given how many there are to recommend.",
  formula:
    "σ / μ of two rates: recommendations of the group / its items that are not in the context's history, " +
    "both summed over contexts; the head holds 80 % of the interactions, the tail is the rest",
  source: "Zhu, Wang and Caverlee, Measuring and mitigating item under-recommendation bias, SIGIR 2020",
  equals: ["Elliot's PopRSP"],
  kind: "population",
  range: [0, 1],
  direction: "minimize",
  needs: ["popularity", "history", "catalogSize"],
  create({ popularity, history, catalogSize }) {
    const state = headAndTail(popularity, catalogSize);
    const sizes: [number, number] = [0, 0];
    for (let item = 0; item < catalogSize; item++) sizes[state.groupOf(item)!] += 1;
    return { ...state, sizes, history, met: new Map<number, readonly [number, number]>() };
  },
  add: (state, slate, weight, _ranks, contextId) => count(state, slate, weight, contextId),
  remove: (state, slate, weight, _ranks, contextId) => count(state, slate, -weight, contextId),
  value: (state) => unevenness(state),
});

interface State extends HeadAndTail {
  /** Items of head and of tail. */
  readonly sizes: readonly [number, number];
  readonly history: HistoryTable;
  /** Items of head and of tail in the histories, by context. */
  readonly met: Map<number, readonly [number, number]>;
}

function count(state: State, slate: Slate, weight: number, contextId: number): void {
  const { groupOf, recommended, candidates, sizes, history, met } = state;
  // A context without a list is not asked.
  if (slate.length === 0) return;
  let known = met.get(contextId);
  if (known === undefined) {
    known = metOf(history, contextId, groupOf);
    met.set(contextId, known);
  }
  for (const item of slate) {
    const group = groupOf(item);
    if (group !== undefined) recommended[group] += weight;
  }
  candidates[0] += weight * (sizes[0] - known[0]);
  candidates[1] += weight * (sizes[1] - known[1]);
}
