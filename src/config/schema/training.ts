import { z } from "zod";
import { type MethodName, methodOf, METHODS } from "../../objective/methods.ts";
import { count, positive, share } from "./parts.ts";

/** What the two loops share. */
const optimization = {
  warmup: share.default(0.05).describe("share of the steps over which the learning rate rises from 0"),
  clipNorm: positive.default(1).describe("largest global gradient norm"),
  microBatch: count.nullable().default(null).describe(
    "users or contexts that a gradient is taken of at once, added up to the batch; null: all of it",
  ),
};

/** What both do with a batch that nothing can be learned of. */
const robustness = {
  nonFinite: z.enum(["stop", "skip"]).default("stop").describe(
    "a batch whose loss or gradient is no finite number. stop: the run stops, the state before the batch is kept; " +
      "skip: the batch is left out, with a warning, and after more than 10 in a row the run stops",
  ),
};

/** The section `sft`. */
export const sft = z.strictObject({
  epochs: z.int().min(0).default(30).describe("passes over the training users at most"),
  batch: count.default(32).describe("users per step"),
  learningRate: positive.default(2e-3).describe("peak learning rate of AdamW"),
  loss: z.enum(["full", "sampled"]).default("full").describe(
    "full: cross-entropy over the whole catalog; sampled: over items drawn anew for each step, corrected for how often",
  ),
  negatives: count.default(1024).describe("items drawn per step by the loss `sampled`, at most the catalog"),
  patience: count.default(5).describe("epochs without a better validation nDCG@10 before it stops"),
  ...optimization,
  weightDecay: z.number().min(0).default(0.01).describe("decoupled weight decay of AdamW"),
  ...robustness,
});

const METHOD_NAMES = [...Object.keys(METHODS) as MethodName[], "sft"] as const;

/** The section `align`. */
export const align = z.strictObject({
  method: z.enum(METHOD_NAMES).default("blade").describe(
    METHOD_NAMES.map((name) => `${name}: ${methodOf(name)?.summary ?? "no alignment"}`).join("; "),
  ),
  objective: z.enum(["distill", "backward", "jeffreys"]).default("distill")
    .describe("of the method blade: forward KL to the target, backward KL, or a mix of both"),
  anchor: z.enum(["policy", "reference", "ema"]).default("policy")
    .describe("of the method blade: what the target tilts"),
  emaDecay: z.number().min(0).lt(1).default(0.99)
    .describe("decay per step of the anchor `ema`, and of the moving anchor of j-bond"),
  beta: share.default(0.5).describe("share of the backward KL in `jeffreys`, bond and j-bond"),
  logRatioFloor: z.number().max(0).nullable().default(null)
    .describe("smallest log density ratio in the backward KL, in nats; null: none"),
  dpoBeta: positive.default(0.1).describe("β of dpo, s-dpo and sprec"),
  losers: count.default(3).describe("slates that s-dpo prefers the best to, at most"),
  sftShare: share.default(0.005).describe("a of bonbon: share of the cross-entropy on the best slate"),
  bonbonBeta: positive.nullable().default(null).describe("β* of bonbon; null: the one that belongs to N"),
  maxK: z.int().min(2).default(2).describe("k of max@k"),
  rounds: count.default(5).describe("rounds of sprec, each half imitation and half self-play"),
  klCoefficient: z.number().min(0).default(0.05)
    .describe("weight of the KL to the reference; 0 for methods whose slates the reference draws"),
  dropout: z.number().min(0).lt(1).default(0).describe(
    "share of activations dropped in the updates of alignment; slates are drawn without",
  ),
  updates: count.default(1).describe("updates per batch of slates"),
  clip: z.number().positive().lt(1).default(0.2)
    .describe("PPO: how far the ratio to the policy that drew may go, both ways, in updates after the first"),
  clipHigh: positive.nullable().default(null).describe("the same upwards, where it is another; null: clip"),
  start: z.enum(["reference", "sft-continued"]).default("reference").describe(
    "what alignment starts from and is pulled to; sft-continued: the reference trained on by the labels of alignment first",
  ),
  contexts: z.enum(["unseen", "seen"]).default("unseen")
    .describe("unseen: the targets of alignment are kept out of sft"),
  horizon: count.default(1).describe("next interactions that are the targets of a training context"),
  gain: z.enum(["one", "rating"]).default("one").describe("gain of a relevant item"),
  groupSize: count.default(4).describe("G, slates sampled per context and visit"),
  cutoff: count.default(10).describe("K, items of a slate"),
  batch: count.default(32).describe("contexts per step"),
  epochs: z.int().min(0).default(40).describe("visits to each context"),
  patience: count.nullable().default(null).describe(
    "epochs without a better validation before it stops; null: all of them, the best is kept either way",
  ),
  learningRate: positive.default(1e-3).describe("peak learning rate of AdamW"),
  ...optimization,
  weightDecay: z.number().min(0).default(0).describe("decoupled weight decay of AdamW"),
  ...robustness,
});

/** The section `checkpoint`. */
export const checkpoint = z.strictObject({
  everySteps: count.default(200).describe("steps between two checkpoints"),
  keep: count.default(2).describe("checkpoints kept, the latest ones"),
});
