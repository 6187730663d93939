import { textTable } from "../report/table.ts";
import type { Command, Example } from "./command.ts";
import { COMMON_FLAGS } from "./flags.ts";

/** How the program is started from a checkout. */
const START = "deno run -P main.ts";

/**
 * The help of the whole program.
 *
 * @param commands those it has
 * @param version of the program
 */
export function programHelp(commands: readonly Command[], version: string): string {
  return `blade ${version}: aligns a generative recommender to any list-wise objective

Usage: blade COMMAND …     where blade is \`${START}\`

Commands
${columns(commands.map((command) => [usage(command), command.summary]))}
\`blade COMMAND --help\` tells more; \`blade --version\` prints the version.

Examples
${
    examples([
      { line: "train configs/quickstart.jsonc", about: "train the demo, about a minute" },
      { line: "recommend runs/quickstart-1 --cutoff 5", about: "its lists, as CSV" },
    ])
  }
Exit codes: 0 done, 1 a check failed, 2 usage, configuration or data, 3 interrupted with the state saved.
`;
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const flags = [...command.flags, ...COMMON_FLAGS].map((flag): [string, string] => [
    `--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}${flag.repeat ? " …" : ""}`,
    flag.summary,
  ]);
  const details = command.details === undefined ? "" : `\n${command.details}\n`;
  return `${command.summary}

Usage: blade ${usage(command)}${command.flags.length > 0 ? " [FLAGS]" : ""}
${details}
Flags
${columns(flags)}
Examples
${examples(command.examples)}`;
}

/** The commands whose names begin with a word: the help of `blade metrics`. */
export function groupHelp(word: string, commands: readonly Command[]): string {
  return `Usage: blade ${word} COMMAND …

Commands
${columns(commands.map((command) => [usage(command), command.summary]))}
Examples
${examples(commands.flatMap((command) => command.examples.slice(0, 1)))}`;
}

function usage(command: Command): string {
  const positionals = command.positionals.map((name) => name.endsWith("?") ? `[${name.slice(0, -1)}]` : name);
  return [command.name, ...positionals].join(" ");
}

function examples(list: readonly Example[]): string {
  return list.map(({ line, about }) => `  ${START} ${line}\n      ${about}\n`).join("");
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const lines = textTable(["", ""], rows, ["left", "left"]).split("\n").slice(2, -1);
  return lines.map((line) => `  ${line}\n`).join("");
}
