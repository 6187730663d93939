import type { DecoderConfig } from "./config.ts";
import type { WeightFormat } from "./write_checkpoint.ts";

const TYPE_NAMES = { f32: "float32", f16: "float16", bf16: "bfloat16" } as const;

/**
 * config.json of a model that is written: that of the checkpoint it came from with what has changed, or one of its own.
 *
 * @param raw the config.json that it started from; null where it was trained from scratch
 *
 * @example
 * ```ts
 * import { exportedConfig } from "./exported_config.ts";
 * import { parseCheckpointConfig } from "./hugging_face_config.ts";
 * import { plainDecoder } from "./config.ts";
 * import { assertEquals } from "@std/assert";
 * const decoder = plainDecoder({
 *   vocabulary: 9, layers: 1, width: 8, heads: 2, kvHeads: 1, hidden: 6, ropeBase: 100, normEpsilon: 1e-5,
 *   marksPicks: false,
 * });
 * const text = JSON.stringify(exportedConfig(decoder, null, "f32"));
 * assertEquals(parseCheckpointConfig(text, "config.json").decoder, decoder);
 * ```
 */
export function exportedConfig(
  decoder: DecoderConfig,
  raw: Readonly<Record<string, unknown>> | null,
  format: WeightFormat,
): Record<string, unknown> {
  const vocabulary = decoder.vocabulary + decoder.addedTokens;
  const type = TYPE_NAMES[format];
  if (raw !== null) {
    return { ...raw, vocab_size: vocabulary, ["dtype" in raw ? "dtype" : "torch_dtype"]: type };
  }
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: decoder.width,
    num_hidden_layers: decoder.layers,
    num_attention_heads: decoder.heads,
    num_key_value_heads: decoder.kvHeads,
    head_dim: decoder.headWidth,
    intermediate_size: decoder.hidden,
    vocab_size: vocabulary,
    max_position_embeddings: 2048,
    rms_norm_eps: decoder.normEpsilon,
    rope_theta: decoder.ropeBase,
    tie_word_embeddings: decoder.tied,
    hidden_act: "silu",
    torch_dtype: type,
  };
}
