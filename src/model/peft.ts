import { z } from "zod";
import { checkShape } from "../core/check_shape.ts";
import { BladeError } from "../core/errors.ts";
import { moduleName } from "./checkpoint_names.ts";
import type { DecoderConfig } from "./config.ts";
import {
  adapterNames,
  adapterShapes,
  type Lora,
  LORA_TARGETS,
  projectionParts,
  PROJECTIONS,
} from "./lora.ts";
import type { HostTensor } from "./parameters.ts";
import type { NamedTensor } from "./safetensors.ts";

/** The files of an adapter as the Python library PEFT names them. */
export const PEFT_FILES = { config: "adapter_config.json", weights: "adapter_model.safetensors" } as const;

/** The tables of tokens by their parameter: the module that PEFT saves whole, and the tensor that it keeps it in. */
export const PEFT_TABLES = {
  embedding: { module: "embed_tokens", tensor: "base_model.model.model.embed_tokens.weight" },
  head: { module: "lm_head", tensor: "base_model.model.lm_head.weight" },
} as const;

/** What precedes the names of a causal language model's modules there. */
const PREFIX = "base_model.model.";

/**
 * adapter_config.json of adapters.
 *
 * @param base folder or name of the model that they are of
 * @param wholeTables whether the tables of tokens are saved whole, because tokens were added
 */
export function peftConfig(
  lora: Lora,
  base: string,
  wholeTables: readonly string[],
): Record<string, unknown> {
  return {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    target_modules: [...lora.targets],
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    modules_to_save: wholeTables.length === 0 ? null : wholeTables,
    use_rslora: false,
    use_dora: false,
  };
}

const file = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z.array(z.enum(LORA_TARGETS)).min(1),
  bias: z.literal("none").default("none"),
  use_rslora: z.literal(false).nullish(),
  use_dora: z.literal(false).nullish(),
  rank_pattern: z.record(z.string(), z.never()).nullish(),
  alpha_pattern: z.record(z.string(), z.never()).nullish(),
});

/**
 * The adapters that an adapter_config.json describes.
 *
 * @throws {BladeError} when it is none, or of a kind that this decoder does not have.
 */
export function parsePeftConfig(text: string, place: string): Lora {
  const refuse = (own: string, rule: string, value: unknown): never => {
    throw new BladeError({
      place: own,
      rule,
      value,
      mend: `take adapters of plain LoRA on ${LORA_TARGETS.join(", ")}`,
    });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(place, "must be JSON", (error as Error).message);
  }
  const parsed = checkShape(file, json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const value = path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), json);
    return refuse([place, ...path.length === 0 ? [] : [path.join(".")]].join(": "), message, value);
  }
  const { r, lora_alpha, lora_dropout, target_modules } = parsed.data;
  return { rank: r, alpha: lora_alpha, dropout: lora_dropout, targets: target_modules };
}

/** Names of an adapter's two matrices there, by ours. */
function peftNames(config: DecoderConfig): Map<string, string> {
  const names = new Map<string, string>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const { module } of PROJECTIONS.flatMap((one) => projectionParts(config, one).parts)) {
      const { a, b } = adapterNames(layer, module);
      names.set(a, `${PREFIX}${moduleName(layer, module)}.lora_A.weight`);
      names.set(b, `${PREFIX}${moduleName(layer, module)}.lora_B.weight`);
    }
  }
  return names;
}

/** Adapters as PEFT has them: A [rank, in], B [out, rank]. */
export function toPeft(
  config: DecoderConfig,
  adapters: ReadonlyMap<string, HostTensor>,
): Map<string, NamedTensor> {
  const names = peftNames(config);
  return new Map(
    [...adapterShapes(config).keys()].map((own) => [names.get(own)!, turned(adapters.get(own)!)]),
  );
}

/**
 * Adapters from a file of PEFT's, and of whole tables the rows of tokens that were added.
 *
 * @throws {BladeError} when a tensor is missing, of another shape or type, not finite, or of nothing in the model.
 */
export function fromPeft(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, NamedTensor>,
  place: string,
): Map<string, HostTensor> {
  const names = peftNames(config);
  const left = new Set(tensors.keys());
  const refuse = (name: string, rule: string, value: unknown): never => {
    throw new BladeError({
      place: `${place}: tensor ${name}`,
      rule,
      value,
      mend: "take adapters of this very model, with the config that they were saved with",
    });
  };
  const take = (name: string, shape: readonly number[]): HostTensor => {
    const found = tensors.get(name);
    if (String(found?.shape) !== String(shape) || !(found!.data instanceof Float32Array)) {
      refuse(name, `must be a 32-bit float tensor of shape [${shape}]`, found?.shape ?? "none");
    }
    const wrong = (found as HostTensor).data.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) refuse(name, "must be of finite numbers", wrong);
    left.delete(name);
    return found as HostTensor;
  };
  const adapters = new Map(
    [...adapterShapes(config)].map(([own, [rows, columns]]) => [
      own,
      turned(take(names.get(own)!, [columns!, rows!])),
    ]),
  );
  const { vocabulary, addedTokens, width, tied } = config;
  for (
    const table of addedTokens === 0
      ? []
      : tied
      ? ["embedding" as const]
      : ["embedding" as const, "head" as const]
  ) {
    const { data } = take(PEFT_TABLES[table].tensor, [vocabulary + addedTokens, width]);
    adapters.set(`${table}Added`, { shape: [addedTokens, width], data: data.slice(vocabulary * width) });
  }
  for (const name of left) refuse(name, "must be of a module that has adapters", name);
  return adapters;
}

function turned({ shape, data }: HostTensor): HostTensor {
  const [rows, columns] = shape as [number, number];
  const other = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      other[column * rows + row] = data[row * columns + column]!;
    }
  }
  return { shape: [columns, rows], data: other };
}
