/** A moment of a run in which it holds much memory. */
export interface Workload {
  /** For people. */
  readonly name: string;
  /** Whether what the optimizer remembers is there. */
  readonly optimizer: boolean;
  /** Trees of trained weights beside the one that is read. */
  readonly copies: number;
  readonly pass: GradientPass | DrawPass;
}

/** A pass of the decoder and back. */
export interface GradientPass {
  readonly kind: "gradient";
  /** Sequences, those of one part of a batch. */
  readonly rows: number;
  /** Tokens of a sequence, branches and what fills it up included. */
  readonly columns: number;
  /** Tokens in all whose hidden states are scored. */
  readonly kept: number;
  /** Parts of the batch. */
  readonly parts: number;
  /** Whether activations are dropped. */
  readonly drops: boolean;
  /** Tables of the size of the largest trained one that gradients of gathers fill beside the gradient itself. */
  readonly tableGathers: number;
  readonly scores: readonly Scores[];
}

/** Histories that are read, and slates that are drawn for them; no gradient. */
export interface DrawPass {
  readonly kind: "draw";
  /** Histories, and how many of them are read at once. */
  readonly rows: number;
  readonly readTogether: number;
  /** Tokens of a history, what fills it up included. */
  readonly columns: number;
  /** Slates in all, each decoded token by token from what was read; 0 where one score vector serves all. */
  readonly slates: number;
  /** Tokens of a slate that there is room for. */
  readonly capacity: number;
  /** Trees of caches of the slates: a beam search makes a second one in its new order. */
  readonly caches: number;
  readonly scores: readonly Scores[];
}

/** What hidden states are multiplied with. */
export type Scores =
  /** Against `columns` rows of a table, a block of them at a time; of each row `targets` are looked up once more. */
  | { readonly kind: "catalog"; readonly rows: number; readonly columns: number; readonly targets: number }
  /** Each against `columns` rows of a table of its own. */
  | { readonly kind: "few"; readonly rows: number; readonly columns: number }
  /** Against all `columns` rows of a table at once, in so many copies. */
  | { readonly kind: "whole"; readonly rows: number; readonly columns: number; readonly copies: number };
