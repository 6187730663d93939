import * as tf from "@tensorflow/tfjs";
import type { Uploaded } from "../device/arrays.ts";
import type { DecoderConfig } from "../model/config.ts";
import { type DecoderPass, decoderPass } from "../model/decoder.ts";
import type { Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";

/** A pass of which only the hidden state at the newest position of each context is kept, [B, width]. */
export function lastPass(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<SequenceArrays>,
): DecoderPass {
  const [rows, length] = arrays.tokens.shape as [number, number];
  const { hidden, embedding } = decoderPass(config, parameters, arrays);
  const byContext = tf.reshape(hidden, [rows, length, config.width]);
  const last = tf.slice(byContext, [0, length - 1, 0], [rows, 1, config.width]);
  return { hidden: tf.reshape(last, [rows, config.width]), embedding };
}

/** Hidden state at the newest position of each context, [B, width]. */
export function lastHidden(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<SequenceArrays>,
): tf.Tensor2D {
  return lastPass(config, parameters, arrays).hidden;
}
