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
