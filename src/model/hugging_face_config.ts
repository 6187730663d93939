import { z } from "zod";
import { checkShape } from "../core/check_shape.ts";
import { BladeError } from "../core/errors.ts";
import type { DecoderConfig, RopeScaling } from "./config.ts";

/** What a config.json says of a model, beside its decoder. */
export interface CheckpointConfig {
  /** The decoder that it describes. */
  readonly decoder: DecoderConfig;
  /** Its architecture, as the file names it. */
  readonly architecture: string;
  /** Tokens that it reads at most: those that it was trained with, or of its sliding window, past which nothing is forgotten here. */
  readonly positions: number;
  /** The file as it was read: what is written again with merged weights. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** What the architectures that are read have of their own. */
const ARCHITECTURES: Readonly<Record<string, { readonly headNorms: boolean; readonly qkvBias: boolean }>> = {
  LlamaForCausalLM: { headNorms: false, qkvBias: false },
  MistralForCausalLM: { headNorms: false, qkvBias: false },
  Qwen2ForCausalLM: { headNorms: false, qkvBias: true },
  Qwen3ForCausalLM: { headNorms: true, qkvBias: false },
};

const count = z.int().min(1).max(2 ** 31);

/** Below 1 waves would be shorter than a position, down to none. */
const base = z.number().min(1);

/** Rope settings under their older and newer keys alike. */
const rope = z.looseObject({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: base.nullish(),
  factor: z.number().min(1).nullish(),
  low_freq_factor: z.number().positive().nullish(),
  high_freq_factor: z.number().positive().nullish(),
  original_max_position_embeddings: z.number().positive().nullish(),
});

const file = z.looseObject({
  architectures: z.array(z.string()).min(1),
  hidden_size: count,
  num_hidden_layers: count.max(4096),
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  intermediate_size: count,
  vocab_size: count,
  head_dim: count.nullish(),
  max_position_embeddings: count.nullish(),
  // Less would be nothing in 32 bits, and rows of zeros would have no norm.
  rms_norm_eps: z.number().min(1e-30).nullish(),
  rope_theta: base.nullish(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  hidden_act: z.string().nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  attention_bias: z.boolean().nullish(),
  partial_rotary_factor: z.number().nullish(),
  mlp_bias: z.boolean().nullish(),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().nullish(),
  quantization_config: z.unknown().optional(),
});

type File = z.output<typeof file>;

/** The defaults of the library that writes these files, for keys that are left out. */
const DEFAULTS = { normEpsilon: 1e-6, ropeBase: 10000, positions: 2048 };

/**
 * Reads a config.json: Llama (with the scaling of Llama 3.1), Mistral, Qwen2 and Qwen3.
 *
 * @param text the file
 * @param place its path, for messages
 * @throws {BladeError} when it is no such file, or asks for what this decoder does not do.
 *
 * @example
 * ```ts
 * import { parseCheckpointConfig } from "./hugging_face_config.ts";
 * import { assertEquals } from "@std/assert";
 * const { decoder } = parseCheckpointConfig(JSON.stringify({
 *   architectures: ["Qwen3ForCausalLM"], hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4,
 *   num_key_value_heads: 1, intermediate_size: 128, vocab_size: 300, head_dim: 24, rope_parameters: { rope_theta: 1e6 },
 * }), "config.json");
 * assertEquals([decoder.headWidth, decoder.headNorms, decoder.ropeBase, decoder.tied], [24, true, 1e6, false]);
 * ```
 */
export function parseCheckpointConfig(text: string, place: string): CheckpointConfig {
  const raw = parseObject(text, place);
  const parsed = checkShape(file, raw);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw refusal(`${place}: ${path.join(".")}`, message, path.reduce<unknown>(inside, raw));
  }
  const config = parsed.data;
  const architecture = config.architectures.find((name) => Object.hasOwn(ARCHITECTURES, name));
  if (architecture === undefined) {
    throw new BladeError({
      place: `${place}: architectures`,
      rule: `must name one of ${Object.keys(ARCHITECTURES).join(", ")}`,
      value: config.architectures.join(", "),
      mend:
        "take a model of one of these architectures; many others are derived from them under another name",
    });
  }
  checkSupported(config, place);
  const heads = config.num_attention_heads, kvHeads = config.num_key_value_heads ?? heads;
  const headWidth = config.head_dim ?? config.hidden_size / heads;
  if (heads % kvHeads !== 0) {
    throw refusal(`${place}: num_key_value_heads`, `must divide num_attention_heads (${heads})`, kvHeads);
  }
  if (config.hidden_size % 2 !== 0) {
    throw refusal(`${place}: hidden_size`, "must be even", config.hidden_size);
  }
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0) {
    throw refusal(
      `${place}: head_dim`,
      "must be an even whole number: rotary positions turn pairs",
      headWidth,
    );
  }
  const own = ARCHITECTURES[architecture]!;
  const settings = config.rope_parameters ?? config.rope_scaling ?? {};
  return {
    architecture,
    positions: Math.min(config.max_position_embeddings ?? DEFAULTS.positions, windowOf(config)),
    raw,
    decoder: {
      vocabulary: config.vocab_size,
      addedTokens: 0,
      layers: config.num_hidden_layers,
      width: config.hidden_size,
      heads,
      kvHeads,
      headWidth,
      hidden: config.intermediate_size,
      ropeBase: settings.rope_theta ?? config.rope_theta ?? DEFAULTS.ropeBase,
      ropeScaling: scalingOf(settings, place),
      marksPicks: false,
      normEpsilon: config.rms_norm_eps ?? DEFAULTS.normEpsilon,
      qkvBias: own.qkvBias,
      headNorms: own.headNorms,
      tied: config.tie_word_embeddings ?? false,
      lora: null,
      half: null,
      recompute: false,
    },
  };
}

