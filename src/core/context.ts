import type { ItemIndex, UserIndex } from "./ids.ts";

/** What a policy may see when it recommends, and no more: held-out items live in `Signals`. */
export interface Context {
  /** Row of this context in its `ContextSet`; the key of its relevance and of its evidence. */
  readonly contextId: number;
  /** Whose context it is. */
  readonly user: UserIndex;
  /** Items the user met, oldest first, at most the configured `maxHistory` for the model's input. */
  readonly history: readonly ItemIndex[];
  /** Every item that must not be recommended again (the whole history, not only its last part). */
  readonly seen: ReadonlySet<ItemIndex>;
  /** Unix seconds of the first held-out interaction, where times are known. */
  readonly requestTime?: number;
}

/** Contexts and what was held out of them. The policy is given `contexts`, a judge `relevance` too. */
export interface ContextSet {
  /** What the policy sees. */
  readonly contexts: readonly Context[];
  /** What was held out, for judges. */
  readonly relevance: Relevance;
}

/** Held-out gains, by context and item. */
export interface Relevance {
  /** The relevant items of a context with their gains, each > 0. Empty when nothing was held out. */
  of(contextId: number): ReadonlyMap<ItemIndex, number>;
}
