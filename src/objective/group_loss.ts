import { eachDefinedGroup, type Objective, type ObjectiveInput } from "./objective.ts";

/** The slates of one context that have a reward. */
export interface Group {
  /** [slates] */
  readonly reward: Float64Array;
  /** [slates] nats: ℓ, log π of each under the policy that is updated. */
  readonly policyLogProb: Float64Array;
  /** [slates] nats: log π of each under the anchor. */
  readonly anchorLogProb: Float64Array;
  /** [slates] place of each among the G of its context. */
  readonly place: Int32Array;
}

/** A loss of one context and its slopes. */
export interface GroupLoss {
  readonly loss: number;
  /** [slates] −∂loss/∂ℓ_j */
  readonly coefficients: Float64Array;
}

/**
 * The objective that is the mean over contexts of a loss of each context's slates, given with its slopes. A context
 * about which the loss has nothing to say, or without a reward, adds 0.
 *
 * @param of the loss of one context, or null
 *
 * @example
 * ```ts
 * import { meanGroupLoss } from "./group_loss.ts";
 * import { assertEquals } from "@std/assert";
 * const squares = meanGroupLoss("squares", ({ policyLogProb: [l] }) => ({ loss: l! ** 2, coefficients: Float64Array.of(-2 * l!) }));
 * const input = {
 *   groupSize: 1,
 *   reward: Float64Array.of(1, NaN),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: Float64Array.of(-3, -5),
 *   anchorLogProb: null,
 * };
 * assertEquals([squares.value!(input), ...squares.coefficients(input)], [4.5, 6, 0]);
 * ```
 */
export function meanGroupLoss(
  name: string,
  of: (group: Group) => GroupLoss | null,
): Objective & Required<Pick<Objective, "value">> {
  const each = (input: ObjectiveInput, visit: (rows: number[], found: GroupLoss) => void) => {
    const { groupSize, reward, policyLogProb, anchorLogProb } = input;
    eachDefinedGroup(reward, groupSize, (rows) => {
      const column = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
      const found = of({
        reward: column(reward),
        policyLogProb: column(policyLogProb),
        // An anchor that is the policy of this moment has its log-probabilities.
        anchorLogProb: column(anchorLogProb ?? policyLogProb),
        place: Int32Array.from(rows, (row) => row % groupSize),
      });
      if (found !== null) visit(rows, found);
    });
  };
  return {
    name,
    coefficients(input) {
      const out = new Float64Array(input.reward.length);
      each(input, (rows, { coefficients }) => rows.forEach((row, j) => out[row] = coefficients[j]!));
      return out;
    },
    value(input) {
      let sum = 0;
      each(input, (_, { loss }) => sum += loss);
      return sum * input.groupSize / input.reward.length;
    },
  };
}

/**
 * Places of the largest and the smallest number, the first of equals each.
 *
 * @example
 * ```ts
 * import { bestAndWorst } from "./group_loss.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(bestAndWorst(Float64Array.of(2, 5, 1, 5, 1)), { best: 1, worst: 2 });
 * ```
 */
export function bestAndWorst(values: Float64Array): { best: number; worst: number } {
  let [best, worst] = [0, 0];
  for (let i = 1; i < values.length; i++) {
    if (values[i]! > values[best]!) best = i;
    if (values[i]! < values[worst]!) worst = i;
  }
  return { best, worst };
}