/** Tokens that attention looks back on at most. */
function windowOf({ sliding_window, use_sliding_window }: File): number {
  return sliding_window == null || use_sliding_window === false ? Infinity : sliding_window;
}

/** What a file may ask for and this decoder does not do. */
function checkSupported(config: File, place: string): void {
  const rules: [key: string, holds: boolean, rule: string][] = [
    ["hidden_act", ["silu", "swish"].includes(config.hidden_act ?? "silu"), "must be silu"],
    [
      "attention_bias",
      config.attention_bias !== true,
      "must be false: no bias of the attention's output is read",
    ],
    [
      "partial_rotary_factor",
      (config.partial_rotary_factor ?? 1) === 1,
      "must be 1: all of a head is rotated",
    ],
    ["mlp_bias", config.mlp_bias !== true, "must be false"],
    [
      "quantization_config",
      config.quantization_config === undefined || config.quantization_config === null,
      "must not be there: weights of F32, F16 and BF16 are read",
    ],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken === undefined) return;
  const [key, , rule] = broken;
  throw refusal(`${place}: ${key}`, rule, (config as Record<string, unknown>)[key]);
}

function scalingOf(settings: z.output<typeof rope>, place: string): RopeScaling | null {
  const type = settings.rope_type ?? settings.type ?? "default";
  if (type === "default") return null;
  if (type !== "llama3") {
    throw refusal(`${place}: rope_type`, "must be default or llama3", type);
  }
  const of = (
    key: "factor" | "low_freq_factor" | "high_freq_factor" | "original_max_position_embeddings",
  ) => {
    const value = settings[key];
    if (typeof value === "number") return value;
    throw refusal(`${place}: rope scaling ${key}`, "must be a number for the scaling llama3", value);
  };
  const [low, high] = [of("low_freq_factor"), of("high_freq_factor")];
  if (high <= low) {
    throw refusal(
      `${place}: rope scaling high_freq_factor`,
      `must be more than low_freq_factor (${low})`,
      high,
    );
  }
  return {
    factor: of("factor"),
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalPositions: of("original_max_position_embeddings"),
  };
}

function parseObject(text: string, place: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusal(place, "must be JSON", (error as Error).message);
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw refusal(place, "must be a JSON object", Array.isArray(json) ? "a list" : json);
}

function inside(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

function refusal(place: string, rule: string, value: unknown): BladeError {
  return new BladeError({
    place,
    rule,
    value,
    mend: "take the config.json that came with the weights, of a model that is supported (docs/llm.md)",
  });
}
