import type * as tf from "@tensorflow/tfjs";
import type { Uploaded } from "../device/arrays.ts";
import type { DecoderConfig } from "../model/config.ts";
import { type DecoderPass, decoderPass, keepLast } from "../model/decoder.ts";
import { NO_DROPOUT } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";

/** A pass of which only the hidden state at the newest position of each context is kept, [B, width]. */
export function lastPass(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<SequenceArrays>,
  drop = NO_DROPOUT,
): DecoderPass {
  return decoderPass(config, parameters, arrays, { drop, keep: keepLast(arrays.tokens) });
}

/** Hidden state at the newest position of each context, [B, width]. */
export function lastHidden(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<SequenceArrays>,
): tf.Tensor2D {
  return lastPass(config, parameters, arrays).hidden;
}
