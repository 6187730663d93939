/** What became of the mutants, as a page and as JSON in Stryker's schema. */
import { dirname } from "node:path/posix";
import { IGNORED, type Mutant } from "./instrument.ts";
import type { Status } from "./worker.ts";

/** A mutant and what became of it. */
export interface Finding extends Mutant {
  readonly status: Status | "unreached" | "untried" | "ignored";
  /** The test that noticed it. */
  readonly by?: string;
}

/** One row of the table. */
export interface Score {
  readonly folder: string;
  readonly count: Readonly<Record<Finding["status"], number>>;
  /** Noticed, of all that were tried or that no test reaches. */
  readonly score: number;
}

/**
 * Counts the mutants of a folder.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scoreOf } from "./report.ts";
 * const file = { file: "src/a/b.ts" } as never;
 * const found = (["killed", "timeout", "survived", "unreached", "ignored"] as const).map((status) => (
 *   { ...file as object, status } as never
 * ));
 * assertEquals(scoreOf("src/a", found).score, 0.5);
 * ```
 */
export function scoreOf(folder: string, findings: readonly Finding[]): Score {
  const count = { killed: 0, timeout: 0, survived: 0, unreached: 0, untried: 0, ignored: 0 };
  for (const { file, status } of findings) if (dirname(file) === folder) count[status]++;
  const noticed = count.killed + count.timeout;
  const counted = noticed + count.survived + count.unreached;
  return { folder, count, score: counted === 0 ? 1 : noticed / counted };
}

/** Why some survivors cannot be noticed: the first entry that fits speaks. */
export interface Reason {
  /** A file, or a folder. */
  readonly in: string;
  /** The kind of change; any when left out. */
  readonly mutator?: string;
  /** Patterns of the text before and after; any when left out. */
  readonly original?: string;
  readonly replacement?: string;
  readonly reason: string;
}

/** Where, when and how the mutants were tried. */
export interface Circumstances {
  readonly command: string;
  readonly commit: string;
  /** As `2026-01-31`. */
  readonly date: string;
  readonly minutes: number;
  readonly leftOut: readonly string[];
  readonly why: string;
  readonly reasons: readonly Reason[];
}

/** The page docs/mutation.md. */
export function pageOf(
  findings: readonly Finding[],
  folders: readonly string[],
  about: Circumstances,
): string {
  const rows = folders.map((folder) => scoreOf(folder, findings)).map(({ folder, count, score }) => {
    const { killed, timeout, survived, unreached, untried, ignored } = count;
    const counted = killed + timeout + survived + unreached;
    const cells = [
      `\`${folder}\``,
      counted,
      killed,
      timeout,
      survived,
      unreached,
      `${(100 * score).toFixed(1)} %`,
    ];
    return `| ${[...cells, untried, ignored].join(" | ")} |`;
  });
  const survivors = findings.filter(({ status }) => status === "survived" || status === "unreached");
  const explained = new Map<string, Finding[]>();
  for (const each of survivors) {
    const reason = about.reasons.find((known) => fits(known, each))?.reason ?? "";
    explained.set(reason, [...explained.get(reason) ?? [], each]);
  }
  const open = explained.get("") ?? [];
  explained.delete("");
  const sections = [...explained].map(([reason, found]) =>
    `### ${reason} (${found.length})\n\n${listOf(found)}`
  );
  return `# Mutation testing

\`${about.command}\` changes the sources in small ways, one at a time, and counts which changes the tests notice. The
changes are those of Stryker's instrumenter. Tried at commit ${about.commit}, ${about.date}, in ${
    about.minutes.toFixed(0)
  } minutes.
The page is generated; the command writes it with \`--out docs/mutation.md\`.

| folder | mutants | noticed | endless, so noticed | survived | reached by no test | score | untried | not counted |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}

The score is the noticed and the endless ones, of all that count. Not counted: ${IGNORED}. Changes that no test
could notice do count, as survivors. The tests are those of the three folders, of the metrics and of the contracts,
with the examples of their documentation, in one process on the cpu and wasm devices; the tests of whole trainings and of
the command line, which meet the same code, do not take part.

Not mutated: ${about.leftOut.map((path) => `\`${path}\``).join(", ")}. ${about.why}

## Survivors with a reason

${sections.length === 0 ? "None." : sections.join("\n\n")}

## Other survivors

${open.length === 0 ? "None." : listOf(open)}
`;
}

function fits({ in: place, mutator, original, replacement }: Reason, found: Finding): boolean {
  return (found.file === place || found.file.startsWith(`${place}/`)) &&
    (mutator === undefined || mutator === found.mutator) &&
    (original === undefined || new RegExp(original).test(found.original)) &&
    (replacement === undefined || new RegExp(replacement).test(found.replacement));
}

function listOf(findings: readonly Finding[]): string {
  return findings.map((found) =>
    `- ${lineOf(found)}${found.status === "unreached" ? " (reached by no test)" : ""}`
  )
    .join("\n");
}

/** A mutant on one line. */
export function lineOf({ file, start, original, replacement }: Mutant): string {
  return `${file}:${start.line}: ${code(original)} → ${code(replacement)}`;
}

function code(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return `\`\`\`\` ${line.length <= 90 ? line : `${line.slice(0, 60)} … ${line.slice(-25)}`} \`\`\`\``;
}

const STATUS = {
  killed: "Killed",
  timeout: "Timeout",
  survived: "Survived",
  unreached: "NoCoverage",
  untried: "Pending",
  ignored: "Ignored",
} as const satisfies Record<Finding["status"], string>;

/** The same as JSON, in the schema of Stryker's mutation reports, version 1. */
export function schemaOf(findings: readonly Finding[], sources: ReadonlyMap<string, string>): unknown {
  const files = [...sources].map(([file, source]) => [file, {
    language: "typescript",
    source,
    mutants: findings.filter((each) => each.file === file).map((each) => ({
      id: String(each.id),
      mutatorName: each.mutator,
      replacement: each.replacement,
      status: STATUS[each.status],
      location: {
        start: { line: each.start.line, column: each.start.column + 1 },
        end: { line: each.end.line, column: each.end.column + 1 },
      },
      ...(each.ignored === undefined ? {} : { statusReason: each.ignored }),
      ...(each.by === undefined ? {} : { description: `noticed by: ${each.by}` }),
    })),
  }]);
  return { schemaVersion: "1", thresholds: { high: 85, low: 85 }, files: Object.fromEntries(files) };
}
