import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cut } from "../../.ci/mutation/instrument.ts";
import { type Finding, pageOf, schemaOf, scoreOf } from "../../.ci/mutation/report.ts";

const SOURCE = "export function f(a: number) {\n  return a < 3;\n}\n";
const found = (
  id: number,
  status: Finding["status"],
  replacement = "a <= 3",
  file = "src/a/f.ts",
): Finding => ({
  id,
  file,
  start: { line: 2, column: 9 },
  end: { line: 2, column: 14 },
  mutator: "EqualityOperator",
  original: "a < 3",
  replacement,
  status,
});
const FINDINGS = [
  found(1, "killed"),
  found(2, "timeout"),
  found(3, "survived"),
  found(4, "survived", "true"),
  found(5, "unreached", "false"),
  found(6, "ignored"),
  found(7, "untried"),
  found(8, "killed", "a >= 3", "src/a/in/g.ts"),
];
const ABOUT = {
  command: "deno task mutate",
  commit: "abc1234",
  date: "2026-01-31",
  minutes: 4,
  leftOut: ["src/a/h.ts"],
  why: "It is slow.",
  reasons: [{ in: "src/a", original: "<", replacement: "<=", reason: "It is the same" }],
};

Deno.test("a folder's score is what was noticed, endless loops included, of all that counts and was tried", () => {
  const { score, count } = scoreOf("src/a", FINDINGS);
  assertEquals(score, 2 / 5);
  assertEquals(count, { killed: 1, timeout: 1, survived: 2, unreached: 1, untried: 1, ignored: 1 });
});

Deno.test("the page has a row for each folder and a line for each survivor, with its reason where there is one", () => {
  const page = pageOf(FINDINGS, ["src/a", "src/a/in"], ABOUT);
  assertStringIncludes(page, "| `src/a` | 5 | 1 | 1 | 2 | 1 | 40.0 % | 1 | 1 |");
  assertStringIncludes(page, "| `src/a/in` | 1 | 1 | 0 | 0 | 0 | 100.0 % | 0 | 0 |");
  const [reasoned, other] = page.split("## Survivors with a reason")[1]!.split("## Other survivors") as [
    string,
    string,
  ];
  assertStringIncludes(reasoned, "### It is the same (1)");
  assertStringIncludes(reasoned, "src/a/f.ts:2: ```` a < 3 ```` → ```` a <= 3 ````");
  assertStringIncludes(other, "→ ```` true ````");
  assertStringIncludes(other, "→ ```` false ```` (reached by no test)");
  for (const part of ["abc1234", "2026-01-31", "`src/a/h.ts`", "It is slow."]) {
    assertStringIncludes(page, part);
  }
});

Deno.test("a survivor is explained by the first reason that fits all it names", () => {
  const other = [
    { in: "src/b", reason: "elsewhere" },
    { in: "src/a/f.ts", mutator: "StringLiteral", reason: "a sentence" },
    { in: "src/a/f.ts", original: "^b", reason: "another" },
    { in: "src/a/f.ts", replacement: "^true$", reason: "this one" },
    { in: "src/a", reason: "all others" },
  ];
  const page = pageOf(FINDINGS, ["src/a"], { ...ABOUT, reasons: other });
  assertStringIncludes(page, "### this one (1)");
  assertStringIncludes(page, "### all others (2)");
  assert(!/elsewhere|a sentence|another/.test(page));
});

Deno.test("the JSON has the names and places of Stryker's schema", () => {
  const { files } = schemaOf(FINDINGS, new Map([["src/a/f.ts", SOURCE]])) as {
    files: Record<string, { source: string; mutants: { status: string; location: unknown }[] }>;
  };
  const { source, mutants } = files["src/a/f.ts"]!;
  assertEquals(source, SOURCE);
  assertEquals(mutants.map(({ status }) => status), [
    "Killed",
    "Timeout",
    "Survived",
    "Survived",
    "NoCoverage",
    "Ignored",
    "Pending",
  ]);
  assertEquals(mutants[0]!.location, { start: { line: 2, column: 10 }, end: { line: 2, column: 15 } });
});

Deno.test("cut() takes the text between two places, over lines too", () => {
  assertEquals(cut(SOURCE, { line: 2, column: 9 }, { line: 2, column: 14 }), "a < 3");
  assertEquals(cut(SOURCE, { line: 1, column: 29 }, { line: 3, column: 1 }), "{\n  return a < 3;\n}");
});
