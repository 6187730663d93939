/** Starts the program as a user does: a process of its own, with the permissions of `-P`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

/** What a process left behind. */
export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs `deno run -P main.ts …`. `extra` are further flags of Deno, as `--allow-write=DIR`, or another set of
 * permissions instead, `-P=native` first. `env` is added to the environment.
 */
export async function blade(
  args: readonly string[],
  extra: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...extra[0]?.startsWith("-P=") ? [] : ["-P"],
      "--quiet",
      "--no-prompt",
      ...extra,
      "main.ts",
      ...args,
    ],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  // Deno says on every start that permission sets are new; that line is its own.
  const err = text.decode(stderr).split("\n").filter((line) =>
    !line.startsWith("Warning Permissions in the config")
  );
  return { code, out: text.decode(stdout), err: err.join("\n") };
}

/**
 * Asserts that the program refused: exit code 2, nothing on stdout, and on stderr one message with everything that
 * `says` lists (place, rule, value, mend) and no trace of the program's inside.
 */
export function assertRefused({ code, out, err }: Finished, says: readonly string[]): void {
  assertEquals(code, 2, `exit code ${code}: ${out}${err}`);
  assertEquals(out, "");
  const message = err.slice(err.lastIndexOf("error: "));
  assert(message.startsWith("error: "), `no message: ${err}`);
  for (const part of [...says, "\n  To mend: "]) assertStringIncludes(message, part);
  for (const inside of [/^\s+at /m, /\[object /, /unexpectedly/]) {
    assert(!inside.test(message), `${inside} in: ${message}`);
  }
  assertEquals(message.match(/To mend:/g)?.length, 1, message);
}

/** A folder for one test, gone after it. */
export async function temporaryFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
