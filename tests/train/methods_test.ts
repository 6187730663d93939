/** A short training by every method, on a world whose reward has room to rise. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { type MethodName, METHODS } from "../../src/objective/methods.ts";
import { writeSkewedData } from "./skewed_world.ts";
import { checkpointsOf, configIn, dataFolder, type Run, run } from "./small_runs.ts";

const BASE = [
  "sft.epochs=3",
  "align.epochs=6",
  "align.batch=16",
  "align.groupSize=4",
  "align.learningRate=0.02",
  "target.n=4",
  "target.priorSlates=16",
  "target.priorStrength=16",
  'evaluate.systems=["reference","aligned"]',
  'reward.terms=[{"metric":"novelty@3"}]',
];
const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

/** What each method cannot do without, and how it is run here. */
const SETTINGS: Readonly<Record<MethodName, readonly string[]>> = {
  "blade": [],
  "bon-sft": ["align.klCoefficient=0"],
  "vbon": ["target.kind=static"],
  "bond": ["target.kind=static"],
  "j-bond": ["align.emaDecay=0.9"],
  "bonbon": ["align.klCoefficient=0"],
  "dpo": ["align.klCoefficient=0"],
  "s-dpo": ["align.klCoefficient=0"],
  "sprec": ["align.klCoefficient=0", "align.rounds=2"],
  "grpo": [],
  "dr-grpo": [],
  "rloo": [],
  "max@k": [],
};

async function trained(method: MethodName, set: readonly string[] = []): Promise<Run> {
  await using data = await dataFolder();
  await writeSkewedData(data.path);
  const all = [...BASE, `align.method=${method}`, ...SETTINGS[method], ...set];
  const done = await run(configIn(data.path, all), `${data.path}/run`);
  return { ...done, outcome: done.outcome && { ...done.outcome } };
}

/** A gauge by step of alignment. */
function course({ steps }: Run, name: string): number[] {
  return steps.filter(({ stage, values }) => stage === "align" && name in values).map(({ values }) =>
    values[name]!
  );
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const [method, { slates }] of Object.entries(METHODS) as [MethodName, typeof METHODS[MethodName]][]) {
  Deno.test({
    ...UNSANITIZED,
    name: `${method} raises the reward of the lists that are shown on validation, and its own objective`,
    async fn() {
      const done = await trained(method);
      const [before, ...epochs] = course(done, "validation");
      assert(Math.max(...epochs) > before! + 0.05, `validation ${before}, then ${epochs}`);
      const rewards = course(done, "reward");
      const [first, last] = [mean(rewards.slice(0, 3)), mean(rewards.slice(-3))];
      if (slates === "policy") assert(last > first + 0.05, `reward ${first}, then ${last}`);
      // Fixed slates make a loss that can be compared from epoch to epoch.
      const losses = course(done, "loss");
      if (slates === "reference") {
        assertAlmostEquals(last, first, 0.1, "the reference's own slates");
        assert(mean(losses.slice(-3)) < mean(losses.slice(0, 3)), `loss ${losses}`);
      }
      const kl = course(done, "klToReference");
      assert(kl[0]! < 0.01 && mean(kl.slice(-3)) > 2 * kl[0]!, `KL ${kl}`);
      assertEquals(course(done, "entropy").length, slates.startsWith("policy") ? 18 : 0);
      assert(losses.every(Number.isFinite));
    },
  });
}
