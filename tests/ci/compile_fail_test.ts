/** What the types of a metric plugin refuse: each text is compiled by `deno check`, and must fail with that message. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { temporaryFolder } from "./command_line.ts";

/** A plugin that compiles: every case below changes one thing of it. */
const SOUND = `import { defineMetric, notDefined, oneOf } from "blade";
const metric = defineMetric({
  name: "mine",
  summary: "A metric.",
  kind: "list",
  options: { below: 20, gain: oneOf("linear", "binary") },
  range: ({ below }) => [0, below],
  direction: "maximize",
  needs: ["popularity", "relevance"],
  score(slate, context, { popularity, relevance }, { below, gain, cutoff }) {
    if (relevance.of(context.contextId).size === 0) return notDefined("no relevant item");
    const depth: number = Math.min(cutoff ?? slate.length, slate.length);
    const few = slate.slice(0, depth).filter((item) => popularity.users[item]! < below);
    return gain === "binary" ? Math.min(1, few.length) : few.length;
  },
});
metric({ below: 3, gain: "binary", cutoff: 10 });
export default metric;
`;

const POPULATION = `import { defineMetric } from "blade";
export default defineMetric({
  name: "mine",
  summary: "A metric.",
  kind: "population",
  range: [0, Infinity],
  direction: "maximize",
  needs: ["catalogSize"],
  create: ({ catalogSize }) => ({ shown: new Float64Array(catalogSize) }),
  add(state, slate, weight) {
    for (const item of slate) state.shown[item]! += weight;
  },
  remove(state, slate, weight) {
    for (const item of slate) state.shown[item]! -= weight;
  },
  value: ({ shown }) => shown.filter((weight) => weight > 0).length,
});
`;

/** What is wrong, in which text, what is replaced by what, and what the compiler must say. */
const BAD: readonly (readonly [what: string, text: string, from: string, to: string, says: RegExp])[] = [
  [
    "reads a signal that it does not declare",
    SOUND,
    '["popularity", "relevance"]',
    '["popularity"]',
    /Property 'relevance' does not exist on type 'Pick<Signals, "popularity">'/,
  ],
  [
    "reads a signal in a population metric that it does not declare",
    POPULATION,
    "({ catalogSize }) =>",
    "({ catalogSize, history }) =>",
    /Property 'history' does not exist on type 'Pick<Signals, "catalogSize">'/,
  ],
  [
    "needs a signal that there is not",
    SOUND,
    '["popularity", "relevance"]',
    '["popularity", "relevance", "price"]',
    /Type '"price"' is not assignable to type .*keyof Signals|'"price"' is not assignable to type '"relevance"/,
  ],
  [
    "gives an option of the wrong type",
    SOUND,
    "below: 3",
    'below: "3"',
    /Type 'string' is not assignable to type 'number'/,
  ],
  [
    "gives a choice that is none",
    SOUND,
    'gain: "binary", cutoff',
    'gain: "cubic", cutoff',
    /Type '"cubic"' is not assignable to type '"linear" \| "binary"/,
  ],
  [
    "gives an option that is not declared",
    SOUND,
    "below: 3",
    "above: 3",
    /'above' does not exist in type/,
  ],
  [
    "reads an option that is not declared",
    SOUND,
    "{ below, gain, cutoff }",
    "{ below, gain, cutoff, above }",
    /Property 'above' does not exist on type/,
  ],
  [
    "takes an option for another type",
    SOUND,
    "< below",
    "< below.length",
    /Property 'length' does not exist on type 'number'/,
  ],
  [
    "gives a text for a value",
    SOUND,
    "return gain ===",
    'return gain === "linear" ? "high" : gain ===',
    /Type 'string' is not assignable to type 'number \| NotDefined'/,
  ],
  [
    "gives a promise",
    SOUND,
    "  score(slate",
    "  async score(slate",
    /Type 'Promise<.*>' is not assignable to type 'number \| NotDefined'/,
  ],
  [
    "has neither score nor scoreBatch",
    SOUND,
    "  score(slate",
    "  scored(slate",
    /'scored' does not exist in type/,
  ],
  [
    "leaves its scoring out",
    'import { defineMetric } from "blade";\nexport default defineMetric({ name: "mine", summary: "A metric.", ' +
    'kind: "list", range: [0, 1], direction: "maximize", needs: [] });\n',
    "",
    "",
    /Property 'score' is missing/,
  ],
  [
    "writes to its slate",
    SOUND,
    "slate.slice(0, depth)",
    "slate.sort().slice(0, depth)",
    /Property 'sort' does not exist on type 'Slate'/,
  ],
  [
    "does not say what is better",
    SOUND,
    '"maximize"',
    '"higher"',
    /'"higher"' is not assignable to type 'Direction'/,
  ],
  [
    "cannot remove",
    POPULATION,
    "  remove(state, slate, weight) {\n    for (const item of slate) state.shown[item]! -= weight;\n  },\n",
    "",
    /No overload matches this call/,
  ],
  [
    "reads what its state has not",
    POPULATION,
    "value: ({ shown })",
    "value: ({ seen: shown })",
    /Property 'seen' does not exist on type '\{ shown: Float64Array/,
  ],
];

/** By file, what the compiler says of each of the texts; one process for all of them. */
async function compiled(texts: readonly string[]): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  const paths = texts.map((_, at) => `${folder.path}/${at}.ts`);
  for (const [at, text] of texts.entries()) await Deno.writeTextFile(paths[at]!, text);
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", "deno.json", ...paths],
    env: { NO_COLOR: "1" },
  }).output();
  const errors = new TextDecoder().decode(stderr).split(/\n(?=TS\d+ \[ERROR\])/);
  return texts.map((_, at) => errors.filter((error) => error.includes(`/${at}.ts:`)).join("\n"));
}

Deno.test("the types refuse a metric that breaks the contract", async (t) => {
  const texts = BAD.map(([, text, from, to]) => {
    assertStringIncludes(text, from);
    return text.replace(from, to);
  });
  const said = await compiled([SOUND, POPULATION, ...texts]);
  await t.step("and let sound ones pass", () => assertEquals(said.slice(0, 2), ["", ""]));
  for (const [at, [what, , , , says]] of BAD.entries()) {
    await t.step(`one that ${what}`, () => assertMatch(said[at + 2]!, says));
  }
});
