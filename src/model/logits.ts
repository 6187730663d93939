import * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import { uploadArrays } from "../device/arrays.ts";
import { readNumbers } from "../device/computation.ts";
import type { DecoderConfig } from "./config.ts";
import { hiddenStates, keepAt } from "./decoder.ts";
import type { Parameters } from "./parameters.ts";
import { layOutSequences } from "./sequences.ts";
import { tidy } from "./tidy.ts";
import { scoreTable } from "./token_table.ts";

/** Numbers of a block of logits: 64 MiB. */
const BLOCK = 2 ** 24;

/**
 * [batch·length·V] scores of every token after every position of texts of one length.
 *
 * @throws {BladeError} when the texts are empty or of several lengths, or hold what is no token.
 */
export async function logitsOf(
  config: DecoderConfig,
  parameters: Parameters,
  tokenIds: readonly (readonly number[])[],
): Promise<Float32Array> {
  const tokens = config.vocabulary + config.addedTokens;
  checkTokenIds(tokenIds, tokens);
  const layout = layOutSequences(config, tokenIds.map((history) => ({ history, branches: [] })), 0);
  const positions = Int32Array.from(
    tokenIds.flatMap((text, row) => text.map((_, index) => layout.historyPosition(row, index))),
  );
  const hidden = tidy(() => {
    const keep = keepAt(tf.tensor1d(positions, "int32"));
    return hiddenStates(config, parameters, uploadArrays(layout.arrays), { keep });
  });
  const logits = new Float32Array(positions.length * tokens);
  const columns = Math.max(1, Math.floor(BLOCK / Math.max(positions.length, config.width)));
  for (let first = 0; first < tokens; first += columns) {
    const count = Math.min(columns, tokens - first);
    const block = tidy(() => {
      const rows = scoreTable(config, parameters).rows(tf.range(first, first + count, 1, "int32"));
      return tf.matMul(hidden, rows, false, true);
    });
    const [values] = await readNumbers([block]);
    block.dispose();
    for (let row = 0; row < positions.length; row++) {
      logits.set(values!.subarray(row * count, (row + 1) * count), row * tokens + first);
    }
  }
  hidden.dispose();
  return logits;
}

function checkTokenIds(tokenIds: readonly (readonly number[])[], tokens: number): void {
  const length = tokenIds[0]?.length ?? 0;
  const refuse = (row: number, rule: string, value: unknown): never => {
    throw new BladeError({
      place: `tokenIds[${row}]`,
      rule,
      value,
      mend: "give texts of one length as lists of token ids",
    });
  };
  if (length === 0) refuse(0, "must hold at least one token", tokenIds.length === 0 ? "no text" : 0);
  tokenIds.forEach((text, row) => {
    if (text.length !== length) {
      refuse(row, `must hold ${length} tokens, as the first text does`, text.length);
    }
    const wrong = text.find((token) => !Number.isInteger(token) || token < 0 || token >= tokens);
    if (wrong !== undefined) refuse(row, `must be whole numbers from 0 to ${tokens - 1}`, wrong);
  });
}
