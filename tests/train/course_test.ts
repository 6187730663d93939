import { assertEquals } from "@std/assert";
import { openDevice } from "../../src/device/open_device.ts";
import { bestWeights, endEpoch, startBest } from "../../src/train/best.ts";
import { afterEpoch, afterStep, courseFrom, courseNumbers, NO_COURSE } from "../../src/train/course.ts";
import * as tf from "@tensorflow/tfjs";

Deno.test("a course survives as numbers, in the middle of an epoch too", () => {
  let course = NO_COURSE;
  assertEquals(courseFrom(courseNumbers(course)), course);
  for (const reward of [0.5, 0.25, NaN]) {
    course = afterStep(course, { reward, signal: 2 * reward });
  }
  course = afterStep(afterEpoch(course), { reward: 3, signal: 1 });
  assertEquals(course.epochs, [{ reward: 0.375, signal: 0.75 }]);
  assertEquals(courseFrom(courseNumbers(course)), course);
});

Deno.test("an epoch whose reward had no value leaves no trace in the course", () => {
  assertEquals(afterEpoch(afterStep(NO_COURSE, { reward: NaN, signal: 0 })), NO_COURSE);
});

Deno.test("the weights kept are the first of those that score best, and any score beats none, a violated constraint none", async () => {
  await openDevice({ device: "cpu" });
  const before = tf.memory().numTensors;
  const best = async (scores: readonly number[], start?: number, violations: readonly number[] = []) => {
    let state: Parameters<typeof endEpoch>[0] = {
      parameters: { w: tf.scalar(0) },
      epoch: 0,
      batch: 3,
      best: null,
    };
    if (start !== undefined) state = startBest(state, start);
    for (const [epoch, score] of scores.entries()) {
      state.parameters["w"]!.dispose();
      state = endEpoch({ ...state, parameters: { w: tf.scalar(state.epoch + 1) } }, score, violations[epoch]);
      assertEquals(state.batch, 0);
    }
    const kept = bestWeights(state);
    const [value] = await kept["w"]!.data();
    assertEquals(value, state.best?.epoch ?? state.epoch);
    tf.dispose([kept["w"]!, state.parameters["w"]!, ...Object.values(state.best?.parameters ?? {})]);
    return value;
  };
  assertEquals(await best([0.1, 0.3, 0.3, 0.2]), 2);
  assertEquals(await best([0.1, 0.3], 0.3), 0);
  assertEquals(await best([NaN, 0.1, NaN, 0.05]), 2);
  assertEquals(await best([NaN, NaN]), 1);
  assertEquals(await best([]), 0);
  // Less violated beats better scored; among equally violated ones the score decides.
  assertEquals(await best([0.9, 0.1, 0.5, 0.7], undefined, [2, 0, 0, 1]), 3);
  assertEquals(await best([0.9, 0.8], undefined, [2, 3]), 1);
  assertEquals(await best([0.9], 0.1, [0.5]), 0);
  assertEquals(tf.memory().numTensors, before);
});
