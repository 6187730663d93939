import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import align from "../../fixtures/golden/align.json" with { type: "json" };
import { klToReference } from "../../src/objective/gauges.ts";
import { policyLoss } from "../../src/objective/policy_loss.ts";

type LossOptions = Parameters<typeof policyLoss>[1];

const OPTIONS: LossOptions = {
  coefficients: Float64Array.of(0.5, -0.5, 2, 0),
  referenceLogProb: null,
  klCoefficient: 0,
  groupSize: 2,
  defined: Uint8Array.of(1, 1, 1, 1),
};
const LOG_PROB = [-1, -2, -0.5, -4];

async function valueAndGradient(logProb: number[], o: LossOptions): Promise<[number, number[]]> {
  await tf.setBackend("cpu");
  const x = tf.tensor1d(logProb);
  const { value, grad } = tf.valueAndGrad((y: tf.Tensor) => policyLoss(y as tf.Tensor1D, o))(x);
  const result: [number, number[]] = [value.dataSync()[0]!, [...grad.dataSync()]];
  tf.dispose([x, value, grad]);
  return result;
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-6) {
  assertEquals(actual.length, expected.length);
  expected.forEach((value, i) => assertAlmostEquals(actual[i]!, value, tolerance));
}

Deno.test("The loss is minus the mean over contexts of the weighted log-probabilities", async () => {
  const [value, gradient] = await valueAndGradient(LOG_PROB, OPTIONS);
  // −((−0.5 + 1) + (−1)) / 2
  assertAlmostEquals(value, 0.25, 1e-6);
  assertClose(gradient, [-0.25, 0.25, -1, 0]);
});

Deno.test("The pull to the reference agrees with the published values of k3", async () => {
  const found = (align as unknown as {
    id: string;
    input: { logpi: number[]; logref: number[] };
    expected: { k3: number[] };
    tolerance: number;
  }[]).find((example) => example.id === "kl-k3");
  assert(found);
  const { input: { logpi, logref }, expected: { k3 }, tolerance } = found;
  const mean = k3.reduce((sum, value) => sum + value, 0) / k3.length;
  assertAlmostEquals(klToReference(Float64Array.from(logpi), Float64Array.from(logref)), mean, tolerance);
  const [value, gradient] = await valueAndGradient(logpi, {
    coefficients: new Float64Array(3),
    referenceLogProb: Float64Array.from(logref),
    klCoefficient: 2,
    groupSize: 3,
    defined: Uint8Array.of(1, 1, 1),
  });
  assertAlmostEquals(value, 2 * mean, 1e-6);
  assertClose(gradient, logpi.map((l, i) => 2 * (1 - Math.exp(logref[i]! - l)) / 3));
});

Deno.test("A row that does not count adds nothing, though its reference is no number and its distance overflows", async () => {
  const o = {
    ...OPTIONS,
    coefficients: Float64Array.of(0, 0, 0, 0),
    klCoefficient: 1,
    referenceLogProb: Float64Array.of(NaN, -2, -0.5, -3),
    defined: Uint8Array.of(0, 1, 1, 1),
  };
  const [value, gradient] = await valueAndGradient([-1000, -2, -0.5, -4], o);
  assertAlmostEquals(value, (Math.E - 2) / 4, 1e-6);
  assertClose(gradient, [0, 0, 0, (1 - Math.E) / 4]);
});

Deno.test("Without κ, or without a reference, there is no pull", async () => {
  const plain = await valueAndGradient(LOG_PROB, OPTIONS);
  const reference = Float64Array.of(-9, -9, -9, -9);
  assertEquals(await valueAndGradient(LOG_PROB, { ...OPTIONS, referenceLogProb: reference }), plain);
  assertEquals(await valueAndGradient(LOG_PROB, { ...OPTIONS, klCoefficient: 5 }), plain);
});

Deno.test("The loss of a batch of two contexts is the mean of their own", async () => {
  const o = { ...OPTIONS, klCoefficient: 0.3, referenceLogProb: Float64Array.of(-1.5, -1, -2, -4.5) };
  const [together] = await valueAndGradient(LOG_PROB, o);
  const each = await Promise.all([0, 2].map(async (start) => {
    const rows = <T extends Float64Array | Uint8Array>(array: T) => array.slice(start, start + 2) as T;
    const [value] = await valueAndGradient(LOG_PROB.slice(start, start + 2), {
      ...o,
      coefficients: rows(o.coefficients),
      referenceLogProb: rows(o.referenceLogProb),
      defined: rows(o.defined),
    });
    return value;
  }));
  assertAlmostEquals(together, (each[0]! + each[1]!) / 2, 1e-6);
});

Deno.test("The loss leaves one tensor behind, its value", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor1d(LOG_PROB);
  const before = tf.memory().numTensors;
  const loss = policyLoss(x, { ...OPTIONS, klCoefficient: 1, referenceLogProb: Float64Array.from(LOG_PROB) });
  assertEquals(tf.memory().numTensors, before + 1);
  tf.dispose([x, loss]);
});

Deno.test("Arrays that do not fit the rows are refused", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor1d([-1, -2]);
  assertThrows(() => policyLoss(x, OPTIONS), RangeError, "coefficients must have 2 rows");
  x.dispose();
});
