/** What may stand in no file of the repository, whatever the file is about. */
import type { SourceFile, Violation } from "./arch.ts";

interface TextRule {
  readonly pattern: RegExp;
  readonly rule: string;
  readonly mend: string;
  readonly exempt?: RegExp;
}

/** Files longer than this are named, not refused. */
export const LONG_FILE = 400;

const RULES: readonly TextRule[] = [
  {
    pattern: /(?:^|[\s"'`(=:])\/(?:home|root|Users|work|mnt|private)\/[\w.-]/,
    rule: "no path of one machine",
    mend: "write it relative to the repository, or take it as an argument",
  },
  {
    pattern:
      /\bhttps?:\/\/(?:[\w.-]*\b(?:registry|artifactory|nexus|verdaccio|mirror)\b|(?:127|10|192\.168)\.|localhost)/,
    rule: "no address of a registry or of a private host",
    mend: "let npm's and Deno's own settings say where packages come from",
  },
  {
    pattern: /\.\.\/shared\b/,
    rule: "no file beside the repository",
    mend: "copy what is needed into fixtures/, or let the user name the folder",
    exempt: /^(?:tests|bench)\//,
  },
  {
    pattern: /--allow-all\b|\bdeno\b.*\s-A(?![\w-])|["'`]-A["'`]/,
    rule: "no program with every permission",
    mend: "name the permissions that it needs: -P, a set of deno.json, or --allow-… with what it may",
    exempt: /^(?:\.ci\/house_rules\.ts|tests\/ci\/.*)$/,
  },
  {
    pattern: /\b(?:TODO|FIXME|XXX)\b/,
    rule: "no note of unfinished work",
    mend: "finish it, or say in the documentation what is not there",
    exempt: /^(?:\.ci\/house_rules\.ts|tests\/ci\/.*|deno\.lock)$/,
  },
  {
    // Comments may: they show values. 2 ** n of a whole n is exact, as a test holds.
    pattern:
      /^(?!\s*(?:\*|\/\/|\/\*)).*?(?:\bMath\.(?:a?cosh?|a?sinh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log1p|log2|log10|pow)\b|(?<!\b2 )\*\*=?\s)/,
    rule: "no function whose last bit is the engine's choice",
    mend: "take exp, log, pow, square, sin or cos of src/numerics, in a metric those of blade",
    // The kernels are AssemblyScript, which brings its own.
    exempt: /^(?!src\/|plugins\/)|^src\/device\/wasm\/kernels\//,
  },
];

/** Checks every line of every file; one violation per rule and line. */
export function checkTexts(files: readonly SourceFile[]): Violation[] {
  const violations: Violation[] = [];
  for (const { path, text } of files) {
    const rules = RULES.filter(({ exempt }) => !exempt?.test(path));
    if (!rules.some(({ pattern }) => new RegExp(pattern, "m").test(text))) continue;
    text.split("\n").forEach((content, index) => {
      for (const { pattern, rule, mend } of rules) {
        if (pattern.test(content)) violations.push({ path, line: index + 1, rule, mend });
      }
    });
  }
  return violations;
}

/** The files that hold more than `LONG_FILE` lines. */
export function longFiles(files: readonly SourceFile[]): { path: string; lines: number }[] {
  return files.map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LONG_FILE);
}
