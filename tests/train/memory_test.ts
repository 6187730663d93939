/** The estimate of memory: its parts by hand, and held against what tensors take at their most. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { idCodec } from "../../src/codec/id_codec.ts";
import type { ItemCodec } from "../../src/codec/item_codec.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { runMoments } from "../../src/config/run_moments.ts";
import type { RunSizes } from "../../src/config/run_sizes.ts";
import type { BladeConfig, BladeConfigInput } from "../../src/config/schema.ts";
import { tokenCounts } from "../../src/config/token_counts.ts";
import { openDevice } from "../../src/device/open_device.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { LORA_TARGETS } from "../../src/model/lora.ts";
import { initialParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { distill } from "../../src/objective/distill.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { fitOptimizer, type FitOptions, fitStep } from "../../src/train/fit_next_items.ts";
import { startFit } from "../../src/train/fit_state.ts";
import { memoryParts } from "../../src/train/memory.ts";
import { type Model, modelFromScratch, scratchDecoder, tokenModel } from "../../src/train/model.ts";
import type { NextItemExample } from "../../src/train/next_item_examples.ts";
import { createStepLog } from "../../src/train/step_log.ts";
import { updatePolicy } from "../../src/train/update_policy.ts";
import type { Workload } from "../../src/train/workload.ts";
import { rankAll } from "../../src/rollout/roll_out.ts";
import { contextOf } from "../model/tiny_model.ts";
import { tokenCatalog } from "../rollout/token_catalog.ts";
import { ratiosAlone } from "./_updates.ts";
import { peakBytes } from "./peak_memory.ts";

const DECODER: DecoderConfig = {
  ...{ vocabulary: 50, addedTokens: 0, layers: 2, width: 8, heads: 4, kvHeads: 2, headWidth: 2, hidden: 6 },
  ...{ ropeBase: 1e4, ropeScaling: null, marksPicks: false, normEpsilon: 1e-6, qkvBias: false },
  ...{ headNorms: false, tied: true, lora: null, half: null, recompute: false },
};
const DRAW: Workload = {
  name: "slates",
  optimizer: false,
  copies: 3,
  pass: {
    ...{ kind: "draw", rows: 3, readTogether: 3, columns: 16, slates: 6, capacity: 9, caches: 1 },
    scores: [{ kind: "whole", rows: 6, columns: 40, copies: 1 }],
  },
};

function bytesOf(decoder: DecoderConfig, workload: Workload): Record<string, number> {
  return Object.fromEntries(memoryParts(decoder, workload).map(({ part, bytes }) => [part, bytes]));
}

Deno.test("weights, copies and caches are what their shapes say", () => {
  // A block: 8·(8 + 4 + 4) + 8·8 + 8·12 + 6·8 in matrices and 2·8 of norms; the table 50·8, the last norm 8.
  const trained = 4 * (400 + 8 + 2 * (128 + 64 + 96 + 48 + 16));
  const parts = bytesOf(DECODER, DRAW);
  assertEquals(parts["trained weights"], trained);
  assertEquals(parts["kept copies"], 3 * trained);
  // Two layers of 48 tokens with 16 columns, and of 6 slates with room for 9 tokens of 2·2·2.
  assertEquals(parts["decoding caches"], 4 * 2 * (48 * 16 + 6 * 9 * 8));
  assertEquals(parts["scores"], 4 * (6 * 40 + 40 * 8));
  assertEquals([parts["optimizer"], parts["gradients"], parts["frozen weights"]], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(bytesOf(DECODER, { ...DRAW, optimizer: true })["optimizer"], 2 * trained);
});

Deno.test("frozen matrices take 16 bits each where they are kept so, norms 32, and adapters are what is trained", () => {
  const lora = { rank: 2, alpha: 2, dropout: 0, targets: ["q_proj", "down_proj"] } as const;
  const parts = bytesOf({ ...DECODER, lora, half: "f16" }, DRAW);
  assertEquals(parts["frozen weights"], 2 * (400 + 2 * 336) + 4 * (8 + 2 * 16));
  // A and B of two matrices a block: [8, 2], [2, 8], [6, 2] and [2, 8].
  assertEquals(parts["trained weights"], 4 * 2 * (16 + 16 + 12 + 16));
});

Deno.test("gradients of parts of a batch are two trees, and four where the activations are smaller than two", () => {
  const step = (parts: number, rows: number): Workload => ({
    ...{ name: "a step", optimizer: true, copies: 0 },
    pass: {
      ...{ kind: "gradient", rows, columns: 8, kept: 8 * rows, parts, drops: false, tableGathers: 0 },
      scores: [],
    },
  });
  const trained = bytesOf(DECODER, DRAW)["trained weights"]!;
  const gradients = (parts: number, rows: number) => {
    const own = bytesOf(DECODER, step(parts, rows));
    return { trees: own["gradients"]! / trained, activations: own["activations"]! / trained };
  };
  assertEquals(gradients(1, 100).trees, 1);
  assertEquals(gradients(2, 100).trees, 2);
  const small = bytesOf({ ...DECODER, vocabulary: 100_000 }, step(2, 1));
  const large = 4 * (100_000 * 8 + 8 + 2 * 352);
  assertEquals(small["gradients"], 4 * large - small["activations"]!);
});

/** A model, and the parts of a configuration that say how large its work is. */
interface Case {
  readonly name: string;
  readonly set: BladeConfigInput;
  readonly tokens?: boolean;
  readonly lora?: boolean;
}

