import * as tf from "@tensorflow/tfjs";
import { compute, readNumbers } from "../src/device/computation.ts";
import { requestGpuAdapter } from "../src/device/gpu_adapter.ts";
import { openDevice } from "../src/device/open_device.ts";
import type { Bench } from "./figure.ts";
import { medianMs } from "./figure.ts";

const DISPATCHES = 1000;
/** Replays that are made before the device is waited for. */
const BURST = 8;

/** The host's time for a replayed step of a thousand dispatches, against what it takes where nothing is recorded. */
export const replayHost: Bench = async () => {
  const gpu = await requestGpuAdapter();
  if ("missing" in gpu) {
    console.error(`  skipped: ${gpu.missing}`);
    return {};
  }
  await openDevice({ device: "webgpu" });
  const weight = tf.scalar(0.5);
  const step = (name: string) => () => {
    const { y } = compute({
      name,
      constants: DISPATCHES,
      arrays: { x: { data: Float32Array.of(1), shape: [1] } },
      weights: { weight },
    }, ({ x }) => {
      let y: tf.Tensor = x;
      for (let i = 0; i < DISPATCHES; i++) y = tf.mul(y, weight);
      return { y };
    });
    return Promise.resolve(y);
  };
  const burst = async (job: () => Promise<tf.Tensor>) => {
    const made = [];
    const start = performance.now();
    for (let i = 0; i < BURST; i++) made.push(await job());
    hostMs.push((performance.now() - start) / BURST);
    await readNumbers(made);
    tf.dispose(made);
  };
  const hostMs: number[] = [];
  const ms = await medianMs({ replayed: () => burst(step("thousand")) }, { repeats: 9 });
  const replayed = hostMs.slice(2).sort((a, b) => a - b)[4]!;
  const start = performance.now();
  const anew = await step("thousand anew")();
  const anewMs = performance.now() - start;
  tf.dispose([anew, weight]);
  return {
    "replay-host/webgpu": {
      ms: replayed,
      dispatches: DISPATCHES,
      wholeMs: ms.replayed / BURST,
      anewMs,
      ratio: replayed / anewMs,
      bound: `the host's time for the same step run anew, ${gpu.name}`,
    },
  };
};
