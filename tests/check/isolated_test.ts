import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CheckLine } from "../../src/check/check_line.ts";
import { checkMetric } from "../../src/check/check_metric.ts";
import type { World } from "../../src/check/world.ts";
import type { AnySpec, Metric } from "../../src/reward/metric.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { smallWorld } from "../contracts/world.ts";
import { temporaryFolder } from "../cli/_io.ts";
import { batchPlugin, EVEN, listPlugin, populationPlugin } from "./_plugins.ts";

/** Checks a plugin as if it ran in another process: its functions cannot be called, only its judge can be asked. */
async function checked(text: string): Promise<readonly CheckLine[]> {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/mine.js`, text);
  const { default: factory }: { default: (() => Metric) & { spec: AnySpec } } = await import(
    `file://${folder.path}/mine.js`
  );
  const metric = factory();
  const here = { spec: "mine", metric, source: { specifier: "test" } };
  const away = () => {
    throw new Error("a function of another process");
  };
  const functions = Object.entries(metric).filter(([, part]) => typeof part === "function");
  const outOfReach = { ...metric, ...Object.fromEntries(functions.map(([name]) => [name, away])) } as Metric;
  const world: World = { name: "small", ...smallWorld(), cutoff: 4, groupSize: 4, batch: 4, discount: 0.9 };
  const loaded = { ...here, metric: outOfReach, judge: judgeOf(here) };
  return (await checkMetric(loaded, world, { mayMakeUp: true })).lines;
}

Deno.test("a metric of another process is checked through its judge alone", async () => {
  for (const text of [listPlugin(EVEN), populationPlugin()]) {
    const lines = await checked(text);
    assertEquals(lines.filter(({ outcome }) => outcome === "FAIL"), []);
    const names = lines.map(({ check }) => check);
    for (const name of ["answers", "range", "purity", "rows", "spread", "head-room"]) {
      assert(names.includes(name), name);
    }
    assert(!names.includes("forms"));
  }
});

for (
  const [what, text, check, says] of [
    ["rolls dice", listPlugin("return Math.random();"), "purity", /asked twice/],
    ["leaves its range", listPlugin("return slate.length;"), "range", /outside 0 to 1/],
    ["throws", listPlugin('throw new Error("no");'), "answers", /no/],
    [
      "goes by the row",
      batchPlugin("out.forEach((_, row) => out[row] = row / out.length);"),
      "rows",
      /turned round/,
    ],
    [
      "shares its state",
      populationPlugin({ value: "() => 1 - 1 / ++shared" }),
      "purity",
      /the same slates give/,
    ],
    ["does not remove", populationPlugin({ remove: "() => {}" }), "remove", /in the opposite order/],
    [
      "leaves its range",
      populationPlugin({ value: "(state) => state.all / 9" }),
      "range",
      /of 8 slates is outside/,
    ],
    [
      "goes by the order",
      populationPlugin({
        add: "(state, slate) => { state.all = (state.all + slate.length + (slate[0] ?? 0) / 1000) / 9; }",
        value: "(state) => state.all",
      }),
      "rows",
      /in the opposite order/,
    ],
  ] as const
) {
  Deno.test(`a metric of another process that ${what} is noticed: ${check}`, async () => {
    const failed = (await checked(text)).filter(({ outcome }) => outcome === "FAIL");
    const line = failed.find((each) => each.check === check);
    assert(line !== undefined, JSON.stringify(failed));
    assertMatch(line.says, says);
  });
}
