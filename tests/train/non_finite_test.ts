/** A batch whose loss is no number: which rows are to blame, and what of the state is kept. */
import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { UserIndex } from "../../src/core/ids.ts";
import type { StepEvent } from "../../src/core/observer.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { fitNextItems, fitOptimizer, type FitOptions } from "../../src/train/fit_next_items.ts";
import { startFit } from "../../src/train/fit_state.ts";
import type { Keeper } from "../../src/train/keeper.ts";
import type { Model } from "../../src/train/model.ts";
import type { NextItemExample } from "../../src/train/next_item_examples.ts";
import { NonFiniteStep } from "../../src/train/non_finite.ts";
import { initialParameters } from "../../src/model/parameters.ts";
import { onEachDevice } from "../device/devices.ts";
import { tinyModel } from "../model/tiny_model.ts";

const EXAMPLES: readonly NextItemExample[] = Array.from({ length: 12 }, (_, user) => {
  const items = Array.from({ length: 4 }, (_, step) => (3 * user + step) % 10);
  return {
    history: items.slice(0, -1),
    targets: items.map((item, after) => ({ after, item, weight: 1 })).slice(1),
    user: user as UserIndex,
  };
});

const OPTIONS: FitOptions = {
  stage: "sft",
  epochs: 2,
  batch: 4,
  learningRate: 0.03,
  warmup: 0,
  weightDecay: 0,
  clipNorm: 1,
  patience: 5,
  cutoff: 3,
  key: randomKey(1),
};

/** The same model, but that the loss of these users is no number. */
function poisoned(model: Model, users: readonly number[], value: number): Model {
  const { supervision } = model;
  return {
    ...model,
    supervision: {
      ...supervision,
      async layOut(parameters, examples, firstRow, options) {
        const laid = await supervision.layOut(parameters, examples, firstRow, options);
        if (!examples.some(({ user }) => users.includes(user!))) return laid;
        const weights = laid.arrays["weights"]!;
        const data = Float32Array.from(weights.data, () => value);
        return { ...laid, arrays: { ...laid.arrays, weights: { ...weights, data } } };
      },
    },
  };
}

interface Fitted {
  readonly error: unknown;
  readonly steps: readonly StepEvent[];
  readonly warnings: readonly string[];
}

async function fit(model: Model, options: FitOptions, keeper: Keeper): Promise<Fitted> {
  const steps: StepEvent[] = [];
  const warnings: string[] = [];
  const observer = {
    stage() {},
    step: ({ times: _, ...event }: StepEvent) => void steps.push(event),
    note: (_: string, message: string) => void warnings.push(message),
  };
  const start = startFit(
    initialParameters(model.config, randomKey(2)),
    fitOptimizer(EXAMPLES.length, options),
  );
  try {
    const { parameters } = await fitNextItems(
      model,
      EXAMPLES,
      start,
      options,
      () => Promise.resolve(1),
      observer,
      keeper,
    );
    tf.dispose(parameters);
    return { error: null, steps, warnings };
  } catch (error) {
    return { error, steps, warnings };
  }
}

const idle: Keeper = { afterStep: () => Promise.resolve(), afterPart: () => Promise.resolve() };

const named = (on: "stop" | "skip") => ({ on, userId: (user: UserIndex) => `user-${user}` });

for (const microBatch of [undefined, 2]) {
  const parts = microBatch === undefined ? "" : ", in parts";
  const options = { ...OPTIONS, ...(microBatch === undefined ? {} : { microBatch }) };

  onEachDevice(`the row whose loss is no number is named, and the state before it kept${parts}`, async () => {
    const model = tinyModel("plackett-luce", 10);
    // Where user 7 comes in the first epoch, and what the state was then, is seen in a run without a fault.
    for (const value of [NaN, Infinity]) {
      const { error, steps } = await fit(
        poisoned(model, [7], value),
        { ...options, nonFinite: named("stop") },
        idle,
      );
      const stop = error as NonFiniteStep;
      assertEquals(stop instanceof NonFiniteStep, true, String(error));
      const { place } = stop.refusal;
      const at = Number(
        /^sft: loss of step (\d+) \(4 rows, of the users (user-\d+, ){3}user-\d+; /.exec(place)![1],
      );
      assertStringIncludes(place, `; no finite loss in row `);
      assertStringIncludes(place, ` of user user-7)`);
      assertEquals(steps.length, at - 1);
      const states = new Map<number, unknown>();
      await fit(model, options, {
        ...idle,
        async afterStep(_, step, state) {
          states.set(step, await state());
        },
      });
      const before = await stop.before!();
      assertEquals(before.step, at - 1);
      assertNotEquals(at, 1);
      assertEquals(before, states.get(at - 1));
    }
  });

  onEachDevice(`what is skipped leaves what every other batch learns${parts}`, async () => {
    const model = tinyModel("plackett-luce", 10);
    const before = tf.memory().numTensors;
    const { error, steps, warnings } = await fit(
      poisoned(model, [7], NaN),
      { ...options, nonFinite: named("skip") },
      idle,
    );
    assertEquals(error, null);
    assertEquals(tf.memory().numTensors, before);
    const skipped = steps.filter(({ values }) => "skipped" in values);
    // Once in each of two epochs.
    assertEquals(skipped.map(({ values }) => values), [{ skipped: 1 }, { skipped: 1 }]);
    assertEquals(warnings.length, 2);
    assertStringIncludes(warnings[1]!, "(2 so far)");
    const learned = steps.filter(({ values }) => "loss" in values);
    assertEquals(learned.length, 4);
    assertEquals(learned.every(({ values }) => Number.isFinite(values["loss"])), true);
  });
}

onEachDevice(
  "a stage of whose batches none can be learned stops after eleven of them",
  async () => {
    const model = poisoned(tinyModel("plackett-luce", 10), EXAMPLES.map((_, user) => user), NaN);
    const run = fit(model, { ...OPTIONS, epochs: 6, nonFinite: named("skip") }, idle);
    const { error, steps } = await run;
    await assertRejects(() => Promise.reject(error), Error, "at most 10 steps in a row may be skipped");
    assertEquals(error instanceof NonFiniteStep, false);
    assertEquals(steps.filter(({ values }) => "skipped" in values).length, 11);
  },
  ["wasm", "webgpu"],
);
