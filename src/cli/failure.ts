import { dirname, normalize } from "@std/path";
import { BladeError, EXIT } from "../core/errors.ts";

/** What the program says of an error, and its exit code. */
export interface Failure {
  readonly message: string;
  readonly exitCode: number;
}

/**
 * Puts an error into words for the user: what they can mend with the mend, permissions with the flag that is
 * missing, a full disk and missing files in plain words, anything else as a fault of the program.
 *
 * @param error what was thrown
 * @param debug adds the stack trace of a fault
 * @example
 * ```ts
 * import { explainFailure } from "./failure.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const error = new Deno.errors.NotCapable('Requires write access to "/data/a.csv", run again with the --allow-write flag');
 * assertStringIncludes(explainFailure(error, false).message, "--allow-write=./runs,/data");
 * ```
 */
export function explainFailure(error: unknown, debug: boolean): Failure {
  const known = knownFailure(error);
  if (known !== undefined) return { message: `error: ${known.message}`, exitCode: known.exitCode };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const detail = debug && stack !== undefined ? stack : `${message}\n  Set BLADE_DEBUG=1 to see where.`;
  return {
    message: `blade failed unexpectedly, which is a fault of the program: ${detail}`,
    exitCode: EXIT.usage,
  };
}

function knownFailure(error: unknown): BladeError | undefined {
  if (error instanceof BladeError) return error;
  if (!(error instanceof Error)) return undefined;
  if (error instanceof Deno.errors.NotCapable) return missingPermission(error);
  const path = error.message.match(/'([^']+)'|"([^"]+)"/)?.slice(1).find((group) => group !== undefined);
  const place = path ?? "a file";
  const code = (error as { code?: unknown }).code;
  if (code === "ENOSPC" || code === "EDQUOT" || /no space left on device/i.test(error.message)) {
    const mend = "make room and start again, a run by train --resume: what was saved before is intact";
    return new BladeError({ place, rule: "must fit on the disk, which is full", mend });
  }
  if (error instanceof Deno.errors.NotFound) {
    return new BladeError({ place, rule: "must exist", value: reason(error), mend: "check the path" });
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    const mend = "change the owner or the mode of the file, or name another";
    return new BladeError({ place, rule: "must be open to this user", value: reason(error), mend });
  }
  if (code === "EROFS") {
    const mend = "name a folder on another disk";
    return new BladeError({ place, rule: "must be on a disk that can be written, and is read-only", mend });
  }
  if (
    error instanceof Deno.errors.IsADirectory || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.AlreadyExists || (typeof code === "string" && /^E[A-Z]+$/.test(code))
  ) {
    return new BladeError({
      place,
      rule: "must be a path that can be used so",
      value: reason(error),
      mend: "name another",
    });
  }
  return undefined;
}

/** `Requires write access to "/data/a.csv", run again with …` */
function missingPermission(error: Error): BladeError {
  const [, kind = "the", target] = error.message.match(/Requires (\w+) access(?: to "([^"]+)")?/) ?? [];
  if (kind === "all") {
    const mend = "name an ordinary file or folder";
    return new BladeError({ place: target ?? "a path", rule: "must not be a device or a system file", mend });
  }
  const isPath = kind === "read" || kind === "write";
  // Deno's flag takes the place of what -P allows, so ./runs has to be named again.
  const value = target === undefined ? "" : `=${kind === "write" ? writeFolders(dirname(target)) : target}`;
  return new BladeError({
    place: target ?? `${kind} access`,
    rule: isPath
      ? `must be a path that the program may ${kind}; with -P it writes under ./runs only`
      : `must be granted (${kind})`,
    mend: kind === "read" && target !== undefined
      ? `start it as: deno run -P main.ts …, which reads everywhere, or as: deno run -P=ci --allow-read=.,${target} main.ts …`
      : `start it as: deno run -P --allow-${kind}${value} main.ts …`,
  });
}

/** The folder beside ./runs, where it is another. */
function writeFolders(folder: string): string {
  return normalize(folder).split(/[\\/]/)[0] === "runs" ? "./runs" : `./runs,${folder}`;
}

function reason(error: Error): string {
  return error.message.split(/[:(]/)[0]!.trim();
}
