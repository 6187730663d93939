import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { BladeError, EXIT } from "../core/errors.ts";
import deno from "../../deno.json" with { type: "json" };
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { explainFailure } from "./failure.ts";
import { parseFlags } from "./flags.ts";
import { commandHelp, groupHelp, programHelp } from "./help.ts";
import type { Io } from "./io.ts";

/**
 * Runs one command line. Nothing is thrown: an error becomes one message on `io.err` and an exit code.
 *
 * @param args what follows the program's name
 * @param io the streams, and the code that computes
 * @returns 0 done, 1 a check failed, 2 usage, configuration or data, 3 interrupted
 * @example
 * ```ts
 * import { runCommandLine } from "./command_line.ts";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 * let err = "";
 * const io = {
 *   out: () => {},
 *   err: (text: string) => err += text,
 *   errIsTerminal: false,
 *   runApi: () => Promise.reject(new Error("not needed")),
 * };
 * assertEquals(await runCommandLine(["trian"], io), 2);
 * assertStringIncludes(err, "did you mean train?");
 * ```
 */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    // The reader of a pipe may leave early, as `head` does: that is no failure.
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.ok;
    const failure = explainFailure(error, isDebug());
    io.err(`${failure.message}\n`);
    return failure.exitCode;
  }
}

async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [first = "--help", second] = args;
  if (["--help", "-h", "help"].includes(first)) {
    io.out(programHelp(COMMANDS, deno.version));
    return args.length === 0 ? EXIT.usage : EXIT.ok;
  }
  if (first === "--version" || first === "-V") {
    io.out(`${deno.version}\n`);
    return EXIT.ok;
  }
  const group = COMMANDS.filter((command) => command.name.startsWith(`${first} `));
  if (group.length > 0 && (second === undefined || second === "--help" || second === "-h")) {
    io.out(groupHelp(first, group));
    return second === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command === undefined) throw unknownCommand(group.length > 0 ? `${first} ${second}` : first);
  const rest = args.slice(command.name.split(" ").length);
  // Help wins over whatever else is on the line, right or wrong.
  if (rest.includes("--help") || rest.includes("-h")) {
    io.out(commandHelp(command));
    return EXIT.ok;
  }
  const { positionals, flags } = parseFlags(rest, command.flags, command.name);
  checkPositionals(command, positionals);
  return await command.run({ positionals, flags }, io);
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const { positionals } = command;
  const least = positionals.filter((name) => !name.endsWith("?")).length;
  const most = positionals.some((name) => /…\??$/.test(name)) ? Infinity : positionals.length;
  if (given.length >= least && given.length <= most) return;
  const wanted = positionals.map((name) => name.endsWith("?") ? `[${name.slice(0, -1)}]` : name).join(" ");
  throw new BladeError({
    place: `blade ${command.name}`,
    rule: wanted === "" ? "must stand without arguments" : `must be given ${wanted}`,
    ...(given.length > 0 ? { value: given.join(" ") } : {}),
    mend: `for instance: blade ${command.examples[0]!.line}`,
  });
}

function unknownCommand(name: string): BladeError {
  const closest = closestString(name, COMMANDS.map((command) => command.name));
  // Far from everything, the nearest name would only lead astray.
  const meant = levenshteinDistance(name, closest) <= Math.max(name.length, closest.length) / 2
    ? `did you mean ${closest}? `
    : "";
  const option = name.startsWith("-");
  return new BladeError({
    place: name,
    rule: option ? "is not a flag of blade itself" : "is not a command",
    mend: option
      ? "name a command first; `blade --help` lists them"
      : `${meant}\`blade --help\` lists them all`,
  });
}

function isDebug(): boolean {
  try {
    return (Deno.env.get("BLADE_DEBUG") ?? "") !== "";
  } catch {
    return false;
  }
}
