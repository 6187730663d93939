import * as tf from "@tensorflow/tfjs";
import { compute, takeNumbers, worksAhead } from "../src/device/computation.ts";

/** Products of one matrix with itself on the current device: what its fastest work is like. */
export interface PeakProducts {
  /** What is multiplied, in words. */
  readonly name: string;
  readonly run: () => Promise<void>;
  /** Giga-operations a second of the median of `run`. */
  rate(ms: number): number;
  dispose(): void;
}

/**
 * Makes the operand: ten products of 512×512, which a processor's caches hold, or one as large as keeps a GPU busy for
 * longer than it takes to ask for it.
 */
export function peakProducts(): PeakProducts {
  const [size, count] = worksAhead() ? [4096, 1] : [512, 10];
  const values = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i));
  const a = tf.tensor2d(values, [size, size]);
  return {
    name: `${size}³ matrix product`,
    async run() {
      await takeNumbers(compute({ name: "peak", constants: count, arrays: {}, weights: { a } }, () => {
        for (let i = 1; i < count; i++) tf.matMul(a, a).dispose();
        return { corner: tf.slice(tf.matMul(a, a), [0, 0], [1, 1]) };
      }));
    },
    rate: (ms) => count * 2 * size ** 3 / ms / 1e6,
    dispose: () => a.dispose(),
  };
}
