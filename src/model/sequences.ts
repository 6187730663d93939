import type { TokenId } from "../core/ids.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { filledSize, roundedSize } from "../device/coarse_size.ts";
import { worksAhead } from "../device/computation.ts";
import type { DecoderConfig } from "./config.ts";
import { rotaryFrequencies } from "./rotary_frequencies.ts";
import { cos, sin } from "../numerics/trigonometry.ts";

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

/** What the decoder reads of sequences. Tokens stand in rows of T columns. */
export type SequenceArrays = {
  /** [rows, T] int32 */
  readonly tokens: HostArray;
  /** [rows, T] int32: the place in its sequence that a token stands at, for the rotary angles. */
  readonly positions: HostArray;
  /**
   * [rows, T, 3] int32: a token sees the columns `from` … `to`−1 of the history, and those from `own` to itself.
   */
  readonly spans: HostArray;
  /** [places, headWidth] cosines, then sines, of the rotary angles of every place. */
  readonly angles: HostArray;
  /** [rows·T, 1] 1 where the token is a pick of a slate; [1, 1] of 0 when there are no branches. */
  readonly isPick: HostArray;
  /**
   * [rows·T] int32: the row that a token has where nothing is filled up for recording, by which dropout counts, so that
   * masks are the same on every device; [1] where the layout is that one.
   */
  readonly dropRows: HostArray;
};

/** The same on the device. */
export type SequenceTensors = Uploaded<SequenceArrays>;

/**
 * Sequences as the decoder takes them. Columns: history, right-aligned in `historyLength` columns, then the branches:
 * each in `branchLength` columns, or where their lengths differ much one right after the other.
 */
export interface SequenceLayout {
  readonly rows: number;
  /** Columns in all, T. */
  readonly length: number;
  readonly historyLength: number;
  readonly branchLength: number;
  readonly arrays: SequenceArrays;
  /** Flat position (row·T + column) of a history token, counted from the oldest. */
  historyPosition(row: number, index: number): number;
  /** Flat position of a pick. */
  pickPosition(row: number, branch: number, index: number): number;
}

/** History columns are rounded up to a multiple of this, so that few shapes occur. */
const LENGTH_STEP = 8;

/** Lays sequences out for one pass of the decoder. */
export function layOutSequences(
  config: DecoderConfig,
  sequences: readonly Sequence[],
  fill: TokenId,
): SequenceLayout {
  const rows = sequences.length;
  const longest = sequences.reduce((most, { history }) => Math.max(most, history.length), 1);
  const branchCount = sequences.reduce((most, { branches }) => Math.max(most, branches.length), 0);
  const branchLength = sequences.reduce(
    (most, { branches }) => branches.reduce((m, { picks }) => Math.max(m, picks.length), most),
    0,
  );
  const columns = (fill: Fill): Columns => {
    const firsts = branchColumns(sequences, branchCount, branchLength, fill);
    const historyLength = fill(longest, LENGTH_STEP);
    return { historyLength, firsts, length: historyLength + firsts.columns };
  };
  const { historyLength, firsts, length } = columns(filledSize);
  const plain = worksAhead() ? columns(roundedSize) : null;
  const branched = firsts.columns > 0;
  const tokens = new Int32Array(rows * length).fill(fill);
  const isPick = new Float32Array(branched ? rows * length : 1);
  const positions = new Int32Array(rows * length);
  const spans = new Int32Array(rows * length * 3);
  const dropRows = new Int32Array(plain === null ? 1 : rows * length);

  sequences.forEach(({ history, branches }, row) => {
    const offset = historyLength - history.length;
    const place = (column: number, from: number, to: number, own: number, position: number) => {
      spans.set([from, to, own], 3 * (row * length + column));
      positions[row * length + column] = position;
    };
    // What stands for nothing sees itself alone, so that its numbers are numbers.
    for (let column = 0; column < length; column++) place(column, 0, 0, column, Math.min(column, longest));
    history.forEach((token, i) => {
      tokens[row * length + offset + i] = token;
      if (plain !== null) {
        dropRows[row * length + offset + i] = row * plain.length + plain.historyLength - history.length + i;
      }
      place(offset + i, 0, 0, offset, offset + i);
    });
    branches.forEach(({ start, picks }, branch) => {
      const first = historyLength + firsts.of(row, branch);
      picks.forEach((token, i) => {
        tokens[row * length + first + i] = token;
        isPick[row * length + first + i] = 1;
        if (plain !== null) {
          dropRows[row * length + first + i] = row * plain.length + plain.historyLength +
            plain.firsts.of(row, branch) + i;
        }
        place(first + i, offset, offset + start, first, offset + start + i);
      });
    });
  });
  return {
    rows,
    length,
    historyLength,
    branchLength,
    arrays: {
      tokens: { data: tokens, shape: [rows, length] },
      positions: { data: positions, shape: [rows, length] },
      spans: { data: spans, shape: [rows, length, 3] },
      angles: rotaryAngles(config, historyLength + branchLength),
      isPick: { data: isPick, shape: branched ? [rows * length, 1] : [1, 1] },
      dropRows: { data: dropRows, shape: [dropRows.length] },
    },
    historyPosition: (row, index) => row * length + historyLength - sequences[row]!.history.length + index,
    pickPosition: (row, branch, index) => row * length + historyLength + firsts.of(row, branch) + index,
  };
}

/** How much of the aligned columns packed branches may take, for packing to be worth its ragged shapes. */
const PACKED_SHARE = 0.75;

/** What a size is filled up to, in multiples of `step`. */
type Fill = (size: number, step: number) => number;

/** How the columns of a layout are shared out. */
interface Columns {
  readonly historyLength: number;
  readonly firsts: BranchColumns;
  /** In all. */
  readonly length: number;
}

interface BranchColumns {
  readonly columns: number;
  of(row: number, branch: number): number;
}

/** Where branches begin behind the history, and how many columns they take. */
function branchColumns(
  sequences: readonly Sequence[],
  branchCount: number,
  branchLength: number,
  fill: Fill,
): BranchColumns {
  const aligned = branchCount * branchLength;
  const packed = sequences.map(({ branches }) => {
    let next = 0;
    return branches.map(({ picks }) => (next += picks.length) - picks.length);
  });
  const most = sequences.reduce(
    (longest, { branches }) => Math.max(longest, branches.reduce((sum, { picks }) => sum + picks.length, 0)),
    0,
  );
  const columns = fill(most, LENGTH_STEP);
  if (columns >= PACKED_SHARE * aligned) {
    return { columns: aligned, of: (_, branch) => branch * branchLength };
  }
  return { columns, of: (row, branch) => packed[row]![branch]! };
}

/** Cosines and then sines of the rotary angles (arXiv 2104.09864) of the places 0 … `places`−1, [places, headWidth]. */
export function rotaryAngles(config: DecoderConfig, places: number): HostArray {
  const width = config.headWidth;
  const half = width / 2;
  const frequencies = rotaryFrequencies(config);
  const data = new Float32Array(places * width);
  for (let place = 0; place < places; place++) {
    for (let i = 0; i < half; i++) {
      const angle = place * frequencies[i]!;
      data[place * width + i] = cos(angle);
      data[place * width + half + i] = sin(angle);
    }
  }
  return { data, shape: [places, width] };
}
