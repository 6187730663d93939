/** Plugins as texts, in plain JavaScript: nothing but the program holds those to the contract. */

/** A list metric whose `score` has the given body; `slate`, `context` and `signals` are at hand. */
export function listPlugin(body: string, change: Readonly<Record<string, unknown>> = {}): string {
  const facts = {
    name: "mine",
    summary: "A metric.",
    kind: "list",
    range: [0, 1],
    direction: "maximize",
    needs: [],
    ...change,
  };
  return `import { defineMetric, notDefined } from "blade";
let calls = 0;
let last;
export default defineMetric({
  ...${JSON.stringify(facts)},
  score(slate, context, signals) {
    calls++;
    ${body}
  },
});
`;
}

/** A list metric in its fast form; `batch`, `signals` and `out` are at hand. */
export function batchPlugin(body: string): string {
  return `import { defineMetric } from "blade";
export default defineMetric({
  name: "mine", summary: "A metric.", kind: "list", range: [0, 1], direction: "maximize", needs: [],
  scoreBatch(batch, signals, options, out) {
    ${body}
  },
});
`;
}

/** A population metric: the share of items with an even number, but for what is changed. */
export function populationPlugin(change: { readonly [part: string]: string } = {}): string {
  const parts: Record<string, string> = {
    create: "() => ({ even: 0, all: 0 })",
    add: "(state, slate, weight) => count(state, slate, weight)",
    remove: "(state, slate, weight) => count(state, slate, -weight)",
    value: '(state) => state.all < 1e-9 ? notDefined("nothing shown") : state.even / state.all',
    range: "[0, 1]",
    ...change,
  };
  return `import { defineMetric, notDefined } from "blade";
const count = (state, slate, weight) => {
  for (const item of slate) {
    if (item < 0) continue;
    state.all += weight;
    if (item % 2 === 0) state.even += weight;
  }
};
let shared = 0;
export default defineMetric({
  name: "mine", summary: "A metric.", kind: "population", direction: "maximize", needs: [],
  ${Object.entries(parts).map(([name, text]) => `${name}: ${text},`).join("\n  ")}
});
`;
}

/** Share of a slate's items with an even number. */
export const EVEN = "const items = slate.filter((item) => item >= 0);\n" +
  "    return items.filter((item) => item % 2 === 0).length / items.length;";
