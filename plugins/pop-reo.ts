import { defineMetric, type HistoryTable, type ItemIndex, type Relevance, type Slate } from "blade";
import { type HeadAndTail, headAndTail, unevenness } from "./_head_and_tail.ts";
import { gainsByPlace } from "./_relevance.ts";

/** Popularity-based ranking-based equal opportunity: are popular and unpopular items found at one rate? */
export default defineMetric({
  name: "pop-reo",
  summary: "How differently relevant items are recommended when they are popular and when they are not.",
  formula:
    "σ / μ of two rates: relevant items of the group recommended / its relevant items that are not in the " +
    "context's history, both summed over contexts; the head holds 80 % of the interactions, the tail is the rest",
  source: "Zhu, Wang and Caverlee, Measuring and mitigating item under-recommendation bias, SIGIR 2020",
  equals: ["Elliot's PopREO"],
  kind: "population",
  range: [0, 1],
  direction: "minimize",
  needs: ["popularity", "history", "catalogSize", "relevance"],
  create: ({ popularity, history, catalogSize, relevance }) => ({
    ...headAndTail(popularity, catalogSize),
    history,
    relevance,
    wanted: new Map<number, Wanted>(),
  }),
  add: (state, slate, weight, _ranks, contextId) => count(state, slate, weight, contextId),
  remove: (state, slate, weight, _ranks, contextId) => count(state, slate, -weight, contextId),
  value: (state) => unevenness(state),
});

/** What is relevant in a context. */
interface Wanted {
  readonly gains: ReadonlyMap<ItemIndex, number>;
  /** Relevant items of head and of tail that the context does not know. */
  readonly candidates: readonly [number, number];
}

interface State extends HeadAndTail {
  readonly history: HistoryTable;
  readonly relevance: Relevance;
  /** By context, of those met so far. */
  readonly wanted: Map<number, Wanted>;
}

function count(state: State, slate: Slate, weight: number, contextId: number): void {
  const { gains, candidates } = wantedBy(state, contextId);
  gainsByPlace(slate, gains).forEach((gain, place) => {
    const group = gain > 0 ? state.groupOf(slate[place]!) : undefined;
    if (group !== undefined) state.recommended[group] += weight;
  });
  state.candidates[0] += weight * candidates[0];
  state.candidates[1] += weight * candidates[1];
}

function wantedBy({ history, relevance, wanted, groupOf }: State, contextId: number): Wanted {
  const known = wanted.get(contextId);
  if (known !== undefined) return known;
  const gains = relevance.of(contextId);
  const past = new Set(history.of(contextId));
  const candidates: [number, number] = [0, 0];
  for (const [item, gain] of gains) {
    const group = gain > 0 && !past.has(item) ? groupOf(item) : undefined;
    if (group !== undefined) candidates[group] += 1;
  }
  wanted.set(contextId, { gains, candidates });
  return { gains, candidates };
}
