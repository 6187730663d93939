import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { takeNumbers } from "../../src/device/computation.ts";
import { initialParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { distill } from "../../src/objective/distill.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { updatePolicy } from "../../src/train/update_policy.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, tinyModel } from "../model/tiny_model.ts";

const CONTEXTS = [[1, 2, 3], [], [4]].map((history, id) => contextOf(id, history));

for (const slate of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(`dropout of ${slate} alignment is in the update alone, anew in each step`, async () => {
    const model = tinyModel(slate, 12);
    const optimizer = adamw({ learningRate: 0.02, clipNorm: 1 });
    const reference = initialParameters(model.config, randomKey(5));
    const rollouts = await model.policy.sample(reference, CONTEXTS, {
      groupSize: 3,
      cutoff: 4,
      key: randomKey(2),
    });
    const rows = rollouts.behaviorLogProb.length;
    const rewards = {
      values: [],
      reward: new Float64Array(rows),
      defined: new Uint8Array(rows).fill(1),
      undefinedReasons: new Map(),
    };
    const update = async (rate: number, ratio: (row: number) => number, step = 0) => {
      const parameters = initialParameters(model.config, randomKey(5));
      const started = optimizer.init(parameters);
      const weights = {
        logDensityRatio: Float64Array.from({ length: rows }, (_, row) => ratio(row)),
        baseline: new Float64Array(rows),
      } as Parameters<typeof updatePolicy>[4];
      const setting = {
        model,
        reference,
        objective: distill(),
        optimizer,
        klCoefficient: 0,
        source: "policy" as const,
        updates: 1,
        clip: { low: 0.2, high: 0.2 },
        dropout: { rate, key: randomKey(1) },
      };
      const state = { parameters, optimizer: { ...started, step } };
      const { measured } = await updatePolicy(state, CONTEXTS, rollouts, rewards, weights, null, setting);
      const numbers = await takeNumbers(measured);
      tf.dispose([parameters, started.slots]);
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
