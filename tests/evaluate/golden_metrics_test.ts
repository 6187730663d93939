import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BUILTIN } from "../../src/reward/builtin.ts";
import { parseMetricSpec } from "../../src/reward/metric_spec.ts";
import { evaluateLists, type TableRow } from "../../src/evaluate/evaluate_lists.ts";

interface GoldenCase {
  readonly id: string;
  readonly spec: string;
  readonly lists: readonly TableRow[];
  readonly relevant?: readonly TableRow[];
  readonly history?: readonly TableRow[];
  readonly items?: readonly TableRow[];
  readonly expected: number | null | {
    readonly perUser: Readonly<Record<string, number | null>>;
    readonly mean: number | null;
  };
  readonly tolerance: number;
}

const file = new URL("../../fixtures/golden/metrics.json", import.meta.url);
const cases: readonly GoldenCase[] = JSON.parse(Deno.readTextFileSync(file));
const names = new Set<string>(BUILTIN.map(({ spec }) => spec.name));
const ours = cases.filter(({ spec }) => names.has(parseMetricSpec(spec).name));

Deno.test("the golden file has 87 cases, all of built-in metrics", () => {
  assertEquals(ours.length, 87);
});

/**
 * Cases whose tables do not say what their peer was given. RecBole's unit test counts item 1 as met 0 times by training
 * and item 7 not at all, which makes item 1 its tail; in a table of history both are simply absent. Of the items
 * that training met, item 2 is the rarest: it stands in two of the 15 places, and RecBole gives the same
 * without its entry of 0.
 */
const OTHERWISE: Readonly<Record<string, number>> = { "recbole-tailpct@3": (1 / 3 + 1 / 3) / 5 };

for (const golden of ours) {
  Deno.test(`evaluateLists() gives ${golden.spec} its golden value in ${golden.id}`, async () => {
    const { id, spec, tolerance, ...tables } = golden;
    const expected = OTHERWISE[id] ?? golden.expected;
    const { metrics, perUser } = await evaluateLists(tables, [spec], { resamples: 10 });
    const whole = typeof expected === "object" ? expected : { mean: expected, perUser: {} };
    assertClose(metrics[spec]!.mean, whole?.mean ?? null, tolerance, "mean");
    const given = perUser[spec] ?? {};
    for (const [user, value] of Object.entries(whole?.perUser ?? {})) {
      assertClose(given[user], value, tolerance, `user ${user}`);
    }
    // Every user that the case does not list is one that its peer drops.
    if (whole !== null && Object.keys(whole.perUser).length > 0) {
      const dropped = Object.keys(given).filter((user) => !Object.hasOwn(whole.perUser, user));
      assertEquals(dropped.map((user) => given[user]), dropped.map(() => null));
    }
  });
}

function assertClose(
  actual: number | null | undefined,
  expected: number | null,
  tolerance: number,
  what: string,
) {
  if (expected === null || typeof actual !== "number") assertEquals(actual, expected, what);
  else assertAlmostEquals(actual, expected, tolerance, what);
}
