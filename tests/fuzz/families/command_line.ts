import fc from "fast-check";
import { runCommandLine } from "../../../src/cli/command_line.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { parseFlags } from "../../../src/cli/flags.ts";
import { type Family, textOf } from "../family.ts";
import { spoiled } from "../spoiled_text.ts";

/** Every flag with a value, and words that are none. */
const WORDS = [
  ...new Set(
    COMMANDS.flatMap(({ flags }) =>
      flags.flatMap(({ name, value }) => value === undefined ? [`--${name}`] : [`--${name}=3`, `--${name}`])
    ),
  ),
  "configs/quickstart.jsonc",
  "--",
  "-",
  "-h",
  "--no-json",
  "--json=yes",
  "--__proto__=1",
  "--constructor",
  "--seed.a=1",
  "7",
];

const NAMES = COMMANDS.map(({ name }) => name);

/** Arguments stand one a line: none has a line's end of its own. */
const line = fc.tuple(
  fc.constantFrom(...NAMES),
  fc.array(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...WORDS) }, {
      weight: 1,
      arbitrary: spoiled(...WORDS),
    }),
    {
      maxLength: 6,
    },
  ),
).map(([command, words]) => ({ command, words: words.map((word) => word.replaceAll("\n", " ")).join("\n") }));

/** Arguments of every command. The commands themselves are not run. */
export const COMMAND_LINE_FAMILIES: readonly Family[] = [
  {
    name: "flags",
    inputs: line,
    run({ command, words }) {
      const { flags } = COMMANDS.find(({ name }) => name === command)!;
      const text = textOf(words);
      const parsed = parseFlags(text === "" ? [] : text.split("\n"), flags, textOf(command));
      for (const { name, value } of flags) {
        parsed.flags.has(name);
        if (value === undefined) continue;
        for (const one of parsed.flags.texts(name)) {
          if (typeof one !== "string") throw new Error(`${name} is no text`);
        }
        if (value === "N") parsed.flags.whole(name, 1);
      }
      if (!parsed.positionals.every((word) => typeof word === "string")) {
        throw new Error("a word that is no text");
      }
    },
  },
  {
    name: "command-name",
    inputs: fc.record({
      name: spoiled(...NAMES, "help", "--version"),
      second: spoiled("--help", "list", ""),
    }),
    async run({ name, second }) {
      const [first, next] = [textOf(name), textOf(second)];
      // With nothing to run, what is left are names that no command has, and help.
      const isCommand = NAMES.some((known) => known === first || known === `${first} ${next}`);
      const args = [first, ...(next === "" ? [] : [next]), ...(isCommand ? ["--help"] : [])];
      let said = "";
      const code = await runCommandLine(args, {
        out: () => {},
        err: (text: string) => said += text,
        errIsTerminal: false,
        runApi: () => Promise.reject(new Error("nothing is run")),
      });
      if (said.includes("blade failed unexpectedly") || ![0, 2].includes(code)) throw new Error(said);
      if (said.length > 4000) throw new Error(`a message of ${said.length} characters`);
    },
  },
];
