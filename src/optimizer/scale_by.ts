import * as tf from "@tensorflow/tfjs";
import type { LearningRateSchedule } from "./schedules.ts";
import { eachTensor, type Transform } from "./transform.ts";

/** Multiplies the updates by a constant; a negative one turns gradients into descent. */
export function scaleBy(factor: number, name = "scaleBy"): Transform {
  return eachTensor(name, (update) => tf.mul(update, factor));
}

/** Descends at the rate of the schedule: multiplies the updates by −rate(step). */
export function scaleBySchedule(rate: LearningRateSchedule): Transform {
  return eachTensor("scaleBySchedule", (update, _name, { step }) => tf.mul(update, -rate(step)));
}
