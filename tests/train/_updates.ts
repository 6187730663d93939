/** What an update of the policy asks for, of nothing but density ratios. */
import type { updatePolicy } from "../../src/train/update_policy.ts";

type Arguments = Parameters<typeof updatePolicy>;

/** Rewards of so many slates, all defined and equal, and the log density ratio of each row. */
export function ratiosAlone(
  rows: number,
  logDensityRatio: (row: number) => number,
): { readonly rewards: Arguments[3]; readonly weights: Arguments[4] } {
  return {
    rewards: {
      values: [],
      reward: new Float64Array(rows),
      defined: new Uint8Array(rows).fill(1),
      undefinedReasons: new Map(),
    },
    weights: {
      logDensityRatio: Float64Array.from({ length: rows }, (_, row) => logDensityRatio(row)),
      baseline: new Float64Array(rows),
    } as unknown as Arguments[4],
  };
}
