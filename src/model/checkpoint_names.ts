import type { DecoderConfig } from "./config.ts";
import { type LoraTarget, projectionParts, PROJECTIONS } from "./lora.ts";

/** Where a parameter of the decoder comes from in a checkpoint of Hugging Face's layout. */
export interface CheckpointSource {
  /** Shape of the decoder's parameter; matrices are [in, out]. */
  readonly shape: readonly number[];
  /** The checkpoint's tensors that it is made of, side by side from left to right. */
  readonly parts: readonly {
    readonly name: string;
    /** As the checkpoint has it: matrices are [out, in]. */
    readonly shape: readonly number[];
  }[];
  /** Whether the parts are matrices to be turned. */
  readonly turned: boolean;
}

const OF_ATTENTION: ReadonlySet<LoraTarget> = new Set(["q_proj", "k_proj", "v_proj", "o_proj"]);

/** The module of a checkpoint that a matrix of a block belongs to, e.g. `model.layers.0.self_attn.q_proj`. */
export function moduleName(layer: number, module: LoraTarget): string {
  return `model.layers.${layer}.${OF_ATTENTION.has(module) ? "self_attn" : "mlp"}.${module}`;
}

/** Every parameter of the decoder, but for adapters and added tokens, and what it is made of. */
export function checkpointSources(config: DecoderConfig): ReadonlyMap<string, CheckpointSource> {
  const { width, layers, vocabulary, headWidth } = config;
  const sources = new Map<string, CheckpointSource>();
  const plain = (name: string, source: string, shape: readonly number[]) =>
    sources.set(name, { shape, parts: [{ name: source, shape }], turned: false });
  plain("embedding", "model.embed_tokens.weight", [vocabulary, width]);
  if (!config.tied) plain("head", "lm_head.weight", [vocabulary, width]);
  for (let layer = 0; layer < layers; layer++) {
    const [own, of] = [`layers.${layer}`, `model.layers.${layer}`];
    plain(`${own}.attentionNorm`, `${of}.input_layernorm.weight`, [width]);
    plain(`${own}.feedForwardNorm`, `${of}.post_attention_layernorm.weight`, [width]);
    for (const projection of PROJECTIONS) {
      const { rows, parts } = projectionParts(config, projection);
      const columns = parts.reduce((sum, part) => sum + part.columns, 0);
      sources.set(`${own}.${projection}`, {
        shape: [rows, columns],
        parts: parts.map(({ module, columns }) => ({
          name: `${moduleName(layer, module)}.weight`,
          shape: [columns, rows],
        })),
        turned: true,
      });
      if (projection !== "qkv" || !config.qkvBias) continue;
      sources.set(`${own}.qkvBias`, {
        shape: [columns],
        parts: parts.map(({ module, columns }) => ({
          name: `${moduleName(layer, module)}.bias`,
          shape: [columns],
        })),
        turned: false,
      });
    }
    if (!config.headNorms) continue;
    plain(`${own}.queryNorm`, `${of}.self_attn.q_norm.weight`, [headWidth]);
    plain(`${own}.keyNorm`, `${of}.self_attn.k_norm.weight`, [headWidth]);
  }
  plain("norm", "model.norm.weight", [width]);
  return sources;
}
