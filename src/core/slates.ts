/** G slates of K items for each of B contexts, as a policy sampled or ranked them. Rows context-major: slate g of context b is row b·G+g. */
export interface Slates {
  /** G */
  readonly groupSize: number;
  /** K */
  readonly cutoff: number;
  /** [B·G·K] `ItemIndex`, −1 where the slate is short. */
  readonly items: Int32Array;
  /** [B·G] nats: log π(slate | context) under the constrained distribution that drew it. */
  readonly behaviorLogProb: Float64Array;
}
