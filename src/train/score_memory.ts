import type { DecoderConfig } from "../model/config.ts";
import { type NamedTensor, type Sized, sized } from "./sized.ts";
import type { Scores } from "./workload.ts";

/** Numbers of a block of scores, 64 MiB: `catalogScores` and `drawFromHidden` hold no more at a time. */
const BLOCK = 2 ** 24;

/**
 * What hidden states' scores hold, width d. Against a catalog, r rows and c columns of a block of at most 2²⁴ numbers:
 * r·c + c·d·(2 with a gradient, else 1), and with a gradient r·d·(3 + 5·targets); against m rows of a table for each
 * of r decisions r·m·(d·(2 with a gradient of the table, else 1) + 4); against a whole table c·d and r·c for each copy.
 */
export function scoreMemory(decoder: DecoderConfig, scores: readonly Scores[], gradient: boolean): Sized {
  const all = scores.map((own) => tensorsOf(decoder, own, gradient));
  return sized(
    all.reduce((sum, { numbers }) => sum + numbers, 0),
    all.flatMap(({ tensors }) => tensors),
  );
}

function tensorsOf(
  { width, lora, half, addedTokens }: DecoderConfig,
  scores: Scores,
  gradient: boolean,
): { readonly numbers: number; readonly tensors: readonly NamedTensor[] } {
  const { kind, rows, columns } = scores;
  switch (kind) {
    case "catalog": {
      const most = Math.max(1, Math.floor(BLOCK / Math.max(rows, gradient ? 1 : width)));
      const block = Math.ceil(columns / Math.ceil(columns / most));
      return {
        numbers: rows * block + block * width * (gradient ? 2 : 1) +
          (gradient ? rows * width * (3 + 5 * scores.targets) : 0),
        tensors: [{ name: "scores", shape: [rows, block] }, {
          name: "rows of the table",
          shape: [block, width],
        }],
      };
    }
    case "few": {
      const trainsTable = gradient && (lora === null || addedTokens > 0);
      // Of a table in 16 bits the rows are there packed as well; where tokens were added both tables' rows are.
      const times = 1 + (trainsTable ? 1 : 0) + (half === null ? 0 : 0.5) + (addedTokens > 0 ? 4 : 0);
      return {
        numbers: rows * columns * (width * times + 4) + rows * width * (gradient ? 2 : 1),
        tensors: [{ name: "rows of decisions", shape: [rows * columns, width] }],
      };
    }
    case "whole":
      return {
        numbers: rows * columns * scores.copies + columns * width,
        tensors: [{ name: "scores", shape: [rows, columns] }],
      };
    default:
      throw new TypeError(`Cannot size: ${kind satisfies never} are no scores`);
  }
}
