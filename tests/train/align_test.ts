import { assert, assertEquals } from "@std/assert";
import { decodeSafetensors } from "../../src/model/safetensors.ts";
import { checkpointsOf, configIn, dataFolder, type Run, run } from "./small_runs.ts";
import { writeSkewedData } from "./skewed_world.ts";

const BASE = [
  "sft.epochs=3",
  "align.epochs=12",
  "align.batch=16",
  "align.groupSize=4",
  "align.learningRate=0.02",
  "target.n=4",
  "target.priorSlates=16",
  "target.priorStrength=16",
  'evaluate.systems=["reference","best-of-n","aligned"]',
];
const NOVELTY = 'reward.terms=[{"metric":"novelty@3"}]';
const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

async function skewedRun(set: readonly string[]) {
  await using data = await dataFolder();
  await writeSkewedData(data.path);
  const done = await run(configIn(data.path, [...BASE, ...set]), `${data.path}/run`);
  const { tensors } = decodeSafetensors((await checkpointsOf(done)).get("prior.safetensors")!, "prior");
  return {
    ...done,
    tensors,
    /** What best-of-4 of the reference is expected to reach, as the log has it. */
    bound: done.steps.find(({ values }) => "bestOfN" in values)!.values["bestOfN"]!,
  };
}

/** Mean of a gauge over the first or the last epochs (three steps each) of alignment. */
function gauge({ steps }: Pick<Run, "steps">, name: string, epochs: number): number {
  const values = steps.filter(({ stage, values }) => stage === "align" && name in values)
    .map(({ values }) => values[name]!);
  const part = epochs > 0 ? values.slice(0, 3 * epochs) : values.slice(3 * epochs);
  return part.reduce((sum, value) => sum + value, 0) / part.length;
}

for (const slate of ["plackett-luce", "autoregressive"]) {
  Deno.test({
    ...UNSANITIZED,
    name:
      `${slate} alignment carries the reward past best-of-n of its reference, and its signal outlasts the static one`,
    async fn() {
      const set = [NOVELTY, `model.slate=${slate}`];
      const bayesian = await skewedRun(set);
      const fixed = await skewedRun([...set, "target.kind=static"]);
      assertEquals(bayesian.bound, fixed.bound);
      const [first, last] = [gauge(bayesian, "reward", 1), gauge(bayesian, "reward", -2)];
      assert(first < bayesian.bound, `starts at ${first}, beyond ${bayesian.bound}`);
      assert(last > bayesian.bound + 0.1, `ends at ${last}, best-of-4 of the reference is ${bayesian.bound}`);
      assert(last > gauge(fixed, "reward", -2), "the static target did better");
      const [lasting, fading] = [gauge(bayesian, "signal", -2), gauge(fixed, "signal", -2)];
      assert(lasting > 1.5 * fading, `signal ${lasting}, static ${fading}`);
      const aligned = bayesian.outcome!.results.find(({ system, metric }) =>
        system === "aligned" && metric === "reward"
      )!;
      assert(aligned.versusReference!.interval95[0] > 0.5, `on test ${aligned.versusReference!.difference}`);
      assert(bayesian.outcome!.summary[0]!.includes(": past best-of-4"), bayesian.outcome!.summary[0]);
    },
  });
}

for (const objective of ["distill", "backward", "jeffreys"]) {
  for (const anchor of ["policy", "reference", "ema"]) {
    Deno.test({
      ...UNSANITIZED,
      name: `the objective ${objective} anchored at ${anchor} raises the reward`,
      async fn() {
        const set = [`align.objective=${objective}`, `align.anchor=${anchor}`, "align.epochs=6"];
        const done = await skewedRun([NOVELTY, "align.emaDecay=0.9", ...set]);
        const [first, last] = [gauge(done, "reward", 1), gauge(done, "reward", -1)];
        assert(last > first + 0.08, `${first} in the first epoch, ${last} in the last`);
        const kl = gauge(done, "klToReference", -1);
        assert(kl > gauge(done, "klToReference", 1) && kl < 5, `KL to the reference ${kl}`);
      },
    });
  }
}

