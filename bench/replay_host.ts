import * as tf from "@tensorflow/tfjs";
import { compute, takeNumbers } from "../src/device/computation.ts";
import { requestGpuAdapter } from "../src/device/gpu_adapter.ts";
import { openDevice } from "../src/device/open_device.ts";
import type { Bench } from "./figure.ts";
import { median } from "./figure.ts";

const DISPATCHES = 1000, REPEATS = 31;

/** The host's time for a replayed step of a thousand dispatches, against what it takes where nothing is recorded. */
export const replayHost: Bench = async () => {
  const gpu = await requestGpuAdapter();
  if ("missing" in gpu) {
    console.error(`  skipped: ${gpu.missing}`);
    return {};
  }
  await openDevice({ device: "webgpu" });
  const weight = tf.scalar(0.5);
  const step = (name: string) =>
    compute({
      name,
      constants: DISPATCHES,
      arrays: { x: { data: Float32Array.of(1), shape: [1] } },
      weights: { weight },
    }, ({ x }) => {
      let y: tf.Tensor = x;
      for (let i = 0; i < DISPATCHES; i++) y = tf.mul(y, weight);
      return { y };
    });
  const hostMs: number[] = [], wholeMs: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    // The device is idle: where it is busy, handing it more work waits for it.
    const start = performance.now();
    const made = step("thousand");
    hostMs.push(performance.now() - start);
    await takeNumbers(made);
    wholeMs.push(performance.now() - start);
  }
  // The first calls record.
  const [replayed, whole] = [median(hostMs.slice(3)), median(wholeMs.slice(3))];
  const start = performance.now();
  const { y } = step("thousand anew");
  const anewMs = performance.now() - start;
  tf.dispose([y, weight]);
  return {
    "replay-host/webgpu": {
      ms: replayed,
      dispatches: DISPATCHES,
      wholeMs: whole,
      anewMs,
      ratio: replayed / anewMs,
      bound: `the host's time for the same step run anew, ${gpu.name}`,
    },
  };
};