const CASES: readonly Case[] = [
  { name: "plackett-luce", set: {} },
  { name: "autoregressive", set: { model: { slate: "autoregressive" } } },
  { name: "tokens", tokens: true, set: { sft: { microBatch: 5 }, align: { microBatch: 5 } } },
  { name: "tokens run again", tokens: true, set: { model: { recompute: true } } },
  { name: "adapters", tokens: true, lora: true, set: {} },
  { name: "adapters run again", tokens: true, lora: true, set: { model: { recompute: true } } },
];

const ITEMS = 300, HISTORY = 20, ROWS = 16, RANKED = 64;
const LORA = { rank: 8, alpha: 8, dropout: 0.05, targets: LORA_TARGETS };

function settingOf({ set, tokens = false, lora = false }: Case) {
  const { model = {}, sft = {}, align = {} } = set;
  const given: BladeConfigInput = {
    model: { layers: 3, width: 32, heads: 4, kvHeads: 2, hidden: 80, ...model },
    sft: { batch: ROWS, ...sft },
    align: { batch: ROWS, cutoff: 5, dropout: 0.1, ...align },
    evaluate: { systems: ["reference", "aligned"] },
  };
  const parsed = parseConfig(JSON.stringify(given), { path: "/memory.jsonc" });
  const config: BladeConfig = lora ? { ...parsed, model: { ...parsed.model, pretrained: "none" } } : parsed;
  const codec: ItemCodec = tokens
    ? tokenCatalog(
      Array.from(
        { length: ITEMS },
        (_, i) => [i % 30, 30 + Math.floor(i / 30) % 5, 40 + Math.floor(i / 150)],
      ),
    )
    : idCodec(ITEMS);
  const decoder = {
    ...scratchDecoder(parsed.model, codec),
    ...{ recompute: parsed.model.recompute, lora: lora ? LORA : null },
  };
  const perItem = codec.tokensPerItem;
  const sizes: RunSizes = {
    items: ITEMS,
    tokens: tokens ? tokenCounts(codec, ITEMS, 16) : null,
    closing: codec.closing.length,
    sft: { count: ROWS, history: 1 + HISTORY * perItem, targets: HISTORY + 1 },
    heldOut: { count: 0, history: 0, targets: 0 },
    align: { count: ROWS, prompt: 1 + HISTORY * perItem + codec.closing.length },
    validation: { count: RANKED, prompt: 1 + HISTORY * perItem + codec.closing.length },
    test: { count: RANKED, prompt: 1 + HISTORY * perItem + codec.closing.length },
    listLength: 10,
  };
  return { config, codec, decoder, sizes };
}

