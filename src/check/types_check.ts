import { fromFileUrl, resolve, toFileUrl } from "@std/path";
import type { PluginSource } from "../reward/load_plugin.ts";
import type { CheckLine } from "./check_line.ts";

/**
 * Asks `deno check` about a plugin's file. Without the permission to start it, with code that is no file here, or in
 * plain JavaScript the line says so and nothing fails.
 *
 * @param source where the plugin came from
 */
export async function checkTypes(source: PluginSource): Promise<CheckLine> {
  const notChecked = (says: string, mend?: string): CheckLine => ({
    check: "types",
    outcome: "not checked",
    says,
    ...(mend === undefined ? {} : { mend }),
  });
  const module = moduleOf(source.specifier);
  const config = new URL("../../deno.json", import.meta.url);
  if (module.protocol !== "file:" || config.protocol !== "file:") return notChecked("only files are");
  if (/\.m?js$/.test(module.pathname)) return notChecked("plain JavaScript has none");
  const deno = await allowedDeno();
  const mend = "deno run -P --allow-run=deno main.ts plugin check …";
  if (deno === undefined) return notChecked("--allow-run=deno", mend);
  const command = new Deno.Command(deno, {
    args: ["check", "--quiet", "--config", fromFileUrl(config), fromFileUrl(module)],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  try {
    const { code, stderr } = await command.output();
    if (code === 0) return { check: "types", outcome: "ok", says: "deno check finds nothing" };
    return {
      check: "types",
      outcome: "FAIL",
      says: firstTypeError(new TextDecoder().decode(stderr)),
      mend: `correct it; \`deno check ${source.specifier}\` tells all`,
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable) && !(error instanceof Deno.errors.NotFound)) throw error;
    return notChecked(`deno could not be started: ${error.message.split("\n")[0]}`, mend);
  }
}

/** `--allow-run=deno` names what the search path has, which need not be the program that runs this. */
async function allowedDeno(): Promise<string | undefined> {
  for (const command of [Deno.execPath(), "deno"]) {
    if ((await Deno.permissions.query({ name: "run", command })).state === "granted") return command;
  }
  return undefined;
}

function moduleOf(specifier: string): URL {
  const builtin = /^blade:(.+)$/.exec(specifier)?.[1];
  if (builtin !== undefined) return new URL(`../../plugins/${builtin}.ts`, import.meta.url);
  return /^(file|npm|jsr|https?):/.test(specifier) ? new URL(specifier) : toFileUrl(resolve(specifier));
}

/**
 * The first error of what `deno check` prints, with its place, and how many there are. Of a chain of reasons it is the
 * last that tells what to change.
 *
 * @example
 * ```ts
 * import { firstTypeError } from "./types_check.ts";
 * import { assertEquals } from "@std/assert";
 * const said = "TS2339 [ERROR]: Property 'x' is not there.\n  a.x\n    ~\n    at file:///p/mine.ts:4:24\n\nFound 3 errors.\n";
 * assertEquals(firstTypeError(said), "mine.ts:4: Property 'x' is not there, and 2 more");
 * const chain = "TS2769 [ERROR]: No overload matches this call.\n  Overload 1 of 2, 'f', gave the following error.\n" +
 *   "    Type A is not B.\n  Overload 2 of 2, 'g', gave the following error.\n    Type C is not D.\n";
 * assertEquals(firstTypeError(chain), "Type A is not B");
 * assertEquals(firstTypeError("error: no such file\n"), "no such file");
 * ```
 */
export function firstTypeError(said: string): string {
  const [, message] = /TS\d+ \[ERROR\]: ([^\n]*)/.exec(said) ?? [];
  if (message === undefined) return said.trim().split("\n")[0]!.replace(/^error: /, "");
  const place = /at file:\S*?([^/\s]+:\d+):\d+/.exec(said)?.[1];
  const found = Number(/^Found (\d+) errors/m.exec(said)?.[1] ?? 1);
  const text = (reasonOf(said) ?? message).trim().replace(/\.$/, "");
  return `${place === undefined ? "" : `${place}: `}${text}${found > 1 ? `, and ${found - 1} more` : ""}`;
}

/** `defineMetric` has a form for each kind of metric: that a metric is not of the other kind is no reason. */
function reasonOf(said: string): string | undefined {
  const overloads = said.matchAll(/Overload \d+ of \d+, [^\n]*\n((?: {4}[^\n]*\n)+)/g);
  const reasons = Array.from(overloads, ([, reason]) => reason!.trimEnd().split("\n").at(-1)!);
  return reasons.find((reason) => !/'"(?:list|population)"' is not assignable to type/.test(reason)) ??
    reasons[0];
}
