/** Checkpoints of a few hundred weights in Hugging Face layout, their names and shapes written out once more. */
import type { DecoderConfig } from "../../src/model/config.ts";
import { plainDecoder } from "../../src/model/config.ts";
import { encodeSafetensors, type HalfTensor, type NamedTensor } from "../../src/model/safetensors.ts";
import { floatsToHalves, type HalfFormat } from "../../src/numerics/half.ts";
import { randomKey } from "../../src/numerics/random.ts";

/** Two layers with half as many key as query heads, together wider than the model; biases, and one table of tokens. */
export const TINY: DecoderConfig = {
  ...plainDecoder({
    vocabulary: 11,
    layers: 2,
    width: 8,
    heads: 4,
    kvHeads: 2,
    hidden: 6,
    ropeBase: 100,
    normEpsilon: 1e-5,
    marksPicks: false,
  }),
  headWidth: 4,
  qkvBias: true,
};

/** The tensors that a checkpoint of a config has, with their shapes. */
export function checkpointShapes(config: DecoderConfig): Map<string, number[]> {
  const { width, heads, kvHeads, headWidth, hidden, vocabulary } = config;
  const shapes = new Map<string, number[]>([["model.embed_tokens.weight", [vocabulary, width]]]);
  for (let layer = 0; layer < config.layers; layer++) {
    const of = `model.layers.${layer}`;
    const set = (name: string, shape: number[]) => shapes.set(`${of}.${name}`, shape);
    set("input_layernorm.weight", [width]);
    set("self_attn.q_proj.weight", [heads * headWidth, width]);
    set("self_attn.k_proj.weight", [kvHeads * headWidth, width]);
    set("self_attn.v_proj.weight", [kvHeads * headWidth, width]);
    if (config.qkvBias) {
      set("self_attn.q_proj.bias", [heads * headWidth]);
      set("self_attn.k_proj.bias", [kvHeads * headWidth]);
      set("self_attn.v_proj.bias", [kvHeads * headWidth]);
    }
    if (config.headNorms) {
      set("self_attn.q_norm.weight", [headWidth]);
      set("self_attn.k_norm.weight", [headWidth]);
    }
    set("self_attn.o_proj.weight", [width, heads * headWidth]);
    set("post_attention_layernorm.weight", [width]);
    set("mlp.gate_proj.weight", [hidden, width]);
    set("mlp.up_proj.weight", [hidden, width]);
    set("mlp.down_proj.weight", [width, hidden]);
  }
  shapes.set("model.norm.weight", [width]);
  if (!config.tied) shapes.set("lm_head.weight", [vocabulary, width]);
  return shapes;
}

/** Such tensors, none of them small: scales of norms around 1, all else normal with a deviation of 0.5. */
export function loudCheckpoint(config: DecoderConfig): Map<string, NamedTensor & { data: Float32Array }> {
  return new Map(
    [...checkpointShapes(config)].map(([name, shape]) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      randomKey(9).split(name).fillNormal(values);
      const isScale = name.endsWith("norm.weight");
      return [name, { shape, data: values.map((value) => isScale ? 1 + 0.2 * value : 0.5 * value) }];
    }),
  );
}

/** The file of a checkpoint's tensors, in 32 bits or rounded to 16. */
export function weightsFile(tensors: ReadonlyMap<string, NamedTensor>, half?: HalfFormat): Uint8Array {
  if (half === undefined) return encodeSafetensors(tensors);
  const type = half === "f16" ? "F16" : "BF16";
  return encodeSafetensors(
    new Map([...tensors].map(([name, { shape, data }]): [string, HalfTensor] => [
      name,
      { shape, data: floatsToHalves(data as Float32Array, half), type },
    ])),
  );
}