function modelOf({ config, codec, decoder }: ReturnType<typeof settingOf>): Model {
  if (decoder.lora === null) return modelFromScratch(decoder, codec, config.model);
  const frozen = initialParameters({ ...decoder, lora: null }, randomKey(1));
  const start = (key: ReturnType<typeof randomKey>) => Promise.resolve(initialParameters(decoder, key));
  return tokenModel({ config: decoder, codec, dropout: LORA.dropout, frozen, start });
}

const EXAMPLES: readonly NextItemExample[] = Array.from({ length: ROWS }, (_, row) => {
  const all = [...randomKey(7).split(row).permutation(ITEMS)].slice(0, HISTORY + 1);
  return { history: all.slice(0, HISTORY), targets: all.map((item, after) => ({ after, item, weight: 1 })) };
});
const CONTEXTS = Array.from({ length: RANKED }, (_, id) => contextOf(id, EXAMPLES[id % ROWS]!.history));

for (const one of CASES) {
  Deno.test(`what ${one.name} take is between half of the estimate and little more than it`, async () => {
    await openDevice({ device: "wasm", threads: 1 });
    const setting = settingOf(one);
    const { config, decoder, sizes } = setting;
    const estimates = new Map(
      runMoments(config, decoder, sizes).map((work) => {
        const copies = work.name.includes("align") ? 1 : 0;
        // The best weights so far, which there are none of here.
        const parts = memoryParts(decoder, { ...work, copies });
        return [work.name, parts.reduce((sum, { bytes }) => sum + bytes, 0)] as const;
      }),
    );
    const before = tf.memory();
    const model = modelOf(setting);
    const expect = async (name: string, work: () => Promise<unknown>) => {
      const measured = await peakBytes(work) - before.numBytes;
      const ratio = estimates.get(name)! / measured;
      assert(ratio > 0.95 && ratio < 2, `${name}: estimate / measured ${ratio.toFixed(2)}`);
    };
    const options: FitOptions = {
      ...{ stage: "sft", epochs: 1, batch: ROWS, learningRate: 1e-3, warmup: 0, weightDecay: 0, clipNorm: 1 },
      ...{ patience: 1, cutoff: config.align.cutoff, key: randomKey(3) },
      ...(config.sft.microBatch === null ? {} : { microBatch: config.sft.microBatch }),
    };
    const optimizer = fitOptimizer(ROWS, options);
    const reference = await model.start(randomKey(2));
    let state = startFit(reference, optimizer);
    const log = createStepLog("sft", { stage() {}, note() {}, step() {} }, 1);
    await expect("a step of sft", async () => {
      for (let step = 0; step < 3; step++) {
        state = await fitStep(model, state, EXAMPLES, optimizer, options, log);
      }
    });
    await expect(
      "validation in sft",
      () => rankAll(model.policy, reference, CONTEXTS, { cutoff: 10, beams: 1 }),
    );
    tf.dispose(state.optimizer.slots);

    const { microBatch, groupSize, cutoff, dropout } = config.align;
    const contexts = CONTEXTS.slice(0, ROWS);
    const { rewards, weights } = ratiosAlone(ROWS * groupSize, Math.sin);
    const aligning = adamw({ learningRate: 1e-3, clipNorm: 1 });
    const parameters = await model.start(randomKey(5));
    const own = { parameters, optimizer: aligning.init(parameters) };
    const slates = await model.policy.sample(reference, contexts, { groupSize, cutoff, key: randomKey(2) });
    await expect("a step of align", async () => {
      const { measured } = await updatePolicy(own, contexts, slates, rewards, weights, null, {
        ...{ model, reference, objective: distill(), optimizer: aligning, klCoefficient: 0.5, updates: 1 },
        ...{ source: "policy", microBatch, clip: { low: 0.2, high: 0.2 } },
        dropout: { rate: dropout, key: randomKey(1) },
      });
      tf.dispose(measured);
    });
    tf.dispose([reference, parameters, own.optimizer.slots, model.policy.frozen]);
    assertEquals(tf.memory().numTensors, before.numTensors);
  });
}
