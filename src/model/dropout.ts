import type * as tf from "@tensorflow/tfjs";
import type { HostArray } from "../device/arrays.ts";
import { dropout as drop } from "../device/ops.ts";
import type { RandomKey } from "../numerics/random.ts";
import type { DecoderConfig } from "./config.ts";
import { PROJECTIONS } from "./lora.ts";

/** Inverted dropout (scaled by 1/(1−rate) in training) whose masks come from counters: the same on every device. */
export interface Dropout {
  /**
   * Drops elements of `x` at a named place of the network.
   *
   * @param rows [rows of x] int32: which row each counts as; in their order when left out
   */
  apply(x: tf.Tensor, place: string, rows?: tf.Tensor): tf.Tensor;
}

/** No dropout: inference. */
export const NO_DROPOUT: Dropout = { apply: (x) => x };

/** [places, 2] The keys of one step's masks, a row for each place of the network. */
export function dropoutKeys(config: DecoderConfig, key: RandomKey): HostArray {
  const names = places(config);
  return { data: Int32Array.from(names.flatMap((name) => key.split(name).words)), shape: [names.length, 2] };
}

/**
 * Dropout with the masks of one step.
 *
 * @param keys `dropoutKeys` on the device
 * @param rate in [0, 1)
 */
export function dropout(config: DecoderConfig, keys: tf.Tensor, rate: number): Dropout {
  if (rate === 0) return NO_DROPOUT;
  const names = places(config);
  return {
    apply: (x, place, rows) => names.includes(place) ? drop(x, keys, names.indexOf(place), rate, rows) : x,
  };
}

/** Dropout of a tensor that has a row for each token of a layout, see `SequenceArrays.dropRows`. */
export function dropoutOfTokens(drop: Dropout, dropRows: tf.Tensor): Dropout {
  return dropRows.size === 1 ? drop : { apply: (x, place) => drop.apply(x, place, dropRows) };
}

/** Where the decoder drops: what it adds to the residual stream, or where there are adapters what these read. */
function places({ layers, lora }: DecoderConfig): string[] {
  const ofLayer = (layer: number) =>
    lora === null
      ? [`attention ${layer}`, `feed-forward ${layer}`]
      : PROJECTIONS.map((projection) => `adapters ${layer} ${projection}`);
  const all = Array.from({ length: layers }, (_, layer) => ofLayer(layer)).flat();
  return lora === null ? ["embedding", ...all] : all;
}
