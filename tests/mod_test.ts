/** The public API, used by its names alone, as by someone who has never seen the source. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import golden from "../fixtures/golden/target.json" with { type: "json" };
import * as blade from "../mod.ts";
import { smallConfig, writeSmallData } from "./ci/small_run.ts";
import { loadedAtStart } from "./ci/module_graph.ts";
import { temporaryFolder } from "./cli/_io.ts";

interface MetricCase extends blade.ListTables {
  readonly id: string;
  readonly spec: string;
  readonly expected: number | null | { readonly perUser: object; readonly mean: number | null };
  readonly tolerance: number;
}

interface TargetCase {
  readonly id: string;
  readonly prior: readonly number[];
  readonly priorStrength: number;
  readonly rollouts: readonly number[];
  readonly n: number;
  readonly discount?: number;
  readonly expected: {
    readonly logDensityRatio: readonly number[];
    readonly evidenceAfter?: readonly (readonly [number, number])[];
  };
}

Deno.test("importing mod.ts loads neither tensors nor the schema library", async () => {
  const loaded = await loadedAtStart("mod.ts");
  assert(loaded.some((name) => name.endsWith("src/config/train.ts")), "train is there");
  assertEquals(
    loaded.filter((name) => /tfjs|tensorflow|zod|src\/(?:device|model|rollout|train)\//.test(name)),
    [],
  );
});

Deno.test("mod.ts has every name that scripts rely on", () => {
  const names = ["defineMetric", "notDefined", "createEvidence", "weighRollouts", "updateEvidence"];
  names.push("bestOfNDensityRatio", "evaluateLists", "loadMetric", "train", "loadRun");
  names.push("loadPretrained", "BladeError", "oneOf");
  names.push("exp", "expm1", "log", "log1p", "log2", "pow");
  assertEquals(Object.keys(blade).sort(), names.sort());
});

Deno.test("evaluateLists() gives the built-in metrics their golden values", async () => {
  const text = await Deno.readTextFile(new URL("../fixtures/golden/metrics.json", import.meta.url));
  const cases: readonly MetricCase[] = JSON.parse(text);
  let visited = 0;
  for (const { id, spec, expected, tolerance, ...tables } of cases) {
    const known = await blade.loadMetric(spec).then(() => true, (error) => {
      assert(error instanceof blade.BladeError, id);
      assertEquals(error.refusal.rule, "must be the name of a built-in metric or of a loaded plugin", id);
      return false;
    });
    if (!known) continue;
    visited++;
    const { metrics, perUser } = await blade.evaluateLists(tables, [spec], { resamples: 10 });
    const whole = typeof expected === "object" ? expected : { mean: expected, perUser: {} };
    assertClose(metrics[spec]?.mean, whole?.mean ?? null, tolerance, id);
    for (const [user, value] of Object.entries(whole?.perUser ?? {})) {
      assertClose(perUser[spec]?.[user], value, tolerance, `${id}: ${user}`);
    }
  }
  assert(visited >= 87, `only ${visited} cases were visited`);
});

Deno.test("weighRollouts() and updateEvidence() agree with exact arithmetic", () => {
  const cases = golden.cases as unknown as readonly TargetCase[];
  assert(cases.length >= 10);
  for (const { id, rollouts, n, discount, expected, ...prior } of cases) {
    const evidence = blade.createEvidence(prior);
    const { logDensityRatio } = blade.weighRollouts(evidence, rollouts, { n });
    assertEquals(logDensityRatio.length, expected.logDensityRatio.length, id);
    expected.logDensityRatio.forEach((value, j) =>
      assertClose(logDensityRatio[j], value, 1e-9 * Math.max(1, Math.abs(value)), id)
    );
    if (expected.evidenceAfter === undefined) continue;
    const { atoms } = blade.updateEvidence(evidence, rollouts, { discount: discount! });
    assertEquals(atoms.length, expected.evidenceAfter.length, id);
    expected.evidenceAfter.forEach(([reward, weight], i) => {
      assertClose(atoms[i]?.[0], reward, 1e-9, id);
      assertClose(atoms[i]?.[1], weight, 1e-9, id);
    });
  }
});

Deno.test("bestOfNDensityRatio() keeps mean 1 under the distribution, ties or not", () => {
  const probabilities = [0.5, 0.25, 0.25];
  const ratio = blade.bestOfNDensityRatio(probabilities, [1, 2, 2], 2);
  // Both draws fall on the worst with 1/4: 1/4 over 1/2. The two that tie share the rest.
  assertEquals(ratio, [0.5, 1.5, 1.5]);
  assertThrows(() => blade.bestOfNDensityRatio([0.5], [1], 2), blade.BladeError);
});

Deno.test("train() writes the run that loadRun() opens, and tells its observer", async () => {
  await using folder = await temporaryFolder();
  await writeSmallData(folder.path);
  await Deno.writeTextFile(`${folder.path}/small.json`, JSON.stringify(smallConfig()));
  const stages: string[] = [];
  const outcome = await blade.train(`${folder.path}/small.json`, {
    out: `${folder.path}/run`,
    set: ["seed=5"],
    observer: { stage: (name) => void stages.push(name) },
  });
  assertEquals(outcome.runFolder, `${folder.path}/run`);
  assertEquals(stages.filter((name) => name === "sft" || name === "align"), ["sft", "align"]);
  assert(outcome.results.some(({ system, metric }) => system === "aligned" && metric === "ndcg@3"));
  const run = await blade.loadRun(outcome.runFolder);
  assertEquals(run.config.seed, 5);
  const { metrics } = await run.evaluate({ metrics: ["ndcg@3"] });
  const reported = outcome.results.find(({ system, metric }) => system === "aligned" && metric === "ndcg@3");
  assertEquals(metrics["ndcg@3"]?.mean, reported?.mean);
});

Deno.test("train() stops on its signal, and the same call with resume finishes the run", async () => {
  await using folder = await temporaryFolder();
  await writeSmallData(folder.path);
  const small = smallConfig();
  const config = { ...small, data: { ...small.data, folder: folder.path } };
  const options = { out: `${folder.path}/run`, resume: true };
  const stop = new AbortController();
  const stopped = await assertRejects(
    () =>
      blade.train(config, { ...options, signal: stop.signal, observer: { step: () => void stop.abort() } }),
    blade.BladeError,
  );
  assertEquals(stopped.exitCode, 3);
  const other = await assertRejects(
    () => blade.train(config, { ...options, set: ["align.cutoff=4"] }),
    blade.BladeError,
    "align.cutoff: must be what the run was started with, got 4",
  );
  assertEquals(other.exitCode, 2);
  const { results } = await blade.train(config, options);
  assert(results.some(({ system }) => system === "aligned"));
});

Deno.test("train() checks an object by the schema of the files, and makes no folder for a refused one", async () => {
  await using folder = await temporaryFolder();
  const out = `${folder.path}/run`;
  const refused = [
    [{ align: { cutof: 5 } }, {}, 'did you mean "align.cutoff"?'],
    [{}, { set: ["seed=-1"] }, "--set seed=-1: seed: must be at least 0, got -1"],
    [{ data: { folder: "/no/such/folder" } }, {}, "/no/such/folder"],
  ] as const;
  for (const [config, options, says] of refused) {
    await assertRejects(
      () => blade.train(config as blade.BladeConfigInput, { ...options, out }),
      blade.BladeError,
      says,
    );
  }
  await assertRejects(() => blade.train({}, { resume: true }), blade.BladeError, "must come with out");
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("loadRun() refuses a folder that holds no run", async () => {
  await using folder = await temporaryFolder();
  await assertRejects(() => blade.loadRun(folder.path), blade.BladeError);
});

function assertClose(
  actual: number | null | undefined,
  expected: number | null,
  tolerance: number,
  what: string,
) {
  if (expected === null || typeof actual !== "number") assertEquals(actual, expected, what);
  else assertAlmostEquals(actual, expected, tolerance, what);
}
