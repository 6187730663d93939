import * as tf from "@tensorflow/tfjs";

const SIZE = 512;

/** Operations of one product of two 512×512 matrices. */
export const PEAK_FLOPS = 2 * SIZE ** 3;

/** Such a product on the current device, ten at a time and read back once. Call `ms / PEAK_PRODUCTS` for one. */
export const PEAK_PRODUCTS = 10;

/** Makes the operands on the current device. */
export function peakProducts(): { run: () => Promise<void>; dispose: () => void } {
  const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i));
  const a = tf.tensor2d(values, [SIZE, SIZE]);
  return {
    async run() {
      for (let i = 1; i < PEAK_PRODUCTS; i++) tf.matMul(a, a).dispose();
      const last = tf.matMul(a, a);
      await last.data();
      last.dispose();
    },
    dispose: () => a.dispose(),
  };
}

/** Giga-operations a second of the median of `run`. */
export function peakRate(ms: number): number {
  return PEAK_PRODUCTS * PEAK_FLOPS / ms / 1e6;
}
