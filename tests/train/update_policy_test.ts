/** One update of the policy: what is dropped in it, and what pulls it. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { takeNumbers } from "../../src/device/computation.ts";
import { initialParameters, type Parameters, readParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { distill } from "../../src/objective/distill.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { updatePolicy, type UpdateSetting } from "../../src/train/update_policy.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, slateLogProb, tinyModel } from "../model/tiny_model.ts";
import { ratiosAlone } from "./_updates.ts";

const CONTEXTS = [[1, 2, 3], [], [4]].map((history, id) => contextOf(id, history));
const SHAPE = { groupSize: 3, cutoff: 4 };
const OPTIMIZER = adamw({ learningRate: 0.02, clipNorm: 1 });

function settingOf(
  model: ReturnType<typeof tinyModel>,
  reference: Parameters,
  change: Partial<UpdateSetting>,
): UpdateSetting {
  return {
    model,
    reference,
    objective: distill(),
    optimizer: OPTIMIZER,
    klCoefficient: 0,
    source: "policy",
    updates: 1,
    microBatch: null,
    clip: { low: 0.2, high: 0.2 },
    dropout: { rate: 0, key: randomKey(1) },
    ...change,
  };
}

for (const slate of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(`dropout of ${slate} alignment is in the update alone, anew in each step`, async () => {
    const model = tinyModel(slate, 12);
    const reference = initialParameters(model.config, randomKey(5));
    const rollouts = await model.policy.sample(reference, CONTEXTS, { ...SHAPE, key: randomKey(2) });
    const update = async (rate: number, ratio: (row: number) => number, step = 0) => {
      const parameters = initialParameters(model.config, randomKey(5));
      const { slots } = OPTIMIZER.init(parameters);
      const { rewards, weights } = ratiosAlone(rollouts.behaviorLogProb.length, ratio);
      const state = { parameters, optimizer: { step, slots } };
      const setting = settingOf(model, reference, { dropout: { rate, key: randomKey(1) } });
      const { measured } = await updatePolicy(state, CONTEXTS, rollouts, rewards, weights, null, setting);
      const numbers = await takeNumbers(measured);
      tf.dispose([parameters, slots]);
      return { norm: numbers.gradientNorm![0]!, reference: [...numbers.referenceLogProb!] };
    };
    const whole = await update(0, Math.sin);
    const dropped = await update(0.5, Math.sin);
    assertNotEquals(dropped.norm, whole.norm);
    assertEquals(dropped.reference, whole.reference);
    assertEquals(await update(0.5, Math.sin), dropped);
    assertNotEquals((await update(0.5, Math.sin, 1)).norm, dropped.norm);
    // ρ̂ = 1 teaches nothing, whatever is dropped.
    assert(Math.abs((await update(0.5, () => 0)).norm) < 1e-6);
    tf.dispose(reference);
  }, ["wasm"]);
}

onEachDevice("each of several updates of a batch is pulled from where the policy is by then", async () => {
  const model = tinyModel("plackett-luce", 12);
  const reference = initialParameters(model.config, randomKey(5));
  const trained = async (updates: number, batches: number) => {
    const parameters = initialParameters(model.config, randomKey(6));
    let state = { parameters, optimizer: OPTIMIZER.init(parameters) };
    let rollouts = await model.policy.sample(parameters, CONTEXTS, { ...SHAPE, key: randomKey(2) });
    const { rewards, weights } = ratiosAlone(rollouts.behaviorLogProb.length, () => 0);
    const setting = settingOf(model, reference, { klCoefficient: 1, updates });
    for (let batch = 0; batch < batches; batch++) {
      const { optimizer, measured } = await updatePolicy(
        state,
        CONTEXTS,
        rollouts,
        rewards,
        weights,
        null,
        setting,
      );
      tf.dispose(measured);
      state = { parameters, optimizer };
      const logProb = slateLogProb(model.policy, parameters, CONTEXTS, rollouts);
      rollouts = { ...rollouts, behaviorLogProb: Float64Array.from(await logProb.data()) };
      logProb.dispose();
    }
    const weightsNow = await readParameters(parameters);
    tf.dispose([parameters, state.optimizer.slots]);
    return weightsNow;
  };
  // Nothing but the pull moves the policy here, so three updates of a batch are three batches of the same slates.
  const [together, apart] = [await trained(3, 1), await trained(1, 3)];
  for (const [name, { data }] of apart) {
    data.forEach((value, at) => assertAlmostEquals(together.get(name)!.data[at]!, value, 1e-5, name));
  }
  tf.dispose(reference);
}, ["wasm"]);
