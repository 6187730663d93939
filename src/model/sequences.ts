import * as tf from "@tensorflow/tfjs";
import type { TokenId } from "../core/ids.ts";
import { type DecoderConfig, headWidth } from "./config.ts";

/**
 * One row of a batch: a history, and slates that go on from it. A branch sees the history up to its start and its
 * own earlier picks; branches do not see each other. So the slates of a context share the work on its history.
 */
export interface Sequence {
  /** Tokens of the past, oldest first, the begin token included. */
  readonly history: readonly TokenId[];
  readonly branches: readonly Branch[];
}

export interface Branch {
  /** Number of history tokens that the branch sees (at least 1). */
  readonly start: number;
  readonly picks: readonly TokenId[];
}

/**
 * Sequences as the decoder takes them. Columns: history, right-aligned in `historyLength` columns, then
 * `branches` × `branchLength` columns of picks.
 */
export interface SequenceBatch {
  readonly rows: number;
  /** Columns in all, T. */
  readonly length: number;
  readonly historyLength: number;
  readonly branchLength: number;
  /** [rows·T] int32 */
  readonly tokens: tf.Tensor1D;
  /** [rows·T, 1] 1 where the token is a pick of a slate; null when there are no branches. */
  readonly isPick: tf.Tensor2D | null;
  /** [rows, 1, heads/kvHeads·T, T] 0 where a position may look, −1e9 where not. */
  readonly mask: tf.Tensor4D;
  /** [1 or rows, 1, T, headWidth/2] rotary angles. */
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
  /** Flat position (row·T + column) of a history token, counted from the oldest. */
  historyPosition(row: number, index: number): number;
  /** Flat position of a pick. */
  pickPosition(row: number, branch: number, index: number): number;
}

const HIDDEN = -1e9;
/** History columns are rounded up to a multiple of this, so that few shapes occur. */
const LENGTH_STEP = 8;

/** Lays sequences out for one pass of the decoder. The caller disposes it with `disposeSequences`. */
export function layOutSequences(
  config: DecoderConfig,
  sequences: readonly Sequence[],
  fill: TokenId,
): SequenceBatch {
  const rows = sequences.length;
  const longest = sequences.reduce((most, { history }) => Math.max(most, history.length), 1);
  const historyLength = Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP;
  const branchCount = sequences.reduce((most, { branches }) => Math.max(most, branches.length), 0);
  const branchLength = sequences.reduce(
    (most, { branches }) => branches.reduce((m, { picks }) => Math.max(m, picks.length), most),
    0,
  );
  const length = historyLength + branchCount * branchLength;
  const branched = branchCount * branchLength > 0;
  const groups = config.heads / config.kvHeads;
  const tokens = new Int32Array(rows * length).fill(fill);
  const isPick = new Float32Array(branched ? rows * length : 0);
  const positions = new Int32Array((branched ? rows : 1) * length);
  const mask = new Float32Array(rows * length * length).fill(HIDDEN);
  if (!branched) { for (let column = 0; column < length; column++) positions[column] = column; }

  sequences.forEach(({ history, branches }, row) => {
    const offset = historyLength - history.length;
    const look = (from: number, to: number) => mask[(row * length + from) * length + to] = 0;
    history.forEach((token, i) => {
      tokens[row * length + offset + i] = token;
      for (let j = 0; j <= i; j++) look(offset + i, offset + j);
    });
    if (branched) {
      for (let column = 0; column < historyLength; column++) positions[row * length + column] = column;
    }
    branches.forEach(({ start, picks }, branch) => {
      const first = historyLength + branch * branchLength;
      picks.forEach((token, i) => {
        tokens[row * length + first + i] = token;
        isPick[row * length + first + i] = 1;
        positions[row * length + first + i] = offset + start + i;
        for (let j = 0; j < start; j++) look(first + i, offset + j);
        for (let j = 0; j <= i; j++) look(first + i, first + j);
      });
    });
  });
  const { cos, sin } = rotaryAngles(config, positions);
  const angleShape: [number, number, number, number] = [
    branched ? rows : 1,
    1,
    length,
    headWidth(config) / 2,
  ];
  return {
    rows,
    length,
    historyLength,
    branchLength,
    tokens: tf.tensor1d(tokens, "int32"),
    isPick: branched ? tf.tensor2d(isPick, [rows * length, 1]) : null,
    mask: tf.tensor4d(repeatRows(mask, rows, length * length, groups), [rows, 1, groups * length, length]),
    cos: tf.tensor4d(cos, angleShape),
    sin: tf.tensor4d(sin, angleShape),
    historyPosition: (row, index) => row * length + historyLength - sequences[row]!.history.length + index,
    pickPosition: (row, branch, index) => row * length + historyLength + branch * branchLength + index,
  };
}

/** Frees the tensors of a batch. */
export function disposeSequences({ tokens, isPick, mask, cos, sin }: SequenceBatch): void {
  tf.dispose([tokens, mask, cos, sin]);
  isPick?.dispose();
}

/** Cosines and sines of the rotary angles (arXiv 2104.09864), [positions, headWidth/2] each. */
export function rotaryAngles(
  config: DecoderConfig,
  positions: ArrayLike<number>,
): { cos: Float32Array; sin: Float32Array } {
  const half = headWidth(config) / 2;
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  for (let p = 0; p < positions.length; p++) {
    for (let i = 0; i < half; i++) {
      const angle = positions[p]! * config.ropeBase ** (-i / half);
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

function repeatRows(values: Float32Array, rows: number, size: number, times: number): Float32Array {
  if (times === 1) return values;
  const out = new Float32Array(values.length * times);
  for (let row = 0; row < rows; row++) {
    const part = values.subarray(row * size, (row + 1) * size);
    for (let t = 0; t < times; t++) out.set(part, (row * times + t) * size);
  }
  return out;
}
