/** The kinds of metric that a plugin starts from. */
export const KINDS = ["list", "population"] as const;

/** A kind of metric. */
export type Kind = (typeof KINDS)[number];

/**
 * The module of a new plugin: a small metric that works, to be changed into one's own.
 *
 * @example
 * ```ts
 * import { pluginText } from "./plugin_files.ts";
 * import { assertStringIncludes } from "@std/assert";
 * assertStringIncludes(pluginText("rarity", "list"), 'name: "rarity"');
 * ```
 */
export function pluginText(name: string, kind: Kind): string {
  return kind === "list" ? listText(name) : populationText(name);
}

function listText(name: string): string {
  return `import { defineMetric, notDefined } from "blade";

/** A metric of one list. Change the name, the sentence, what it needs, and score. */
export default defineMetric({
  name: "${name}",
  summary: "How little known the items are: 1 where nobody has met one, ½ where \`halfway\` people have.",
  kind: "list",
  options: { halfway: 20 },
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  score(slate, _context, { popularity }, { halfway }) {
    const items = slate.filter((item) => item >= 0); // a list from a file may leave a rank out
    if (items.length === 0) return notDefined("no item");
    const rarity = items.map((item) => 1 / (1 + (popularity.users[item] ?? 0) / Math.max(1, halfway)));
    return rarity.reduce((sum, each) => sum + each, 0) / items.length;
  },
});
`;
}

function populationText(name: string): string {
  return `import { defineMetric, notDefined, type Popularity, type Slate } from "blade";

/** What was counted in. */
interface Shown {
  readonly users: Popularity["users"];
  readonly halfway: number;
  rarity: number;
  places: number;
}

/** A metric of all lists together. Change the name, the sentence, what it needs, and the four functions. */
export default defineMetric({
  name: "${name}",
  summary: "How little known what is shown is: 1 where nobody has met it, ½ where \`halfway\` people have.",
  kind: "population",
  options: { halfway: 20 },
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  create: ({ popularity: { users } }, { halfway }): Shown => ({ users, halfway, rarity: 0, places: 0 }),
  add: (state, slate, weight) => count(state, slate, weight),
  remove: (state, slate, weight) => count(state, slate, -weight),
  // What remove leaves of an emptied count is rounding, not a place.
  value: ({ rarity, places }) =>
    places < 1e-9 ? notDefined("nothing shown") : Math.min(1, Math.max(0, rarity / places)),
});

function count(state: Shown, slate: Slate, weight: number): void {
  for (const item of slate) {
    if (item < 0) continue; // a list from a file may leave a rank out
    state.rarity += weight / (1 + (state.users[item] ?? 0) / Math.max(1, state.halfway));
    state.places += weight;
  }
}
`;
}

/** The tests of a new plugin. They pass at once, and import nothing but the plugin and what Deno has in itself. */
export function pluginTestText(name: string, kind: Kind): string {
  const [types, tests] = kind === "list" ? ["Context, Signals", LIST_TESTS] : ["Signals", POPULATION_TESTS];
  return `import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ${types} } from "blade";
import metric from "./${name}.ts";

/** Items 0, 1 and 2 were met by 0, 20 and 60 people. A test needs only the signals that the metric reads. */
const signals = { popularity: { users: Float64Array.of(0, 20, 60) } } as unknown as Signals;
${tests}`;
}

const LIST_TESTS = `const context: Context = { contextId: 0, user: 0, history: [], seen: new Set() };

Deno.test("the fewer people have met an item, the more it counts", () => {
  const { score } = metric();
  strictEqual(score!([0], context, signals), 1);
  strictEqual(score!([1], context, signals), 0.5);
  strictEqual(score!([0, 1, 2], context, signals), (1 + 0.5 + 0.25) / 3);
});

Deno.test("the cutoff ends the list, and halfway moves the scale", () => {
  strictEqual(metric({ cutoff: 1 }).score!([1, 2], context, signals), 0.5);
  strictEqual(metric({ halfway: 60 }).score!([2], context, signals), 0.5);
});

Deno.test("a rank without an item does not count, and a list without items has no value", () => {
  strictEqual(metric().score!([-1, 1], context, signals), 0.5);
  deepStrictEqual(metric().score!([-1, -1], context, signals), { notDefined: "no item" });
});
`;

const POPULATION_TESTS = `
Deno.test("the value is of all lists together", () => {
  const { create, add, value } = metric();
  const state = create(signals);
  deepStrictEqual(value(state), { notDefined: "nothing shown" });
  add(state, [0, 1], 1);
  strictEqual(value(state), 0.75);
  add(state, [2, -1], 2); // counts twice; a rank without an item does not count
  strictEqual(value(state), (1 + 0.5 + 2 * 0.25) / 4);
});

Deno.test("remove undoes add, up to the cutoff", () => {
  const { create, add, remove, value } = metric({ cutoff: 1 });
  const state = create(signals);
  add(state, [1, 0], 1);
  add(state, [2, 0], 0.5);
  remove(state, [2, 0], 0.5);
  strictEqual(value(state), 0.5);
});
`;

/** What a new plugin's README tells: the lines to try it, as they are typed in the folder of blade. */
export function pluginReadme(name: string, path: string, isOutside: boolean): string {
  const file = quoted(`${path}/${name}.ts`);
  const spec = quoted(`${path}/${name}.ts@10`);
  const terms = `'reward.terms=[{"metric":"ndcg@10","weight":0.8},{"metric":"${name}@10","weight":0.2}]'`;
  const trusted = isOutside ? " --isolate never" : "";
  const own = isOutside
    ? `
\`deno.json\` tells Deno and editors where \`blade\` is; \`deno test\` and \`deno check\` work in this folder too.

A plugin from another folder than blade's runs in a process without permissions, which blade may start with
\`--allow-run=deno\`; \`--isolate never\` says that it is yours.
`
    : "";
  return `# ${name}

A metric plugin of blade: the metric is in \`${name}.ts\`, its tests are in \`${name}_test.ts\`.
${own}
In the folder of blade:

\`\`\`sh
deno test ${quoted(path)}
deno run -P main.ts metrics show ${spec}${trusted}
deno run -P --allow-run=deno main.ts plugin check ${spec}${trusted}
deno run -P main.ts train configs/quickstart.jsonc --plugin ${file}${trusted} \\
  --set ${terms}
deno run -P main.ts evaluate runs/quickstart-1 --metrics ${spec}${trusted}
\`\`\`

\`docs/plugins.md\` there has the whole contract.
`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The `deno.json` of a plugin folder outside the project: `blade` needs nothing else. */
export function importMapText(blade: string): string {
  return JSON.stringify({ imports: { blade } }, null, 2) + "\n";
}
