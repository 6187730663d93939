import { z } from "zod";
import { LORA_TARGETS } from "../../model/lora.ts";
import { count, positive } from "./parts.ts";

/** What a model of text reads around a history unless told. */
const PROMPT =
  "Titles that this reader liked, the latest last:\n{history}Titles to suggest next, one per line:\n";

/** The section `model.lora`. */
const lora = z.strictObject({
  rank: count.default(16).describe("columns of A and rows of B: the rank of what is added to a matrix"),
  alpha: positive.default(32).describe("what is added is A·B times alpha / rank"),
  dropout: z.number().min(0).lt(1).default(0.05).describe(
    "share of an adapter's input dropped in supervised training",
  ),
  targets: z.array(z.enum(LORA_TARGETS)).min(1).default([...LORA_TARGETS])
    .describe("the matrices of a block that get adapters"),
  from: z.string().min(1).nullable().default(null).describe(
    "a folder of adapters to start from, as PEFT keeps them: rank, alpha and targets are then theirs; null: fresh ones",
  ),
});

/** The section `model.semantic`. */
const semantic = z.strictObject({
  from: z.enum(["co-occurrence", "titles", "file"]).default("co-occurrence").describe(
    "what ids are made from; co-occurrence: who follows whom in train; titles: the pretrained model's embedding of the title; file: an index.json as MiniOneRec writes it",
  ),
  file: z.string().min(1).nullable().default(null).describe("the index.json of from `file`"),
  levels: z.int().min(1).max(8).default(3).describe(
    "tokens of an id, less the one that tells equal ids apart",
  ),
  codes: z.int().min(2).max(65536).default(64).describe("different tokens of a level"),
  width: count.default(32).describe("numbers of an item that from `co-occurrence` works with"),
});

/** The section `model`. */
export const model = z.strictObject({
  codec: z.enum(["id", "text", "semantic"]).default("id").describe(
    "how an item becomes tokens; id: one token an item; text: its title; semantic: a few tokens that like items share. With model.pretrained, text unless told",
  ),
  slate: z.enum(["plackett-luce", "autoregressive"]).default("plackett-luce")
    .describe(
      "plackett-luce: one score vector ranks all; autoregressive: each pick sees the picks before it. Where an item is several tokens, autoregressive",
    ),
  layers: count.default(2).describe("decoder blocks, from scratch"),
  width: count.default(64).describe("width of the residual stream, from scratch"),
  heads: count.default(2).describe("query heads of an attention layer, from scratch"),
  kvHeads: count.default(2).describe(
    "key and value heads, from scratch; fewer than heads is grouped-query attention",
  ),
  hidden: count.default(172).describe("width of the feed-forward layer, from scratch"),
  dropout: z.number().min(0).lt(1).default(0.2).describe(
    "share of activations dropped in training, from scratch",
  ),
  ropeBase: positive.default(10000).describe("base of the rotary positions, from scratch"),
  normEpsilon: positive.default(1e-6).describe("added to the mean square by RMSNorm, from scratch"),
  pretrained: z.string().min(1).nullable().default(null).describe(
    "a model to start from: a folder in Hugging Face layout, or hf:org/name@revision; null: from scratch",
  ),
  train: z.enum(["adapters", "all"]).default("adapters").describe(
    "of a pretrained model; adapters: low-rank ones beside frozen weights (LoRA); all: every weight",
  ),
  lora: lora.prefault({}).describe("the adapters"),
  precision: z.enum(["f32", "half"]).default("f32").describe(
    "how frozen weights are kept on the device; half: in the 16 bits that the checkpoint has",
  ),
  recompute: z.boolean().default(false).describe(
    "compute the inside of a block again in the backward pass: less memory, a third more time",
  ),
  prompt: z.string().min(1).default(PROMPT).describe(
    "what a pretrained model reads; {history} stands for the items of the past, titles with a line end each",
  ),
  semantic: semantic.prefault({}).describe("the ids of codec `semantic`"),
});
