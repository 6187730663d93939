import * as tf from "@tensorflow/tfjs";
import type { RandomKey } from "../numerics/random.ts";

/** Inverted dropout (scaled by 1/(1−rate) in training) whose masks come from counters: the same on every device. */
export interface Dropout {
  /** Drops elements of `x` at a named place of the network. */
  apply(x: tf.Tensor, place: string): tf.Tensor;
}

/** No dropout: inference. */
export const NO_DROPOUT: Dropout = { apply: (x) => x };

/** Dropout with the masks of one step. `rate` in [0, 1). */
export function dropout(rate: number, key: RandomKey): Dropout {
  if (rate === 0) return NO_DROPOUT;
  const keep = 1 / (1 - rate);
  const threshold = Math.round(rate * 65536);
  return {
    apply(x, place) {
      const mask = new Float32Array(x.size);
      const { bits } = key.split(place);
      for (let i = 0; i < mask.length; i += 2) {
        const word = bits(i >> 1);
        if ((word & 0xffff) >= threshold) mask[i] = keep;
        if (i + 1 < mask.length && word >>> 16 >= threshold) mask[i + 1] = keep;
      }
      return tf.mul(x, tf.tensor(mask, x.shape));
    },
  };
}
