import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import { BladeError } from "../core/errors.ts";

/** A flag that a command takes. */
export interface FlagSpec {
  /** Without the dashes. */
  readonly name: string;
  /** What its value is, in capitals or words (`DIR`); left out for a switch. */
  readonly value?: string;
  readonly summary: string;
  /** May be given several times. */
  readonly repeat?: boolean;
}

/** The flags that were given. */
export interface Flags {
  /** Whether a switch is on, or a flag has a value. */
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** All values of a flag that repeats, in order. */
  texts(name: string): readonly string[];
  /** The value as a whole number of at least `least`. */
  whole(name: string, least: number): number | undefined;
}

/** Flags of every command. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  { name: "help", summary: "print this help" },
];

/**
 * Sorts arguments into positionals and flags. A flag that is not in `specs`, a flag without its value and a switch
 * with one are refused, never ignored.
 *
 * @param args what follows the command's name
 * @param specs the flags that the command takes
 * @param command its name, for messages
 * @throws {BladeError} with the nearest known flag
 * @example
 * ```ts
 * import { parseFlags } from "./flags.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const specs = [{ name: "out", value: "DIR", summary: "where to" }];
 * const { positionals, flags } = parseFlags(["a.jsonc", "--out", "runs/7"], specs, "train");
 * assertEquals([positionals, flags.text("out")], [["a.jsonc"], "runs/7"]);
 * assertThrows(() => parseFlags(["--ouf", "x"], specs, "train"), Error, "did you mean --out?");
 * ```
 */
export function parseFlags(
  args: readonly string[],
  specs: readonly FlagSpec[],
  command: string,
): { positionals: readonly string[]; flags: Flags } {
  const known = [...specs, ...COMMON_FLAGS];
  const switches = known.filter((spec) => spec.value === undefined).map((spec) => spec.name);
  const valued = known.filter((spec) => spec.value !== undefined).map((spec) => spec.name);
  for (const arg of beforeDoubleDash(args)) {
    refuseSwitchValue(arg, switches);
    if (isUnderscore(arg)) refuseUnknown(arg.split("=")[0]!, known, command);
  }
  const parsed = parseArgs(args, {
    boolean: switches,
    string: ["_", ...valued],
    collect: valued,
    alias: { h: "help" },
    unknown: (arg, key) => key === undefined ? true : refuseUnknown(arg.split("=")[0]!, known, command),
  });
  const texts = (name: string) => (parsed[name] ?? []) as string[];
  for (const { name, value, repeat } of known) {
    if (value === undefined) continue;
    if (texts(name).includes("")) {
      const mend = `give it one: --${name} ${value}`;
      throw new BladeError({ place: `--${name}`, rule: `must have a value (${value})`, mend });
    }
    if (!repeat && texts(name).length > 1) {
      const mend = "keep one of them";
      throw new BladeError({
        place: `--${name}`,
        rule: "must be given once",
        value: texts(name).join(", "),
        mend,
      });
    }
  }
  const flags: Flags = {
    has: (name) => switches.includes(name) ? parsed[name] === true : texts(name).length > 0,
    text: (name) => texts(name)[0],
    texts,
    whole(name, least) {
      const text = texts(name)[0];
      if (text === undefined) return undefined;
      const value = Number(text);
      if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
        const mend = `give for instance --${name} ${Math.max(least, 10)}`;
        throw new BladeError({
          place: `--${name}`,
          rule: `must be a whole number of at least ${least}`,
          value: text,
          mend,
        });
      }
      return value;
    },
  };
  return { positionals: parsed._.map(String), flags };
}

function beforeDoubleDash(args: readonly string[]): readonly string[] {
  const at = args.indexOf("--");
  return at < 0 ? args : args.slice(0, at);
}

/** The parser keeps positionals under `_`: a flag of that name, or such a letter, would take their place. */
function isUnderscore(arg: string): boolean {
  const [name = ""] = arg.split("=");
  return /^--+(no-)?_(\.|$)/.test(name) || /^-[^-].*_/.test(name) || name.startsWith("-_");
}

/** `--json=no` would read as `--json`. */
function refuseSwitchValue(arg: string, switches: readonly string[]): void {
  const [name, value] = arg.split("=", 2);
  if (value !== undefined && switches.includes(name!.replace(/^--/, "")) && name!.startsWith("--")) {
    throw new BladeError({
      place: name!,
      rule: "must stand without a value",
      value,
      mend: `write ${name} or leave it out`,
    });
  }
}

function refuseUnknown(flag: string, known: readonly FlagSpec[], command: string): never {
  const names = known.map((spec) => `--${spec.name}`);
  const nearest = closestString(flag, names);
  throw new BladeError({
    place: flag,
    rule: `is not a flag of \`blade ${command}\``,
    mend: `did you mean ${nearest}? It takes ${names.join(", ")}`,
  });
}
