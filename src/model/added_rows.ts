import * as tf from "@tensorflow/tfjs";
import type { RandomKey } from "../numerics/random.ts";
import type { DecoderConfig } from "./config.ts";
import { matrix, type Parameters } from "./parameters.ts";
import { tidy } from "./tidy.ts";

/** How far a new row is from the mean row, in standard deviations of the table. */
const SPREAD = 0.3;

/**
 * Rows for tokens that were added to a checkpoint: the mean of the rows that it has, plus noise of a part of their
 * spread, so that a new token begins as one that says little and yet is no other.
 *
 * @param tables of the checkpoint
 * @returns `embeddingAdded`, and `headAdded` where scores have a table of their own; nothing where no token was added
 */
export function addedRows(config: DecoderConfig, tables: Parameters, key: RandomKey): Parameters {
  if (config.addedTokens === 0) return {};
  const names = config.tied ? ["embedding"] : ["embedding", "head"];
  return Object.fromEntries(names.map((name) => {
    const shape: [number, number] = [config.addedTokens, config.width];
    const noise = new Float32Array(config.addedTokens * config.width);
    key.split("added rows", name).fillNormal(noise);
    const rows = tidy(() => {
      const table = matrix(config, tables, name);
      const mean = tf.mean(table, 0, true);
      const deviation = tf.sqrt(tf.mean(tf.square(tf.sub(table, mean)), 0, true));
      return tf.add(mean, tf.mul(tf.tensor2d(noise, shape), tf.mul(deviation, SPREAD)));
    });
    return [`${name}Added`, rows];
  }));
}
