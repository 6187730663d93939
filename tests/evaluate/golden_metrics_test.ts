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

for (const golden of ours) {
  Deno.test(`evaluateLists() gives ${golden.spec} its golden value in ${golden.id}`, async () => {
    const { id: _, spec, expected, tolerance, ...tables } = golden;
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
