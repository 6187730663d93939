import type { Comparison, Difference } from "./difference.ts";
import type { Verification } from "./verify_run.ts";

/**
 * A verification in words: what was compared, what differs first, what changed around it, the verdict.
 *
 * @param run the folder that was verified
 * @example
 * ```ts
 * import { verificationText } from "./verification_text.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const difference = { kind: "step", place: "sft step 3: loss", recorded: 5, found: 5.5 } as const;
 * const text = verificationText("runs/a", {
 *   verdict: "different",
 *   by: "bits",
 *   because: "wasm gives the same bits anywhere",
 *   compared: [{ what: "steps", count: 3, difference }],
 *   differences: [difference],
 *   changed: [{ what: "Deno", recorded: "2.9.5", now: "2.9.6" }],
 *   repetition: null,
 * });
 * assertStringIncludes(text, "First difference: sft step 3: loss\n  recorded  5\n  found     5.5\n");
 * assertStringIncludes(text, "Deno was 2.9.5, is 2.9.6");
 * ```
 */
export function verificationText(run: string, verification: Verification): string {
  const { verdict, by, because, compared, differences, changed, repetition } = verification;
  const [first, ...others] = differences;
  const lines = compared.filter(({ count, difference }) => count > 0 || difference !== null).map(
    comparisonLine,
  );
  if (first !== undefined) {
    lines.push(`First difference: ${differenceLines(first)}`);
    for (const difference of others) lines.push(`Then: ${differenceLines(difference)}`);
  }
  for (const { what, recorded, now } of changed ?? []) {
    lines.push(`Changed around it: ${what} was ${recorded}, is ${now}`);
  }
  if (first !== undefined && changed?.length === 0) {
    lines.push("Nothing that a run records changed around it.");
  }
  if (repetition !== null) lines.push(`The repetition is in ${repetition}`);
  const how = by === "bits" ? "bit for bit" : "within tolerance";
  lines.push(
    verdict === "same"
      ? `${run}: the same, ${how} (${because})`
      : `${run}: different${by === "bits" ? "" : " beyond tolerance"} (${because})`,
  );
  return `${lines.join("\n")}\n`;
}

function comparisonLine({ what, count, difference }: Comparison): string {
  const verdict = difference === null ? "the same" : "different";
  return `  ${count.toLocaleString("en").padStart(9)} ${what.padEnd(30)} ${verdict}`;
}

function differenceLines({ place, recorded, found, extent }: Difference): string {
  const shown = (value: string | number | null) => value === null ? "nothing" : String(value);
  return `${place}\n  recorded  ${shown(recorded)}\n  found     ${shown(found)}${
    extent === undefined ? "" : `\n  ${extent}`
  }`;
}
