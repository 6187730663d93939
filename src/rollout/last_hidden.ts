import * as tf from "@tensorflow/tfjs";
import type { Uploaded } from "../device/arrays.ts";
import type { DecoderConfig } from "../model/config.ts";
import { hiddenStates } from "../model/decoder.ts";
import type { Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";

/** Hidden state at the newest position of each context, [B, width]. */
export function lastHidden(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<SequenceArrays>,
): tf.Tensor2D {
  const [rows, length] = arrays.tokens.shape as [number, number];
  const hidden = hiddenStates(config, parameters, arrays);
  return tf.reshape(
    tf.slice(tf.reshape(hidden, [rows, length, config.width]), [0, length - 1, 0], [rows, 1, config.width]),
    [rows, config.width],
  );
}
