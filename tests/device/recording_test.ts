import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { compute, readNumbers, takeNumbers } from "../../src/device/computation.ts";
import { executorOf, useExecutor } from "../../src/device/executor.ts";
import type { WebgpuBackend } from "../../src/device/webgpu/backend_internals.ts";
import { createRecorder } from "../../src/device/webgpu/recorder.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { fitOptimizer, type FitOptions, fitStep } from "../../src/train/fit_next_items.ts";
import { freeFitState, startFit } from "../../src/train/fit_state.ts";
import { createStepLog } from "../../src/train/step_log.ts";
import { initialParameters, readParameters } from "../../src/model/parameters.ts";
import { distill } from "../../src/objective/distill.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { updatePolicy } from "../../src/train/update_policy.ts";
import { contextOf, tinyModel } from "../model/tiny_model.ts";
import { ratiosAlone } from "../train/_updates.ts";
import { onEachDevice } from "./devices.ts";

const column = (...numbers: number[]) => ({ data: Float32Array.from(numbers), shape: [numbers.length] });

onEachDevice("a computation gives what its arrays and weights make, call after call", async () => {
  const weights = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20])];
  for (let call = 0; call < 6; call++) {
    const weight = weights[call % 2]!;
    const { sum, twice } = await takeNumbers(compute(
      { name: "test sum", constants: 3, arrays: { x: column(call, call + 0.5) }, weights: { weight } },
      ({ x }) => {
        const sum = tf.add(tf.mul(x, 3), weight);
        return { sum, twice: tf.mul(sum, 2) };
      },
    ));
    const scale = call % 2 === 0 ? 1 : 10;
    assertEquals([...sum], [3 * call + scale, 3 * (call + 0.5) + 2 * scale]);
    assertEquals([...twice], [...sum].map((value) => 2 * value));
  }
  tf.dispose(weights);
});

onEachDevice("one tensor under two names, and then two, are told apart", async () => {
  const [one, other] = [tf.scalar(2), tf.scalar(5)];
  const product = async (a: tf.Tensor, b: tf.Tensor) => {
    const { y } = await takeNumbers(compute(
      { name: "test alias", constants: null, arrays: { x: column(1) }, weights: { a, b } },
      ({ x }) => ({ y: tf.add(tf.mul(x, a), tf.mul(b, 10)) }),
    ));
    return y[0];
  };
  for (let call = 0; call < 3; call++) assertEquals(await product(one, one), 22);
  for (let call = 0; call < 3; call++) assertEquals(await product(one, other), 52);
  assertEquals(await product(other, one), 25);
  tf.dispose([one, other]);
});

onEachDevice("results of one call outlive the next", async () => {
  const call = (x: number) =>
    compute(
      { name: "test outlive", constants: null, arrays: { x: column(x) }, weights: {} },
      ({ x }) => ({ y: tf.square(x) }),
    ).y;
  const results = [1, 2, 3, 4, 5].map(call);
  assertEquals((await readNumbers(results)).map(([value]) => value), [1, 4, 9, 16, 25]);
  tf.dispose(results);
});

onEachDevice(
  "a body that makes other numbers the second time is run anew every time, and said so",
  async (_, t) => {
    const said: unknown[] = [];
    const log = console.error;
    console.error = (message: unknown) => said.push(message);
    try {
      const found: number[] = [];
      for (let call = 0; call < 4; call++) {
        const { y } = await takeNumbers(compute(
          { name: `test stray ${t.name}`, constants: null, arrays: { x: column(1, 1) }, weights: {} },
          ({ x }) => ({ y: tf.add(x, tf.tensor1d([call, call])) }),
        ));
        found.push(y[0]!);
      }
      // The first call cannot know; its list is not used again.
      assertEquals(found, [1, 2, 3, 4]);
      assertEquals(said.length, 1);
      assert(String(said[0]).includes("makes other numbers"), String(said[0]));
    } finally {
      console.error = log;
    }
  },
  ["webgpu"],
);

onEachDevice("a body that uses a tensor from elsewhere, or reads back, is run anew", async () => {
  const said: string[] = [];
  const log = console.error;
  console.error = (message: unknown) => said.push(String(message));
  const stray = tf.tensor1d([5]);
  await stray.data();
  tf.square(stray).dispose();
  try {
    for (let call = 0; call < 3; call++) {
      const { y } = await takeNumbers(compute(
        { name: "test foreign", constants: null, arrays: { x: column(2) }, weights: {} },
        ({ x }) => ({ y: tf.mul(x, stray) }),
      ));
      assertEquals(y[0], 10);
    }
    assertEquals(said.length, 1);
    assert(said[0]!.includes("neither among its arrays nor its weights"), said[0]);
  } finally {
    console.error = log;
    stray.dispose();
  }
}, ["webgpu"]);

