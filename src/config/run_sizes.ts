import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { FEW } from "../rollout/decision_scores.ts";
import { heldOutExamples, type NextItemExample, nextItemExamples } from "../train/next_item_examples.ts";
import type { Materials } from "./materials.ts";
import type { BladeConfig } from "./schema.ts";
import { type TokenCounts, tokenCounts } from "./token_counts.ts";

/** What the data and the items' tokens say of how large the work of a run is. */
export interface RunSizes {
  readonly items: number;
  /** Where an item is several tokens; null where it is one. */
  readonly tokens: TokenCounts | null;
  /** Tokens between a history and a slate. */
  readonly closing: number;
  readonly sft: ExampleSizes;
  /** The targets of alignment as labels. */
  readonly heldOut: ExampleSizes;
  readonly align: ContextSizes;
  /** Of validation and test. */
  readonly validation: ContextSizes;
  readonly test: ContextSizes;
  /** Items of a list in evaluation. */
  readonly listLength: number;
}

/** Sequences to learn from. */
export interface ExampleSizes {
  readonly count: number;
  /** Tokens of the longest history, its opening included. */
  readonly history: number;
  /** Targets of an example, at most. */
  readonly targets: number;
}

/** Contexts to make slates for. */
export interface ContextSizes {
  readonly count: number;
  /** Tokens of the longest prompt, all that stands around its history included. */
  readonly prompt: number;
}

/** Measures the materials of a run, its histories cut at `data.maxHistory` of this configuration. */
export function runSizes(config: BladeConfig, materials: Materials): RunSizes {
  const { plan: { codec, folder }, dataset, sftLog, align, split, listLength } = materials;
  const { maxHistory } = config.data;
  const items = dataset.catalog.ids.length;
  const lengthOf = lengthsOf(codec, items, maxHistory);
  const examples = (all: readonly NextItemExample[]): ExampleSizes => ({
    count: all.length,
    history: codec.opening.length + most(all, ({ history }) => lengthOf(history)),
    targets: most(all, ({ targets }) => targets.length),
  });
  const contexts = (all: readonly Context[]): ContextSizes => ({
    count: all.length,
    prompt: codec.opening.length + most(all, ({ history }) => lengthOf(history)) + codec.closing.length,
  });
  return {
    items,
    tokens: folder === null && codec.tokensPerItem === 1 ? null : tokenCounts(codec, items, FEW),
    closing: codec.closing.length,
    sft: examples(nextItemExamples(sftLog, maxHistory)),
    heldOut: examples(heldOutExamples(align)),
    align: contexts(align.contexts),
    validation: contexts(split.validation.contexts),
    test: contexts(split.test.contexts),
    listLength,
  };
}

/** Tokens of the newest items of a history. */
function lengthsOf(codec: ItemCodec, items: number, maxHistory: number) {
  const lengths = Int32Array.from({ length: items }, (_, item) => codec.encode(item).length);
  return (history: readonly number[]) =>
    history.slice(-maxHistory).reduce((sum, item) => sum + lengths[item]!, 0);
}

function most<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((largest, one) => Math.max(largest, of(one)), 0);
}
