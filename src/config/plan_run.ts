import type { ItemCodec } from "../codec/item_codec.ts";
import { parameterCount } from "../model/parameters.ts";
import { BRANCHES } from "../train/supervision.ts";
import { nextItemExamples } from "../train/next_item_examples.ts";
import { methodWords } from "../report/method_words.ts";
import { rewardWords } from "../report/reward_words.ts";
import { duration } from "../report/duration.ts";
import { inBytes } from "../report/in_bytes.ts";
import { type Materials, prepareMaterials } from "./materials.ts";
import type { RunPlan } from "./run_api.ts";
import { runMemory } from "./run_memory.ts";
import type { BladeConfig } from "./schema.ts";
import { startsContinued } from "./starts_continued.ts";

/**
 * Floating point operations a second that the estimate assumes: what training reaches with wasm on two cores of a
 * server of 2023 (docs/performance.md). A GPU is faster.
 */
const ASSUMED_RATE = 18e9;

/** What plackett-luce draws one slate with, in operations at that rate and item. Measured with 2,414 items and 16 slates. */
const DRAW_PER_ITEM = 400;

/** What a run would do, with its sizes and an estimate of time and memory. Reads the data, trains nothing. */
export async function planRun(config: BladeConfig): Promise<RunPlan> {
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const { totalBytes, moment } = runMemory(config, materials);
  const estimate = Object.entries(estimateOf(config, materials));
  const stages = estimate.map(([name, ms]) => [name, `about ${duration(ms)}`] as const);
  const total = estimate.reduce((sum, [, ms]) => sum + ms, 0);
  return {
    sections: [
      { title: "Data", rows: dataRows(materials) },
      { title: "Model", rows: modelRows(config, materials) },
      { title: "Stages", rows: stageRows(config) },
      {
        title: "Estimate (wasm on two free cores; sft may stop early, a GPU is faster)",
        rows: [
          ...stages,
          ["in all", `about ${duration(total)}`],
          ["memory", `about ${inBytes(totalBytes)} on the device, in ${moment}`],
        ],
      },
    ],
  };
}

/** Milliseconds by stage that a run may take with wasm on two free cores. */
export function estimateOf(config: BladeConfig, materials: Materials): Readonly<Record<string, number>> {
  const operations = operationsOf(config, materials);
  return Object.fromEntries(
    Object.entries(operations).map(([name, count]) => [name, 1000 * count / ASSUMED_RATE]),
  );
}

function dataRows({ dataset, split, align }: Materials): [string, string][] {
  const count = (value: number) => value.toLocaleString("en");
  return [
    ["name", dataset.name],
    ...dataset.stages.map(({ stage, users, items, interactions }): [string, string] => [
      stage,
      `${count(users)} users, ${count(items)} items, ${count(interactions)} interactions`,
    ]),
    ["train", `${count(split.train.items.length)} interactions`],
    ["alignment", `${count(align.contexts.length)} contexts`],
    ["validation", `${count(split.validation.contexts.length)} contexts`],
    ["test", `${count(split.test.contexts.length)} contexts`],
  ];
}

function modelRows(config: BladeConfig, { plan: { decoder } }: Materials): [string, string][] {
  const { slate } = config.model;
  const { layers, width, heads } = decoder;
  return [
    ["decoder", `${layers} layers, width ${width}, ${heads} heads`],
    ["parameters", parameterCount(decoder).toLocaleString("en")],
    ["slates", `${slate}, ${config.align.cutoff} items`],
  ];
}

function stageRows(config: BladeConfig): [string, string][] {
  const { device, reward, sft, target, align, evaluate } = config;
  const epochs = align.patience === null
    ? `${align.epochs} epochs`
    : `at most ${align.epochs} epochs, patience ${align.patience},`;
  return [
    ["device", device],
    ["sft", `at most ${sft.epochs} epochs of ${sft.batch} users a step, patience ${sft.patience}`],
    ["reward", rewardWords(reward)],
    ...(align.method === "sft" ? [] : [
      ["prior", `${target.priorSlates} slates per context`] as [string, string],
      [
        "align",
        `${
          startsContinued(config) ? "from sft-continued, " : ""
        }${epochs} of ${align.batch} contexts a step, ${align.groupSize} slates each, ` +
        `${methodWords({ align, target })}${align.updates === 1 ? "" : `, ${align.updates} updates a batch`}`,
      ] as [string, string],
    ]),
    ["evaluate", evaluate.systems.join(", ")],
  ];
}

/** Decoding token by token hands over little at a time: it takes about so many times what its operations would. */
const TOKEN_BY_TOKEN = 3;

/** Multiply-adds count 2; a pass back costs twice the pass forth. */
function operationsOf(config: BladeConfig, materials: Materials): Record<string, number> {
  const { sft, align, target, evaluate, model: shape } = config;
  const items = materials.dataset.catalog.ids.length;
  const { decoder, codec } = materials.plan;
  const { perItem, perPrompt, perAnswer } = tokensOf(codec, items);
  const body = 2 * (parameterCount(decoder) - decoder.vocabulary * decoder.width);
  const head = 2 * decoder.width * codec.trie.children(codec.trie.root).length;
  const examples = nextItemExamples(materials.sftLog, config.data.maxHistory);
  const positions = examples.reduce(
    (sum, { history, targets }) =>
      sum + perPrompt + history.length * perItem + Math.min(targets.length, BRANCHES + 1) * perAnswer,
    0,
  );
  const { contexts } = materials.align;
  const historyLength = contexts.reduce((sum, { history }) => sum + history.length * perItem + perPrompt, 0);
  const picks = shape.slate === "autoregressive" ? align.groupSize * align.cutoff * perItem : 1;
  const forward = historyLength * body + contexts.length * picks * (body + head);
  const slateItems = shape.slate === "plackett-luce" ? contexts.length * items : 0;
  const evaluated = materials.split.test.contexts.length + materials.split.validation.contexts.length;
  const drawing = codec.tokenIsItem ? 1 : TOKEN_BY_TOKEN;
  const passes = sft.epochs + align.epochs + 4;
  const perList = codec.tokenIsItem
    ? 20
    : drawing * perItem * (config.data.maxHistory + materials.listLength);
  return {
    sft: sft.epochs * 3 * positions * (body + head),
    ...(evaluate.systems.includes("sft-continued") || startsContinued(config)
      ? { "sft-continued": align.epochs * 3 * historyLength * (body + head) }
      : {}),
    ...(align.method === "sft" ? {} : {
      prior: target.priorSlates * (drawing * forward / align.groupSize + slateItems * DRAW_PER_ITEM),
      align: align.epochs *
        ((drawing + 4 * align.updates) * forward + align.groupSize * slateItems * DRAW_PER_ITEM),
    }),
    evaluate: passes * evaluated * (perList * body + head),
  };
}

/** Tokens of an item on average, of a prompt around its items, and of an item that is asked for apart from its history. */
function tokensOf(
  codec: ItemCodec,
  items: number,
): { readonly perItem: number; readonly perPrompt: number; readonly perAnswer: number } {
  if (codec.tokenIsItem) return { perItem: 1, perPrompt: 1, perAnswer: 0 };
  let tokens = 0;
  for (let item = 0; item < items; item++) tokens += codec.encode(item).length;
  const [perItem, around] = [tokens / items, codec.closing.length];
  return { perItem, perPrompt: codec.opening.length + around, perAnswer: around + perItem };
}
