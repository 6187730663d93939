import * as tf from "@tensorflow/tfjs";
import { halfRows, lookUp } from "../device/ops.ts";
import type { DecoderConfig } from "./config.ts";
import { parameter, type Parameters } from "./parameters.ts";

/** What scores of tokens are products with: a row of numbers for each token. */
export interface TokenTable {
  /** [n, width] rows of tokens [n] int32. */
  rows(tokens: tf.Tensor): tf.Tensor2D;
  /** The whole table [V, width], where it is one tensor of 32-bit floats; null where it is not. */
  readonly whole: tf.Tensor2D | null;
}

/** The table that scores are products with: the embedding, or one of its own. */
export function scoreTable(config: DecoderConfig, parameters: Parameters): TokenTable {
  return config.tied
    ? tableOf(config, parameters, "embedding", parameter(parameters, "embedding"))
    : tableOf(config, parameters, "head", parameter(parameters, "head"));
}

/** The whole table of a model that has it as one tensor of 32-bit floats. */
export function wholeTable({ whole }: TokenTable): tf.Tensor2D {
  if (whole === null) {
    throw new TypeError("Cannot score all tokens at once: their table is in parts or in 16 bits");
  }
  return whole;
}

/** Embeddings of tokens [n] int32, and the table of scores, whose gradient is then one with that of what was read. */
export function lookUpTokens(
  config: DecoderConfig,
  parameters: Parameters,
  tokens: tf.Tensor,
): { rows: tf.Tensor2D; table: TokenTable } {
  const embedding = parameter(parameters, "embedding");
  if (!config.tied || config.half !== null || config.addedTokens > 0) {
    const rows = tableOf(config, parameters, "embedding", embedding).rows(tokens);
    return { rows, table: scoreTable(config, parameters) };
  }
  const { rows, table } = lookUp(embedding, tokens);
  return { rows, table: tableOf(config, parameters, "embedding", table) };
}

function tableOf(
  { vocabulary, addedTokens, half }: DecoderConfig,
  parameters: Parameters,
  name: "embedding" | "head",
  base: tf.Tensor2D,
): TokenTable {
  const baseRows = (tokens: tf.Tensor) =>
    base.dtype === "float32" ? tf.gather(base, tokens) as tf.Tensor2D : halfRows(base, tokens, half!);
  if (addedTokens === 0) return { rows: baseRows, whole: base.dtype === "float32" ? base : null };
  const added = parameter(parameters, `${name}Added`);
  return {
    whole: null,
    rows(tokens) {
      const last = tf.scalar(vocabulary - 1, "int32");
      const isAdded = tf.expandDims(tf.cast(tf.greater(tokens, last), "float32"), 1);
      const own = baseRows(tf.minimum(tokens, last));
      const of = tf.gather(
        added,
        tf.maximum(tf.sub(tokens, tf.scalar(vocabulary, "int32")), tf.scalar(0, "int32")),
      );
      return tf.add(tf.mul(own, tf.sub(1, isAdded)), tf.mul(of, isAdded)) as tf.Tensor2D;
    },
  };
}
