/** Exit codes of the command line. */
export const EXIT = {
  ok: 0,
  checkFailed: 1,
  usage: 2,
  interrupted: 3,
} as const;

/** What a refused input tells: where, which rule, which value, and what to do. */
export interface Refusal {
  /** File and line, config path, flag or plugin: where the user has to look. */
  readonly place: string;
  /** What must hold there. */
  readonly rule: string;
  /** What was found, shortened if long. Left out when nothing was there. */
  readonly value?: unknown;
  /** The next thing to do. */
  readonly mend: string;
  /** Exit code of the command line; 2 when left out. */
  readonly exitCode?: number;
}

/**
 * An error that the user can mend. Printed as one message without a stack trace.
 *
 * @example
 * ```ts
 * import { BladeError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 * const error = new BladeError({
 *   place: "config.jsonc: align.cutoff",
 *   rule: "must be at least 1",
 *   value: 0,
 *   mend: "set it to the length of the lists that you want",
 * });
 * assertEquals(
 *   error.message,
 *   "config.jsonc: align.cutoff: must be at least 1, got 0.\n  To mend: set it to the length of the lists that you want.",
 * );
 * ```
 */
export class BladeError extends Error {
  /** Exit code of the command line that fails with this error. */
  readonly exitCode: number;

  /** Makes one message of the refusal's parts. */
  constructor(readonly refusal: Refusal) {
    const got = "value" in refusal ? `, got ${shown(refusal.value)}` : "";
    // Each may quote the input: a file name, a column, the names to choose from.
    const [place, rule, mend] = [refusal.place, refusal.rule, refusal.mend].map(cut);
    super(`${place}: ${rule}${got}.\n  To mend: ${mend}.`);
    this.name = "BladeError";
    this.exitCode = refusal.exitCode ?? EXIT.usage;
  }
}

function shown(value: unknown): string {
  const text = typeof value === "string" || typeof value === "object" ? asJson(value) : String(value);
  return text.length > 120 ? text.slice(0, 117) + "…" : text;
}

/** Letters of a part of a message. */
const LONGEST = 1200;

/** The beginning and the end, which say the most. */
function cut(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST - 300)} … ${text.slice(-200)}`;
}

/** A plugin may give anything: objects that hold themselves have no JSON. */
function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "an object without JSON";
  } catch {
    return "an object without JSON";
  }
}
