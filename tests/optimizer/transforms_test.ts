import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { addDecayedWeights } from "../../src/optimizer/add_decayed_weights.ts";
import { chain } from "../../src/optimizer/chain.ts";
import { clipByGlobalNorm, globalNorm } from "../../src/optimizer/clip_by_global_norm.ts";
import { disposeState, optimizerOf } from "../../src/optimizer/optimizer.ts";
import { disposeTree } from "../../src/optimizer/parameter_tree.ts";
import { scaleByAdam } from "../../src/optimizer/scale_by_adam.ts";
import { scaleBy, scaleBySchedule } from "../../src/optimizer/scale_by.ts";
import { warmupCosine } from "../../src/optimizer/schedules.ts";
import type { Transform } from "../../src/optimizer/transform.ts";

await tf.setBackend("cpu");

/** What a transform makes of two updates, each a tensor of its own. */
function applied(transform: Transform, w: number[], b: number[], step = 1): { w: number[]; b: number[] } {
  return tf.tidy(() => {
    const updates = { w: tf.tensor1d(w), b: tf.tensor1d(b) };
    const parameters = { w: tf.onesLike(updates.w), b: tf.onesLike(updates.b) };
    const result = transform.apply(updates, transform.init(parameters), { step, parameters });
    return { w: [...result.updates.w!.dataSync()], b: [...result.updates.b!.dataSync()] };
  });
}

Deno.test("Clipping leaves short gradients, shrinks long ones together, and gradients of nothing stay nothing", () => {
  assertEquals(applied(clipByGlobalNorm(10), [3], [4]), { w: [3], b: [4] });
  assertEquals(applied(clipByGlobalNorm(2.5), [3], [4]), { w: [1.5], b: [2] });
  assertEquals(applied(clipByGlobalNorm(1), [0, 0], [0]), { w: [0, 0], b: [0] });
  assertEquals(applied(clipByGlobalNorm(Infinity), [300], [400]), { w: [300], b: [400] });
});

Deno.test("The global norm is that of all numbers together", () => {
  tf.tidy(() => {
    const norm = globalNorm({ a: tf.tensor2d([[1, 2], [2, 4]]), b: tf.scalar(12) });
    assertAlmostEquals(norm.dataSync()[0]!, 13, 1e-6);
    assertEquals(globalNorm({}).dataSync()[0], 0);
  });
});

Deno.test("Decay follows the mask", () => {
  assertEquals(applied(addDecayedWeights(0.5, (name) => name === "w"), [1, 2], [3]), {
    w: [1.5, 2.5],
    b: [3],
  });
  assertEquals(applied(addDecayedWeights(0, () => true), [1], [3]), { w: [1], b: [3] });
});

Deno.test("A schedule descends, by the step that it is given", () => {
  const transform = scaleBySchedule((step) => step / 4);
  assertEquals(applied(transform, [2], [4], 1), { w: [-0.5], b: [-1] });
  assertEquals(applied(transform, [2], [4], 2), { w: [-1], b: [-2] });
});

Deno.test("A chain applies its parts in order", () => {
  assertEquals(applied(chain(clipByGlobalNorm(5), scaleBy(2)), [30], [40]), { w: [6], b: [8] });
  assertEquals(applied(chain(scaleBy(2), clipByGlobalNorm(5)), [30], [40]), { w: [3], b: [4] });
  assertEquals(applied(chain(), [30], [40]), { w: [30], b: [40] });
});

Deno.test("Two parts of a chain cannot share a name, for they would share a state", () => {
  assertThrows(() => chain(scaleByAdam(), scaleByAdam()), TypeError, '"scaleByAdam" twice');
});

Deno.test("Adam's first step has the size of 1 whatever the gradient's, and its mean follows a constant gradient", () => {
  const first = applied(scaleByAdam(), [1e-4, -300], [0]);
  assertAlmostEquals(first.w[0]!, 1, 1e-3);
  assertAlmostEquals(first.w[1]!, -1, 1e-6);
  assertEquals(first.b, [0]);
});

Deno.test("An optimizer measures the gradient's norm though no transform does", () => {
  const optimizer = optimizerOf(scaleBy(-1));
  const parameters = { w: tf.tensor1d([1, 1]) };
  const next = optimizer.update({ w: tf.tensor1d([3, 4]) }, optimizer.init(parameters), parameters);
  assertAlmostEquals(next.metrics.gradientNorm.dataSync()[0]!, 5, 1e-6);
  assertEquals([...next.parameters.w!.dataSync()], [-2, -3]);
  disposeTree({ ...parameters, ...next.parameters, norm: next.metrics.gradientNorm });
  disposeState(next.state);
});

Deno.test("The schedule rises in a line, falls as a cosine, and stays at its floor", () => {
  const rate = warmupCosine({ peak: 2, warmupSteps: 4, totalSteps: 12, floor: 0.5 });
  const expected: [number, number][] = [[1, 0.5], [2, 1], [4, 2], [8, 1.25], [12, 0.5], [99, 0.5]];
  for (const [step, value] of expected) assertAlmostEquals(rate(step), value, 1e-12);
});

Deno.test("Without warm-up the first step has nearly the peak, and no schedule divides by zero", () => {
  assertAlmostEquals(warmupCosine({ peak: 1, warmupSteps: 0, totalSteps: 1000 })(1), 1, 1e-5);
  assertEquals(warmupCosine({ peak: 1, warmupSteps: 3, totalSteps: 3 })(3), 1);
  assertEquals(warmupCosine({ peak: 1, warmupSteps: 0, totalSteps: 0 })(1), 0);
});
