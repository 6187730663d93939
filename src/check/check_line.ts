import { BladeError } from "../core/errors.ts";

/** What one check of a metric came to. */
export interface CheckLine {
  /** One word: `range`, `purity`. */
  readonly check: string;
  /** `FAIL`: the metric must not be trained with. */
  readonly outcome: "ok" | "warning" | "FAIL" | "not checked";
  /** What was found, with the list that shows it. */
  readonly says: string;
  /** The next thing to do. */
  readonly mend?: string;
}

/**
 * A number as the lines of a check write it: four significant digits.
 *
 * @example
 * ```ts
 * import { shown } from "./check_line.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([shown(2 / 3), shown(1e9), shown(-Infinity)], ["0.6667", "1000000000", "−∞"]);
 * ```
 */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : Number.isNaN(value) ? "none" : "∞";
  return String(Number(value.toPrecision(4)) + 0);
}

/**
 * A share as the lines of a check write it. Only nothing is 0 %, only all is 100 %.
 *
 * @example
 * ```ts
 * import { percent } from "./check_line.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 0.001, 0.925, 0.9999, 1].map(percent), ["0 %", "under 1 %", "93 %", "over 99 %", "100 %"]);
 * ```
 */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return "under 1 %";
  if (share < 1 && share > 0.99) return "over 99 %";
  return `${Math.round(100 * share)} %`;
}

/** A line without a fault. */
export function ok(check: string, says: string): CheckLine {
  return { check, outcome: "ok", says };
}

/**
 * A check that met an error: what it says is the finding.
 *
 * @throws what is not for the user to mend
 */
export function failure(check: string, error: unknown): CheckLine {
  if (!(error instanceof BladeError)) throw error;
  const [says = "", mend = "correct the plugin"] = error.message.split("\n  To mend: ");
  return { check, outcome: "FAIL", says: says.replace(/\.$/, ""), mend: mend.replace(/\.$/, "") };
}

/** A check that fails with what it throws. */
export async function attempt(
  check: string,
  work: () => CheckLine | Promise<CheckLine>,
): Promise<CheckLine> {
  try {
    return await work();
  } catch (error) {
    return failure(check, error);
  }
}