const OPTIONS: FitOptions = {
  stage: "sft",
  epochs: 20,
  batch: 8,
  learningRate: 0.03,
  warmup: 0.05,
  weightDecay: 0.1,
  clipNorm: 1,
  patience: 20,
  cutoff: 3,
  key: randomKey(1),
};

const EXAMPLES = Array.from({ length: 5 }, (_, user) => ({
  history: Array.from({ length: 3 + user }, (_, i) => (3 * user + i) % 10),
  targets: [{ after: 3 + user, item: (4 * user) % 10, weight: 1 }, { after: 1, item: user, weight: 2 }],
}));

/** Six steps of supervised training: the weights. */
async function train(name: string): Promise<Map<string, Float32Array>> {
  const model = tinyModel("plackett-luce", 10, { width: 16, hidden: 24, dropout: 0.2 });
  const optimizer = fitOptimizer(EXAMPLES.length, OPTIONS);
  // Computations of other constants share no recording.
  const named = { ...optimizer, constants: [optimizer.constants, name] };
  let state = startFit(initialParameters(model.config, randomKey(2)), named);
  const log = createStepLog("sft", { stage() {}, step() {}, note() {} });
  for (let step = 0; step < 6; step++) {
    // Rows in turn, so that a replay that kept old numbers would show.
    const batch = EXAMPLES.map((_, i) => EXAMPLES[(i + step) % EXAMPLES.length]!);
    state = await fitStep(model, state, batch, named, OPTIONS, log);
  }
  await log.flush();
  const weights = await readParameters({ ...state.parameters, ...state.optimizer.slots });
  freeFitState(state);
  return new Map([...weights].map(([name, { data }]) => [name, data]));
}

/** What a job makes when every computation in it is run anew. */
async function anew<T>(job: () => Promise<T>): Promise<T> {
  const executor = executorOf(tf.backend())!;
  useExecutor(tf.backend(), { ...executor, run: executor.runAnew });
  try {
    return await job();
  } finally {
    useExecutor(tf.backend(), executor);
  }
}

onEachDevice("a replay that is handed over in portions does the same work in the same order", async () => {
  const executor = executorOf(tf.backend())!;
  const weight = tf.scalar(3);
  const call = async (portion: number) => {
    useExecutor(tf.backend(), createRecorder(tf.backend() as unknown as WebgpuBackend, portion));
    const found = [];
    for (let x = 1; x < 5; x++) {
      const { y } = await takeNumbers(compute(
        { name: "test portions", constants: null, arrays: { x: column(x) }, weights: { weight } },
        ({ x }) => ({ y: tf.sub(tf.square(tf.add(tf.mul(x, weight), 1)), x) }),
      ));
      found.push(y[0]);
    }
    return found;
  };
  try {
    for (const portion of [1, 3, 4, Infinity]) {
      assertEquals(await call(portion), [15, 47, 97, 165], `${portion}`);
    }
  } finally {
    useExecutor(tf.backend(), executor);
    weight.dispose();
  }
}, ["webgpu"]);

onEachDevice("replayed steps end with the bits of steps that are run anew", async () => {
  const recorded = await train("recorded");
  assertEquals(await anew(() => train("anew")), recorded);
}, ["webgpu"]);

for (const slate of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(
    `replayed rollouts and updates of ${slate} slates have the bits of those run anew`,
    async () => {
      const model = tinyModel(slate, 12);
      const contexts = [[1, 2, 3], [], [4], [5, 6]].map((history, id) => contextOf(id, history));
      const optimizer = adamw({ learningRate: 0.02, clipNorm: 1 });
      const steps = async () => {
        const reference = initialParameters(model.config, randomKey(5));
        const parameters = initialParameters(model.config, randomKey(6));
        let state = { parameters, optimizer: optimizer.init(parameters) };
        const found: unknown[] = [];
        for (let step = 0; step < 5; step++) {
          const options = { groupSize: 3, cutoff: 4, key: randomKey(step) };
          const rollouts = await model.policy.sample(parameters, contexts, options);
          const { rewards, weights } = ratiosAlone(
            rollouts.behaviorLogProb.length,
            (row) => Math.sin(row + step),
          );
          const setting = {
            model,
            reference,
            objective: distill(),
            optimizer,
            klCoefficient: 0.1,
            source: "policy" as const,
            updates: 1,
            microBatch: null,
            clip: { low: 0.2, high: 0.2 },
            dropout: { rate: 0.5, key: randomKey(1) },
          };
          const update = await updatePolicy(state, contexts, rollouts, rewards, weights, null, setting);
          state = { parameters, optimizer: update.optimizer };
          found.push(rollouts, await takeNumbers(update.measured));
        }
        found.push(await readParameters({ ...parameters, ...state.optimizer.slots }));
        tf.dispose([reference, parameters, state.optimizer.slots]);
        return found;
      };
      const recorded = await steps();
      assertEquals(await anew(steps), recorded);
    },
    ["webgpu"],
  );
}
