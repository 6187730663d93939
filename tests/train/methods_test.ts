/** A short training by every method, on a world whose reward has room to rise. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
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

/** A run with its checkpoints; with `stopAfter` it is stopped in that step of alignment and taken up again. */
async function trained(
  method: MethodName,
  set: readonly string[] = [],
  stopAfter?: number,
): Promise<Run & { files: Map<string, Uint8Array> }> {
  await using data = await dataFolder();
  await writeSkewedData(data.path);
  const all = [...BASE, `align.method=${method}`, ...SETTINGS[method], ...set];
  const config = configIn(data.path, all);
  const folder = `${data.path}/run`;
  if (stopAfter !== undefined) {
    const stopped = await run(config, folder, { stage: "align", step: stopAfter });
    assertEquals(stopped.outcome, null, "it was to be stopped");
  }
  const done = await run(config, folder);
  return { ...done, files: await checkpointsOf(done) };
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
      const online = slates.startsWith("policy");
      assertEquals(done.outcome!.summary[0]!.startsWith("Learned from slates of the reference"), !online);
    },
  });
}

Deno.test({
  ...UNSANITIZED,
  name: "a loss on slates of another model is computed of the policy as it is: dpo starts at log 2 and falls",
  async fn() {
    const losses = course(await trained("dpo"), "loss");
    assertAlmostEquals(losses[0]!, Math.LN2, 1e-3);
    assert(losses.at(-1)! < Math.LN2 - 0.02, `${losses}`);
    // Three updates a batch go further in as many steps.
    const further = course(await trained("dpo", ["align.updates=3"]), "loss");
    assertEquals(further.length, losses.length);
    assert(mean(further.slice(-3)) < mean(losses.slice(-3)), `${further} against ${losses}`);
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "with one update a batch the clip is of no effect, to the last bit",
  async fn() {
    const [wide, narrow] = [await trained("grpo"), await trained("grpo", ["align.clip=0.01"])];
    assertEquals(wide.files.get("align.safetensors"), narrow.files.get("align.safetensors"));
    assertEquals(course(wide, "clipped"), []);
  },
});

for (const method of ["grpo", "blade"] as const) {
  Deno.test({
    ...UNSANITIZED,
    name: `several updates a batch of ${method} raise the reward, and the clip holds them back`,
    async fn() {
      const free = await trained(method, ["align.updates=4", "align.clip=0.2"]);
      const rewards = course(free, "reward");
      assert(mean(rewards.slice(-3)) > mean(rewards.slice(0, 3)) + 0.05, `${rewards}`);
      const held = await trained(method, ["align.updates=4", "align.clip=0.01"]);
      const [clippedFree, clippedHeld] = [mean(course(free, "clipped")), mean(course(held, "clipped"))];
      assert(clippedHeld > clippedFree && clippedFree > 0, `clipped ${clippedFree}, held ${clippedHeld}`);
      const [far, near] = [free, held].map((done) => mean(course(done, "klToReference").slice(-3)));
      assert(near! < far!, `KL ${near} held, ${far} free`);
    },
  });
}

// Eighteen steps: two rounds of nine, whose second halves begin at the fifth and the fourteenth.
for (
  const [method, step] of [["sprec", 3], ["sprec", 7], ["sprec", 11], ["j-bond", 7], ["grpo", 4]] as const
) {
  Deno.test({
    ...UNSANITIZED,
    name: `${method} that was stopped in step ${step} ends in the same bits as when it was not`,
    async fn() {
      const set = method === "grpo" ? ["align.updates=2"] : [];
      const [whole, resumed] = [await trained(method, set), await trained(method, set, step)];
      assertEquals(resumed.files.get("align.safetensors"), whole.files.get("align.safetensors"));
    },
  });
}

Deno.test({
  ...UNSANITIZED,
  name: "sprec learns the positives in the first half of a round and meets its own list in the second",
  async fn() {
    const losses = course(await trained("sprec"), "loss");
    // Cross-entropy of a slate of three is several nats; DPO against oneself starts at log 2 or less.
    const imitates = losses.map((loss) => loss > 2);
    const round = [true, true, true, true, false, false, false, false, false];
    assertEquals(imitates, [...round, ...round]);
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "methods that read rewards take their share of a constraint, by sum and by quantile",
  async fn() {
    for (const combine of ["sum", "quantile"]) {
      const bounded = (rate: number) =>
        trained("rloo", [
          `reward.combine=${combine}`,
          'reward.constraints=[{"metric":"popularity@3","atLeast":9}]',
          `reward.multiplierRate=${rate}`,
          "align.epochs=12",
        ]);
      const [ignored, held] = [await bounded(1e-9), await bounded(1)];
      const [low, high] = [ignored, held].map((done) => mean(course(done, "level:popularity@3").slice(-6)));
      assert(high! > low! + 0.3, `${combine}: ${high} with the constraint, ${low} without`);
    }
  },
});