Deno.test({
  ...UNSANITIZED,
  name: "a strong pull keeps the policy by its reference",
  async fn() {
    const free = await skewedRun([NOVELTY, "align.klCoefficient=0"]);
    const held = await skewedRun([NOVELTY, "align.klCoefficient=5"]);
    const [far, near] = [free, held].map((done) => gauge(done, "klToReference", -2));
    assert(near! < far! / 4, `KL ${near} with the pull, ${far} without`);
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "what many slates show together is a reward: every slate has one, against what the reference showed",
  async fn() {
    const population = '{"metric":"mgu@3","weight":50},{"metric":"coverage@3","weight":20}';
    const done = await skewedRun([`reward.terms=[${population},{"metric":"novelty@3","weight":0.1}]`]);
    assertEquals(done.warnings.filter((warning) => warning.includes("equal rewards")), []);
    assert((done.tensors.get("defined")!.data as Uint8Array).every((mark) => mark === 1));
    const exposed = done.tensors.get("population/weights")!.data as Float64Array;
    // Three steps of 16 contexts, 4 slates each and 3 items a slate, fading by 0.9 a step.
    const shown = exposed.reduce((sum, weight) => sum + weight, 0);
    assert(Math.abs(shown - 16 * 4 * 3 * (1 + 0.9 + 0.81)) < 1, `exposure of ${shown}`);
    assertEquals(gauge(done, "undefined", 12), 0);
    const [first, last] = [gauge(done, "reward", 1), gauge(done, "reward", -2)];
    assert(last > first && last > done.bound, `${first}, ${last}, best-of-4 ${done.bound}`);
    const moved = done.steps.filter(({ values }) => Math.abs(values["mgu@3"] ?? 0) > 1e-7).length;
    assert(moved > 30, `the marginal mgu differed from 0 in ${moved} of 36 steps`);
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "a reward that only coverage makes is told to say little",
  async fn() {
    const { warnings } = await skewedRun(['reward.terms=[{"metric":"coverage@3"}]', "align.epochs=2"]);
    assert(warnings.some((warning) => warning.includes("the reward says little")), warnings.join("\n"));
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "by quantile metrics rise together as their weights say, and their scale says nothing",
  async fn() {
    const quantile = (terms: Record<string, number>) =>
      skewedRun([
        "reward.combine=quantile",
        `reward.terms=${
          JSON.stringify(Object.entries(terms).map(([metric, weight]) => ({ metric, weight })))
        }`,
      ]);
    const even = await quantile({ "novelty@3": 1, "ild@3": 1 });
    for (const metric of ["novelty@3", "ild@3"]) {
      const [first, last] = [gauge(even, metric, 1), gauge(even, metric, -2)];
      assert(last > first, `${metric}: ${first} in the first epoch, ${last} in the last`);
    }
    assert(
      gauge(even, "reward", -2) > even.bound,
      `ends at ${gauge(even, "reward", -2)}, bound ${even.bound}`,
    );
    const less = await quantile({ "novelty@3": 0.2, "ild@3": 1 });
    assert(
      gauge(less, "novelty@3", -2) < gauge(even, "novelty@3", -2),
      "a fifth of the weight gave more novelty",
    );
    // The same count of interactions, once as a number in tens and once as a share of all.
    const counted = await quantile({ "novelty@3": 1, "popularity@3": -0.5 });
    const shared = await quantile({ "novelty@3": 1, "popularity@3?as=share": -0.5 });
    const policy = (done: Run) => done.steps.flatMap(({ values }) => values["klToReference"] ?? []);
    assertEquals(policy(shared), policy(counted));
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "a constraint is kept by its multiplier, for lists alone and for all together",
  async fn() {
    const free = await skewedRun([NOVELTY]);
    assert(free.steps.every(({ values }) => !("violation" in values)));
    for (
      const [metric, side, bound] of [["popularity@3", "atLeast", 9], ["mgu@3", "atMost", 0.05]] as const
    ) {
      const bounded = (rate: number) =>
        skewedRun([
          NOVELTY,
          `reward.constraints=[{"metric":"${metric}","${side}":${bound}}]`,
          `reward.multiplierRate=${rate}`,
          "align.epochs=16",
        ]);
      const [ignored, held] = [await bounded(1e-9), await bounded(1)];
      const level = (done: Run) => gauge(done, `level:${metric}`, -4);
      const off = (done: Run) => Math.max(0, side === "atLeast" ? bound - level(done) : level(done) - bound);
      assert(
        off(held) < off(ignored) / 2,
        `${metric} ends at ${level(held)}, unconstrained at ${level(ignored)}`,
      );
      const multipliers = held.steps.flatMap(({ values }) => values[`multiplier:${metric}`] ?? []);
      assert(Math.max(...multipliers) > 0.2 && Math.min(...multipliers) >= 0, `${multipliers}`);
      const last = held.outcome!.summary.at(-1)!;
      assert(
        last.startsWith(`Constraint ${metric} ${side === "atLeast" ? "at least" : "at most"} ${bound}: `),
        last,
      );
      const kept = held.outcome!.results.find((result) =>
        result.system === "aligned" && result.metric === metric
      )!;
      const holds = side === "atLeast" ? kept.mean! >= bound : kept.mean! <= bound;
      assertEquals(held.warnings.some((warning) => warning.includes("does not hold on test")), !holds);
    }
  },
});
