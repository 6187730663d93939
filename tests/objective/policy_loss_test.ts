import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import align from "../../fixtures/golden/align.json" with { type: "json" };
import { openDevice } from "../../src/device/open_device.ts";
import { uploadArrays } from "../../src/device/arrays.ts";
import { klToReference } from "../../src/objective/gauges.ts";
import { policyLoss, policyLossArrays } from "../../src/objective/policy_loss.ts";

interface LossOptions {
  readonly coefficients: Float64Array;
  readonly referenceLogProb: Float64Array | null;
  readonly klCoefficient: number;
  readonly groupSize: number;
  readonly defined: Uint8Array;
  /** log π of the whole network, where the loss drops some of it. */
  readonly whole?: Float64Array;
}

/** The loss of numbers on the host. */
function lossOf(logProb: tf.Tensor1D, o: LossOptions & { readonly whole: Float64Array }): tf.Scalar {
  return tf.tidy(() =>
    policyLoss(logProb, uploadArrays(policyLossArrays(o.coefficients, o.whole, o.defined, o.groupSize)), {
      referenceLogProb: o.referenceLogProb && tf.tensor1d(Float32Array.from(o.referenceLogProb)),
      klCoefficient: o.klCoefficient,
    })
  );
}

const OPTIONS: LossOptions = {
  coefficients: Float64Array.of(0.5, -0.5, 2, 0),
  referenceLogProb: null,
  klCoefficient: 0,
  groupSize: 2,
  defined: Uint8Array.of(1, 1, 1, 1),
};
const LOG_PROB = [-1, -2, -0.5, -4];

async function valueAndGradient(logProb: number[], o: LossOptions): Promise<[number, number[]]> {
  await openDevice({ device: "cpu" });
  const x = tf.tensor1d(logProb);
  const { value, grad } = tf.valueAndGrad((y: tf.Tensor) =>
    lossOf(y as tf.Tensor1D, { whole: Float64Array.from(logProb), ...o })
  )(x);
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

Deno.test("A row that does not count adds nothing, though its distance overflows", async () => {
  const o = {
    ...OPTIONS,
    coefficients: Float64Array.of(0, 0, 0, 0),
    klCoefficient: 1,
    referenceLogProb: Float64Array.of(-2, -2, -0.5, -3),
    defined: Uint8Array.of(0, 1, 1, 1),
  };
  const [value, gradient] = await valueAndGradient([-1000, -2, -0.5, -4], o);
  assertAlmostEquals(value, (Math.E - 2) / 4, 1e-6);
  assertClose(gradient, [0, 0, 0, (1 - Math.E) / 4]);
});

Deno.test("Under dropout the pull is that of the whole network, however unlikely the masks make a slate", async () => {
  const o = {
    ...OPTIONS,
    coefficients: Float64Array.of(0, 0, 0, 0),
    klCoefficient: 1,
    referenceLogProb: Float64Array.of(-2, -2, -0.5, -3),
    whole: Float64Array.of(-1, -2, -0.5, -4),
  };
  const [value, gradient] = await valueAndGradient([-200, -2, -0.5, -4], o);
  assertClose(gradient, [(1 - Math.exp(-1)) / 4, 0, 0, (1 - Math.E) / 4]);
  assertAlmostEquals(value, (Math.exp(-1) + (1 - Math.exp(-1)) * -199 + Math.E - 2) / 4, 1e-4);
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
  await openDevice({ device: "cpu" });
  const x = tf.tensor1d(LOG_PROB);
  const before = tf.memory().numTensors;
  const whole = Float64Array.from(LOG_PROB);
  const loss = lossOf(x, { ...OPTIONS, klCoefficient: 1, referenceLogProb: whole, whole });
  assertEquals(tf.memory().numTensors, before + 1);
  tf.dispose([x, loss]);
});

Deno.test("Arrays that do not fit the rows are refused", () => {
  const lay = (own: number, defined: number) => () =>
    policyLossArrays(new Float64Array(2), new Float64Array(own), new Uint8Array(defined), 2);
  assertThrows(lay(2, 3), RangeError, "defined must have 2 rows, got 3");
  assertThrows(lay(1, 2), RangeError, "policyLogProb must have 2 rows, got 1");
});

Deno.test("With κ = 0 a reference that is infinitely far away is not even looked at", async () => {
  const referenceLogProb = Float64Array.of(500, 500, 500, 500);
  assertEquals(await valueAndGradient(LOG_PROB, { ...OPTIONS, referenceLogProb }), [0.25, [
    -0.25,
    0.25,
    -1,
    0,
  ]]);
});
