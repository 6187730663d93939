/** What the metrics said of B·G slates. Rows as in `Slates`. */
export interface RewardBatch {
  /** Raw value per metric, in the order of the reward terms, each [B·G]; NaN where undefined. */
  readonly values: readonly Float64Array[];
  /** [B·G] 1 where every term has a value. A slate without is left out of evidence and update, and counted. */
  readonly defined: Uint8Array;
  /** [B·G] the combined reward, rounded to 12 significant digits; NaN where not defined. */
  readonly reward: Float64Array;
  /** How often a metric gave no value, by spec and reason. */
  readonly undefinedReasons: ReadonlyMap<string, number>;
}

/** How the values of several metrics make one order of slates. */
export interface Preference {
  /**
   * `sum`: by the weighted sum of the values. `quantile`: by the weighted sum of the metrics' own log density ratios,
   * so that no metric's scale matters.
   */
  readonly combine: "sum" | "quantile";
  /** [metrics] negative where less of it is better. */
  readonly weights: ArrayLike<number>;
}

/**
 * How the static target reads p off the reference's slates where rewards tie. `half`: ties count half. `up-to`: they
 * count in full, the p_≤ of vBoN (arXiv 2407.06057). `exact`: p_≤ and p_< apart, (p_≤ⁿ − p_<ⁿ)/p_=, as BOND has it
 * (arXiv 2407.14622, theorem 1).
 */
export type StaticTies = "half" | "up-to" | "exact";
