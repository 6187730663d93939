import type { z } from "zod";
import { parsePrompt } from "../../codec/prompt.ts";
import { BladeError } from "../../core/errors.ts";
import type { Contradiction } from "./consistency.ts";
import type { model } from "./model.ts";

type ModelSettings = z.output<typeof model>;

/** The settings that the model bears on. */
export interface ModelRelated {
  readonly model: ModelSettings;
  readonly sft: { readonly loss: "full" | "sampled" };
  readonly evaluate: { readonly decode: "greedy" | "beam" };
}

/** Head sizes that do not divide the width, and what belongs to another codec or to a pretrained model alone. */
export function contradictionsOfModel({ model, sft, evaluate }: ModelRelated): Contradiction[] {
  const { codec, slate, pretrained, semantic, train, precision, lora } = model;
  const tokens = codec !== "id";
  const rules: [holds: boolean, path: string[], rule: string, mend: string][] = [
    [
      pretrained === null || tokens,
      ["codec"],
      "must be text or semantic for a pretrained model, which knows no items",
      "set model.codec to text",
    ],
    [
      codec !== "text" || pretrained !== null,
      ["codec"],
      "text needs a model that can read: model.pretrained is null",
      "set model.pretrained to a folder in Hugging Face layout, for instance fixtures/tiny-llm",
    ],
    [
      !tokens || slate === "autoregressive",
      ["slate"],
      `must be autoregressive for the codec ${codec}, whose items are several tokens`,
      "set model.slate to autoregressive",
    ],
    [
      semantic.from !== "titles" || pretrained !== null,
      ["semantic", "from"],
      "titles needs a pretrained model, whose embedding it reads",
      "set model.pretrained, or model.semantic.from to co-occurrence",
    ],
    [
      (semantic.from === "file") === (semantic.file !== null),
      ["semantic", "file"],
      "belongs to model.semantic.from file, and to it alone",
      semantic.file === null ? "set it to an index.json" : "set model.semantic.from to file",
    ],
    [
      lora.from === null || (pretrained !== null && train === "adapters"),
      ["lora", "from"],
      "belongs to a pretrained model with adapters",
      "set model.pretrained and model.train adapters, or leave it out",
    ],
    [
      precision === "f32" || (pretrained !== null && train === "adapters"),
      ["precision"],
      "half is for weights that stay as they are: those of a pretrained model with adapters",
      "set model.precision to f32, or model.train to adapters",
    ],
  ];
  const found: Contradiction[] = rules.filter(([holds]) => !holds)
    .map(([, path, rule, mend]) => ({ path: ["model", ...path], rule, mend }));
  if (tokens && sft.loss === "sampled") {
    found.push({
      path: ["sft", "loss"],
      rule: `must be full for the codec ${codec}: its tokens are few, and all of them are gone through`,
      mend: "set sft.loss to full",
    });
  }
  if (tokens && evaluate.decode === "beam") {
    found.push({
      path: ["evaluate", "decode"],
      rule: `must be greedy for the codec ${codec}`,
      mend: "set evaluate.decode to greedy",
    });
  }
  return [...found, ...pretrained === null ? ofScratch(model) : ofPrompt(model)];
}

function ofPrompt({ prompt }: ModelSettings): Contradiction[] {
  try {
    parsePrompt(prompt, "model.prompt");
    return [];
  } catch (error) {
    if (!(error instanceof BladeError)) throw error;
    return [{ path: ["model", "prompt"], rule: error.refusal.rule, mend: error.refusal.mend }];
  }
}

function ofScratch({ width, heads, kvHeads }: ModelSettings): Contradiction[] {
  const found: Contradiction[] = [];
  if (width % heads !== 0) {
    found.push({
      path: ["model", "heads"],
      rule: `must divide model.width (${width})`,
      mend: "set model.width to a multiple of model.heads",
    });
  } else if ((width / heads) % 2 !== 0) {
    found.push({
      path: ["model", "heads"],
      rule: `must leave heads of an even size (model.width / model.heads is ${width / heads})`,
      mend: "rotary positions turn pairs: set model.width to a multiple of 2 · model.heads",
    });
  }
  if (heads % kvHeads !== 0) {
    found.push({
      path: ["model", "kvHeads"],
      rule: `must divide model.heads (${heads})`,
      mend: "set it to model.heads, or to a divisor of it for grouped-query attention",
    });
  }
  return found;
}
