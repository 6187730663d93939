import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CheckLine } from "../../src/check/check_line.ts";
import { batchPlugin, EVEN, listPlugin, populationPlugin } from "../check/_plugins.ts";
import { blade } from "../ci/command_line.ts";
import { type Ran, ran, temporaryFolder } from "./_io.ts";

interface Report {
  readonly trainable: boolean;
  readonly verdict: string;
  readonly checks: readonly CheckLine[];
  readonly measures?: { readonly headRoom: { readonly gain: number; readonly standardDeviations: number } };
}

/** Checks a plugin of that text, in this process unless told. */
async function checked(
  text: string,
  spec = "@10",
  args: readonly string[] = ["--isolate", "never"],
): Promise<Ran & { report: Report }> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/mine.js`;
  await Deno.writeTextFile(path, text);
  const finished = await ran(["plugin", "check", `${path}${spec}`, "--json", ...args]);
  return { ...finished, report: JSON.parse(finished.out) };
}

function line({ checks }: Report, check: string): CheckLine {
  const found = checks.find((each) => each.check === check);
  assert(found !== undefined, `no line ${check} among ${checks.map((each) => each.check).join(", ")}`);
  return found;
}

Deno.test("plugin check lets a sound list metric pass, with its head-room", async () => {
  const { code, report } = await checked(listPlugin(EVEN));
  assertEquals([code, report.verdict], [0, "can be trained with"]);
  for (const check of ["contract", "answers", "range", "purity", "rows", "order", "ties", "spread", "tied"]) {
    assertEquals(line(report, check).outcome, "ok", check);
  }
  // Half of 10 items are even, give or take √(10·¼) / 10 = 0.16; the best of 8 lies 1.42 deviations up.
  const { gain, standardDeviations } = report.measures!.headRoom;
  assert(gain > 0.15 && gain < 0.25, `${gain}`);
  assert(standardDeviations > 1.2 && standardDeviations < 1.6, `${standardDeviations}`);
});

Deno.test("plugin check lets a sound population metric pass", async () => {
  const { code, report } = await checked(populationPlugin());
  assertEquals([code, report.verdict], [0, "can be trained with"]);
  for (const check of ["purity", "rows", "remove", "weights", "pooled", "spread"]) {
    assertEquals(line(report, check).outcome, "ok", check);
  }
});

const FIRST_IS_EVEN =
  "out.forEach((_, row) => out[row] = batch.items[row * batch.cutoff] % 2 === 0 ? 1 : 0);";

/** What breaks, how, the check that must notice, and a part of what it must say. */
const BAD: readonly (readonly [what: string, text: string, check: string, says: RegExp])[] = [
  ["rolls dice", listPlugin("return Math.random();"), "purity", /asked twice about context \d+, slate \[/],
  ["counts its calls", listPlugin("return 1 - 1 / calls;"), "purity", /asked twice/],
  ["sorts its slate", listPlugin("slate.sort(); return 0.5;"), "purity", /writes to what it is handed/],
  [
    "writes to the signals",
    listPlugin(`signals.popularity.counts[0]++; ${EVEN}`, { needs: ["popularity"] }),
    "purity",
    /signals or context/,
  ],
  [
    "writes to the context",
    listPlugin(`context.history.length = 0; ${EVEN}`),
    "purity",
    /signals or context/,
  ],
  ["leaves its range", listPlugin("return slate.length / 4;"), "range", /2\.5 for .* outside 0 to 1/],
  [
    "gives NaN",
    listPlugin("return slate.length === 1 ? NaN : 0.5;"),
    "answers",
    /slate \[\d+\]: must give a finite number.*NaN/,
  ],
  [
    "gives infinity",
    listPlugin("return 1 / (slate.length - 1);"),
    "answers",
    /Infinity/,
  ],
  ["gives a text", listPlugin('return "high";'), "answers", /must give a finite number.*"high"/],
  [
    "throws",
    listPlugin('if (slate.includes(-1)) throw new Error("a gap"); return 1;'),
    "answers",
    /slate \[.*-1.*must not throw.*a gap/,
  ],
  ["is always the same", listPlugin("return 0.5;"), "spread", /worth 0\.5/],
  ["has no value for any slate", listPlugin('return notDefined("never");'), "undefined", /100 %.*never/],
  [
    "goes by the row",
    batchPlugin("out.forEach((_, row) => out[row] = row / out.length);"),
    "rows",
    /when the batch is turned round/,
  ],
  [
    "goes by the size of the batch",
    batchPlugin("out.fill(1 / out.length);"),
    "rows",
    /when it is asked about alone/,
  ],
  [
    "leaves its range where few lists lead",
    listPlugin(`if (context.contextId === 1) return 5; ${EVEN}`),
    "range",
    /5 on random slates is outside 0 to 1/,
  ],
  [
    "throws where few lists lead",
    listPlugin(`if (context.contextId === 1) throw new Error("one"); ${EVEN}`),
    "answers",
    /context 1 .*must not throw.*one/,
  ],
  [
    "removes too little from a full state",
    populationPlugin({
      remove:
        "(state, slate, weight) => { count(state, slate, -weight); if (state.all > 1) state.even += 0.1; }",
    }),
    "remove",
    /becomes .* when slate \[.*is added and removed/,
  ],
  [
    "leaves its range with one short slate",
    populationPlugin({
      add: "(state, slate) => { state.all++; state.even = slate.length; }",
      value: "(state) => state.all === 1 && state.even === 1 ? 2 : 0.5",
    }),
    "range",
    /^2 for slate \[\d+\] alone is outside/,
  ],
  [
    "goes by the slate before",
    listPlugin("const was = last; last = slate[0]; return was < last ? 1 : 0;"),
    "purity",
    /asked twice/,
  ],
  [
    "has two forms that differ",
    batchPlugin(FIRST_IS_EVEN).replace("scoreBatch", "score: () => 0.25,\n  scoreBatch"),
    "forms",
    /scoreBatch says .*, score 0\.25/,
  ],
  [
    "does not remove",
    populationPlugin({ remove: "() => {}" }),
    "remove",
    /becomes .* when 64 slates are added and removed/,
  ],
  [
    "ignores weights",
    populationPlugin({
      add: "(state, slate) => count(state, slate, 1)",
      remove: "(state, slate) => count(state, slate, -1)",
      value: "(state) => 1 - 1 / (1 + state.even)",
    }),
    "weights",
    /with weight 2/,
  ],
  [
    "goes by the order of slates",
    populationPlugin({
      add: "(state, slate) => { state.all = (state.all + slate[0] / 1000) / 2; }",
      remove: "() => {}",
      value: "(state) => state.all",
    }),
    "rows",
    /in the opposite order/,
  ],
  [
    "shares its state",
    populationPlugin({
      add: "(state, slate, weight) => { shared += weight; count(state, slate, weight); }",
      value: "() => 1 - 1 / (1 + shared)",
    }),
    "purity",
    /the same slates give/,
  ],
  [
    "leaves its range with many slates",
    populationPlugin({ value: "(state) => state.all / 100" }),
    "range",
    /after \d+ slates is outside/,
  ],
  [
    "gives NaN before any slate",
    populationPlugin({ value: "(state) => state.even / state.all" }),
    "answers",
    /NaN/,
  ],
  [
    "throws in remove",
    populationPlugin({ remove: '() => { throw new Error("no") }' }),
    "remove",
    /remove of context .*no/,
  ],
  ["names no kind", listPlugin("return 1;", { kind: "lst" }), "contract", /kind: must be list or population/],
  [
    "takes a taken name",
    listPlugin("return 1;", { name: "ndcg" }),
    "contract",
    /must have a name of its own/,
  ],
  ["is no module", "export default {", "contract", /must be a module that can be imported/],
  ["has no default export", "export const metric = 1;", "contract", /must export defineMetric/],
];

for (const [what, text, check, says] of BAD) {
  Deno.test(`plugin check notices a metric that ${what}`, async () => {
    const { code, report, err } = await checked(text);
    assertEquals(code, 1, err);
    assertEquals(report.trainable, false);
    assertEquals(
      report.checks.find(({ outcome }) => outcome === "FAIL")?.check,
      check,
      JSON.stringify(report.checks),
    );
    assertMatch(line(report, check).says, says);
    assertMatch(line(report, check).mend ?? "", /\w{3}/);
    assert(report.verdict.startsWith(`must not be trained with: ${check}: `), report.verdict);
  });
}

/** What is odd but no fault, the check that must warn, and a part of what it must say. */
const ODD: readonly (readonly [what: string, text: string, check: string, says: RegExp])[] = [
  [
    "counts whole slates",
    populationPlugin({
      add: "(state, slate, weight) => { state.all += weight; if (slate.length > 5) state.even += weight; }",
      remove:
        "(state, slate, weight) => { state.all -= weight; if (slate.length > 5) state.even -= weight; }",
    }),
    "pooled",
    /for whole slates, .* item by item/,
  ],
  ["looks at the first place alone", listPlugin("return (slate[0] + 1) / 1000;"), "ties", /share a rank/],
  [
    "tells ties apart in many lists together",
    populationPlugin({
      add: "(state, slate, weight) => count(state, slate.slice(0, 1), weight)",
      remove: "(state, slate, weight) => count(state, slate.slice(0, 1), -weight)",
    }),
    "ties",
    /share a rank/,
  ],
  [
    "has no value for a third of the slates",
    listPlugin('if (slate[0] % 3 === 0) return notDefined("by three");\n' + EVEN),
    "undefined",
    /^3\d % of slates have no value: by three \(\d+\)$/,
  ],
  [
    "is a hit or a miss",
    listPlugin("return slate.includes(7) ? 1 : 0;"),
    "tied",
    /^\d+ % of groups of 4 tie/,
  ],
];

for (const [what, text, check, says] of ODD) {
  Deno.test(`plugin check warns of a metric that ${what}, and lets it be trained with`, async () => {
    const { code, report } = await checked(text);
    assertEquals([code, report.trainable], [0, true], JSON.stringify(report.checks));
    const { outcome, says: said, mend } = line(report, check);
    assertEquals(outcome, "warning");
    assertMatch(said, says);
    assertMatch(mend ?? "", /\w{3}/);
  });
}

Deno.test("plugin check asks a plugin from elsewhere, a stranger's, through a process without permissions", async () => {
  const isolated: string[] = [];
  const sound = await checked(listPlugin(EVEN), "@10", isolated);
  assertEquals([sound.code, sound.report.verdict], [0, "can be trained with"], sound.err);
  assertStringIncludes(line(sound.report, "contract").says, "in a process of its own");
  const population = await checked(populationPlugin(), "@10", isolated);
  assertEquals([population.code, population.report.verdict], [0, "can be trained with"], population.err);
  const dice = await checked(listPlugin("return Math.random();"), "@10", isolated);
  assertEquals([dice.code, line(dice.report, "purity").outcome], [1, "FAIL"]);
  const nosy = await checked(listPlugin('Deno.readTextFileSync("deno.json"); return 1;'), "@10", isolated);
  assertEquals([nosy.code, line(nosy.report, "answers").outcome], [1, "FAIL"]);
});

Deno.test("plugin check has a verdict on ndcg@10 and ild@10 and on a population metric, in 100 columns", async () => {
  for (
    const [spec, verdict] of [
      ["ndcg@10", /^Verdict: can be trained with, but \d+ % of groups tie: only the others teach\.$/m],
      ["ild@10", /^Verdict: can be trained with\.$/m],
      ["mgu@10", /^Verdict: can be trained with\.$/m],
      ["coverage@10", /^Verdict: can be trained with, but 100 % of groups tie/m],
    ] as const
  ) {
    const { code, out } = await ran(["plugin", "check", spec]);
    assertEquals(code, 0, out);
    assertMatch(out, verdict);
    assertStringIncludes(
      out,
      `${spec} (${spec.split("@")[0]}), slates of 10 for the 400 contexts of quickstart`,
    );
    assertMatch(out, /^head-room +ok +best of 8 gains [\d.]+ over the mean, [\d.]+ standard deviations$/m);
    assertEquals(out.split("\n").filter((each) => [...each].length > 100), []);
  }
});

Deno.test("plugin check makes up what the quickstart lacks, and fails where a configuration's data lack it", async () => {
  const made = await ran(["plugin", "check", "ild@10?by=embedding"]);
  assertEquals(made.code, 0);
  assertMatch(made.out, /^signals +warning +quickstart has no embedding: made up here/m);
  const config = new URL("../../configs/quickstart.jsonc", import.meta.url).pathname;
  const lacking = await ran(["plugin", "check", "ild@10?by=embedding", "--config", config]);
  assertEquals(lacking.code, 1);
  assertStringIncludes(lacking.out, "must not be trained with: signals: quickstart has no embedding");
});

Deno.test("plugin check tries a metric on the slates that a configuration asks for", async () => {
  await using folder = await temporaryFolder();
  const quickstart = new URL("../../fixtures/quickstart", import.meta.url).pathname;
  const config = { data: { reader: "fixture", folder: quickstart }, align: { cutoff: 3, groupSize: 2 } };
  await Deno.writeTextFile(`${folder.path}/own.jsonc`, JSON.stringify(config));
  const { out } = await ran(["plugin", "check", "ild", "--config", `${folder.path}/own.jsonc`]);
  assertStringIncludes(out, "slates of 3 for the 400 contexts of quickstart");
  assertMatch(out, /of groups of 2 tie/);
});

Deno.test("plugin check reads types with deno check, and says so where it may not start deno", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/mine.ts`;
  const text = listPlugin("return 1 / (1 + slate[0]);").replaceAll(/let (calls|last).*;/g, "let $1 = 0;");
  await Deno.writeTextFile(path, text.replace("calls++;", "signals.relevance;"));
  const { code, out } = await ran(["plugin", "check", `${path}@10`]);
  assertEquals(code, 1);
  assertMatch(out, /^types +FAIL +mine\.ts:7: Property 'relevance' does not exist/m);
  const allowed = await blade(["plugin", "check", "ild@10"], ["--allow-run=deno"]);
  assertMatch(allowed.out, /^types +ok +deno check finds nothing$/m);
  const refused = await blade(["plugin", "check", "ild@10"]);
  assertEquals(refused.code, 0);
  assertMatch(refused.out, /^types +not checked +--allow-run=deno$/m);
});

Deno.test("plugin check refuses what was typed wrongly with 2, before any check", async () => {
  for (
    const [spec, says] of [
      ["./no/such.ts@10", "./no/such.ts: must exist"],
      ["ndgc@10", "did you mean ndcg?"],
      ["ndcg@0", "must have a whole number from 1 on"],
      ["ndcg@10?gian=binary", "takes only the options it declares"],
    ] as const
  ) {
    const { code, out, err } = await ran(["plugin", "check", spec]);
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, says);
  }
});
