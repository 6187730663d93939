import fc from "fast-check";
import { parseIndexJson } from "../../../src/codec/index_json.ts";
import { parseCheckpointConfig } from "../../../src/model/hugging_face_config.ts";
import { modelCache } from "../../../src/model/hub_cache.ts";
import { parsePeftConfig } from "../../../src/model/peft.ts";
import { parsePretrained } from "../../../src/model/pretrained_spec.ts";
import { type Family, textOf, writeParts } from "../family.ts";
import { spoiled } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const QWEN = {
  architectures: ["Qwen3ForCausalLM"],
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 1,
  intermediate_size: 128,
  vocab_size: 300,
  head_dim: 24,
  rope_parameters: { rope_theta: 1e6 },
  max_position_embeddings: 512,
  rms_norm_eps: 1e-6,
  hidden_act: "silu",
  tie_word_embeddings: true,
  quantization_config: null,
};

const LLAMA = {
  ...QWEN,
  architectures: ["LlamaForCausalLM"],
  rope_scaling: {
    rope_type: "llama3",
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
};

const PEFT = {
  peft_type: "LORA",
  r: 8,
  lora_alpha: 16,
  lora_dropout: 0.1,
  target_modules: ["q_proj", "v_proj"],
  bias: "none",
  use_rslora: false,
  rank_pattern: {},
  alpha_pattern: null,
};

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** What stands beside weights, and the names of models of the hub. */
export const CHECKPOINT_FAMILIES: readonly Family[] = [
  {
    name: "config-json",
    inputs: fc.record({ text: spoiledJson(QWEN, LLAMA) }),
    run: ({ text }) => parseCheckpointConfig(textOf(text), "config.json"),
  },
  {
    name: "adapter-config",
    inputs: fc.record({ text: spoiledJson(PEFT) }),
    run: ({ text }) => parsePeftConfig(textOf(text), "adapter_config.json"),
  },
  {
    name: "semantic-index",
    inputs: fc.record({
      text: spoiledJson({
        "0": ["<a_60>", "<b_159>", "<c_203>"],
        "1": ["<a_60>", "<b_1>"],
        "2": ["<a_1>", "<b_1>"],
      }),
    }),
    run: ({ text }) => parseIndexJson(textOf(text), ["0", "1", "2"], "toys.index.json"),
  },
  {
    name: "hub-spec",
    inputs: fc.record({
      spec: spoiled("hf:Qwen/Qwen3-0.6B", "hf:org/name@main", `hf:a/b@${COMMIT}`, "models/qwen3"),
    }),
    run({ spec }) {
      const parsed = parsePretrained(textOf(spec));
      if ("path" in parsed) return;
      const named = `${parsed.model}/${parsed.revision}`;
      if (/\.\.|[\0-\x20\\]/.test(named)) throw new Error(`a model of the hub called ${named}`);
    },
  },
  {
    name: "hub-cache",
    inputs: fc.record({
      [`models--a--b/snapshots/${COMMIT}/.files.json`]: spoiledJson([{ name: "config.json", bytes: 2 }]),
      [`models--a--b/snapshots/${COMMIT}/config.json`]: fc.constantFrom("{}", ""),
      "models--a--b/refs/main": spoiled(COMMIT),
    }),
    async run(parts, folder) {
      writeParts(parts, folder);
      const cache = modelCache(folder, "a/b");
      await cache.isWhole(COMMIT);
      await cache.commitOf("main");
    },
  },
];
