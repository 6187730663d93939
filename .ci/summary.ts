/**
 * Turns what Deno says at the end of its test runs into the one plain line that a CI machine reads.
 * `deno run .ci/summary.ts EXIT_CODE < log` prints that line last and exits with the code that CI should see.
 */

/** Counts over every test run of a log. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
  /** Closing lines found: how many times a test run came to its end. */
  readonly runs: number;
}

// deno-lint-ignore no-control-regex
const COLOUR = /\u001b\[[0-9;]*m/g;
const CLOSING =
  /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored(?: \(\d+ steps?\))?)?(?: \| \d+ measured)?(?: \| \d+ filtered out)?(?: \(.*\))?$/;

/**
 * Adds up the closing lines of a log.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countTests } from "./summary.ts";
 * const log = "ok | 5 passed | 0 failed | 2 ignored (7ms)\nnoise\nFAILED | 1 passed (3 steps) | 1 failed (1s)\n";
 * assertEquals(countTests(log), { passed: 6, failed: 1, ignored: 2, runs: 2 });
 * ```
 */
export function countTests(log: string): TestCounts {
  let [passed, failed, ignored, runs] = [0, 0, 0, 0];
  for (const line of log.replace(COLOUR, "").split(/\r?\n/)) {
    const found = CLOSING.exec(line.trim());
    if (!found) continue;
    passed += Number(found[1]);
    failed += Number(found[2]);
    ignored += Number(found[3] ?? 0);
    runs++;
  }
  return { passed, failed, ignored, runs };
}

/**
 * The plain line and the exit code of a whole CI run. Checks other than tests (format, types, the demo …) have
 * no count of their own: when one of them is what failed, it counts as one failure, so that the line never says
 * `0 failed` about a run that failed. A run without a single test is a failure too.
 */
export function conclude(counts: TestCounts, exitCode: number): { line: string; exitCode: number } {
  const code = exitCode !== 0 ? exitCode : counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  const failed = counts.failed === 0 && code !== 0 ? 1 : counts.failed;
  const skipped = counts.ignored > 0 ? `, ${counts.ignored} skipped` : "";
  return { line: `${counts.passed} passed, ${failed} failed${skipped}`, exitCode: code };
}

if (import.meta.main) {
  const [given = ""] = Deno.args;
  const exitCode = /^\d+$/.test(given) ? Number(given) : 1;
  const counts = countTests(await new Response(Deno.stdin.readable).text());
  const { line, exitCode: code } = conclude(counts, exitCode);
  if (counts.runs === 0) console.log("No test run came to its end.");
  else if (counts.passed + counts.failed === 0) console.log("Not a single test ran.");
  else if (code !== 0 && counts.failed === 0) console.log("A check other than the tests failed: see above.");
  console.log(line);
  Deno.exit(code);
}
