import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { parseCheckpointConfig } from "../../src/model/hugging_face_config.ts";
import { rotaryFrequencies } from "../../src/model/rotary_frequencies.ts";

/** A file as it comes with Llama 3.2, smaller. */
const LLAMA = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  bos_token_id: 1,
  head_dim: 8,
  hidden_act: "silu",
  hidden_size: 24,
  intermediate_size: 40,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: "llama",
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32,
    high_freq_factor: 4,
    low_freq_factor: 1,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500000,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  vocab_size: 101,
};

/** The least that a file must say. */
const LEAST = {
  architectures: ["LlamaForCausalLM"],
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 20,
  vocab_size: 9,
};

const parse = (json: unknown) => parseCheckpointConfig(JSON.stringify(json), "m/config.json");

/** The message with which a file is refused. */
function refusalOf(text: string): string {
  const error = assertThrows(() => parseCheckpointConfig(text, "m/config.json"), BladeError);
  assertStringIncludes(error.message, "m/config.json");
  assertStringIncludes(error.message, "take ");
  return error.message;
}

Deno.test("a file of Llama 3.2 gives every setting of its decoder", () => {
  const config = parse(LLAMA);
  assertEquals(config.decoder, {
    vocabulary: 101,
    addedTokens: 0,
    layers: 2,
    width: 24,
    heads: 4,
    kvHeads: 2,
    headWidth: 8,
    hidden: 40,
    ropeBase: 500000,
    ropeScaling: { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 },
    marksPicks: false,
    normEpsilon: 1e-5,
    qkvBias: false,
    headNorms: false,
    tied: true,
    lora: null,
    half: null,
    recompute: false,
  });
  assertEquals([config.architecture, config.positions], ["LlamaForCausalLM", 131072]);
  assertEquals(config.raw, LLAMA);
});

Deno.test("what a file leaves out is as the library that writes it has it", () => {
  const { decoder, positions } = parse(LEAST);
  assertEquals([decoder.kvHeads, decoder.headWidth, decoder.tied], [4, 4, false]);
  assertEquals([decoder.ropeBase, decoder.normEpsilon, decoder.ropeScaling, positions], [
    10000,
    1e-6,
    null,
    2048,
  ]);
  const nulls = Object.fromEntries(
    ["num_key_value_heads", "head_dim", "rope_scaling", "sliding_window", "quantization_config"]
      .map((key) => [key, null]),
  );
  assertEquals(parse({ ...LEAST, ...nulls }).decoder, decoder);
});

Deno.test("each architecture has its own settings", () => {
  const own = (architecture: string, more = {}) => {
    const { decoder } = parse({ ...LEAST, architectures: [architecture], ...more });
    return { qkvBias: decoder.qkvBias, headNorms: decoder.headNorms };
  };
  assertEquals(own("LlamaForCausalLM"), { qkvBias: false, headNorms: false });
  assertEquals(own("MistralForCausalLM"), { qkvBias: false, headNorms: false });
  assertEquals(own("Qwen2ForCausalLM"), { qkvBias: true, headNorms: false });
  assertEquals(own("Qwen3ForCausalLM", { attention_bias: false }), { qkvBias: false, headNorms: true });
  // A model of Qwen3 has heads of a width of their own.
  assertEquals(
    parse({ ...LEAST, architectures: ["Qwen3ForCausalLM"], head_dim: 128 }).decoder.headWidth,
    128,
  );
  assertEquals(
    parse({ ...LEAST, architectures: ["Own", "Qwen3ForCausalLM"] }).architecture,
    "Qwen3ForCausalLM",
  );
});

Deno.test("older and newer keys give the same decoder", () => {
  const { rope_theta, rope_scaling, torch_dtype, ...rest } = LLAMA;
  const newer = { ...rest, rope_parameters: { ...rope_scaling, rope_theta }, dtype: torch_dtype };
  assertEquals(parse(newer).decoder, parse(LLAMA).decoder);
  const { rope_type, ...factors } = rope_scaling;
  assertEquals(
    parse({ ...LLAMA, rope_scaling: { ...factors, type: rope_type } }).decoder,
    parse(LLAMA).decoder,
  );
  const plain = { ...rest, rope_parameters: { rope_type: "default", rope_theta: 500000 } };
  assertEquals(parse(plain).decoder, { ...parse(LLAMA).decoder, ropeScaling: null });
  assertEquals(parse({ ...LLAMA, rope_scaling: null }).decoder, parse(plain).decoder);
});

Deno.test("texts are as long as training and the window allow", () => {
  const positions = (more: Record<string, unknown>) => parse({ ...LEAST, ...more }).positions;
  const mistral = { architectures: ["MistralForCausalLM"], max_position_embeddings: 32768 };
  assertEquals(positions({ ...mistral, sliding_window: 4096 }), 4096);
  assertEquals(positions({ ...mistral, sliding_window: null }), 32768);
  assertEquals(positions({ ...mistral, sliding_window: 65536 }), 32768);
  const qwen2 = { architectures: ["Qwen2ForCausalLM"], max_position_embeddings: 32768, sliding_window: 512 };
  assertEquals(positions({ ...qwen2, use_sliding_window: false }), 32768);
  assertEquals(positions({ ...qwen2, use_sliding_window: true }), 512);
});

Deno.test.each<[string, Record<string, unknown>, string[]]>([
  ["another architecture", { architectures: ["GPT2LMHeadModel"] }, [
    "architectures: must name one of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM",
    "GPT2LMHeadModel",
  ]],
  ["an architecture by a name of every object", { architectures: ["toString", "__proto__"] }, [
    "architectures: must name one of",
  ]],
  ["no architecture", { architectures: [] }, ["architectures: "]],
  ["another activation", { hidden_act: "gelu" }, ['hidden_act: must be silu, got "gelu"']],
  ["biases of the attention", { attention_bias: true }, ["attention_bias: must be false", "got true"]],
  ["heads that are rotated in part", { partial_rotary_factor: 0.5 }, ["partial_rotary_factor: must be 1"]],
  ["biases of the other part", { mlp_bias: true }, ["mlp_bias: must be false"]],
  ["quantized weights", { quantization_config: { bits: 4 } }, [
    "quantization_config: must not be there",
    "bits",
  ]],
  ["another scaling", { rope_scaling: { rope_type: "yarn", factor: 4 } }, [
    "rope_type: must be default or llama3",
    "yarn",
  ]],
  ["another scaling under an old key", { rope_scaling: { type: "linear", factor: 4 } }, [
    "rope_type",
    "linear",
  ]],
  ["another scaling under a new key", { rope_parameters: { rope_type: "dynamic" } }, [
    "rope_type",
    "dynamic",
  ]],
  ["a scaling without its factor", { rope_scaling: { ...LLAMA.rope_scaling, factor: undefined } }, [
    "rope scaling factor: must be a number for the scaling llama3",
  ]],
  [
    "a scaling without its positions",
    { rope_parameters: { ...LLAMA.rope_scaling, original_max_position_embeddings: null } },
    ["rope scaling original_max_position_embeddings: must be a number"],
  ],
  ["a scaling whose ends meet", { rope_scaling: { ...LLAMA.rope_scaling, high_freq_factor: 1 } }, [
    "rope scaling high_freq_factor: must be more than low_freq_factor (1), got 1",
  ]],
  ["a factor below one", { rope_scaling: { ...LLAMA.rope_scaling, factor: 0.5 } }, ["rope_scaling.factor: "]],
  ["key heads that do not divide", { num_key_value_heads: 3 }, [
    "num_key_value_heads: must divide num_attention_heads (4), got 3",
  ]],
  ["more key heads than heads", { num_key_value_heads: 8 }, ["num_key_value_heads: must divide"]],
  ["an odd width of heads", { head_dim: 5 }, ["head_dim: must be an even whole number", "got 5"]],
  ["a width that heads do not divide", { hidden_size: 18, head_dim: undefined }, [
    "head_dim: must be an even whole number",
    "got 4.5",
  ]],
  ["an odd width", { hidden_size: 7 }, ["hidden_size: must be even, got 7"]],
  ["no width", { hidden_size: undefined }, ["hidden_size: ", "got undefined"]],
  ["no vocabulary", { vocab_size: undefined }, ["vocab_size: "]],
  ["a text for a number", { num_hidden_layers: "2" }, ["num_hidden_layers: ", '"2"']],
  ["no layers", { num_hidden_layers: 0 }, ["num_hidden_layers: ", "got 0"]],
  ["more layers than any model has", { num_hidden_layers: 1e6 }, ["num_hidden_layers: ", "got 1000000"]],
  ["a vocabulary that no memory holds", { vocab_size: 2 ** 40 }, ["vocab_size: ", "got 1099511627776"]],
  ["a fraction of a head", { num_attention_heads: 2.5 }, ["num_attention_heads: ", "got 2.5"]],
  ["a base below one", { rope_theta: 0.5 }, ["rope_theta: ", "got 0.5"]],
  ["such a base under a new key", { rope_parameters: { rope_theta: 0 } }, ["rope_parameters.rope_theta: "]],
  ["a norm without its epsilon", { rms_norm_eps: 0 }, ["rms_norm_eps: ", "got 0"]],
  ["an epsilon that 32 bits do not hold", { rms_norm_eps: 1e-300 }, ["rms_norm_eps: ", "got 1e-300"]],
  ["a window of nothing", { sliding_window: 0 }, ["sliding_window: ", "got 0"]],
  ["a window backwards", { sliding_window: -4096 }, ["sliding_window: ", "got -4096"]],
])("a file that asks for %s is refused by key", (_name, change, says) => {
  const message = refusalOf(JSON.stringify({ ...LLAMA, ...change }));
  for (const part of says) assertStringIncludes(message, part);
  assertStringIncludes(message, "m/config.json: ");
});

Deno.test.each<[string, string, string]>([
  ["is no JSON", "{", "m/config.json: must be JSON"],
  ["is empty", "", "m/config.json: must be JSON"],
  ["is a list", "[1]", 'm/config.json: must be a JSON object, got "a list"'],
  ["is null", "null", "m/config.json: must be a JSON object, got null"],
  ["is a number", "7", "m/config.json: must be a JSON object, got 7"],
  [
    "holds an endless number",
    JSON.stringify(LLAMA).replace("500000", "1e999"),
    "m/config.json: rope_theta: ",
  ],
])("a file that %s is refused", (_name, text, says) => assertStringIncludes(refusalOf(text), says));

/** Values that are near to what a key may have, and far from it. */
const value = fc.oneof(
  fc.constantFrom(
    0,
    -1,
    1,
    2,
    3,
    0.5,
    1e300,
    2 ** 31,
    2 ** 31 + 1,
    2 ** 53,
    5e-324,
    null,
    true,
    false,
    "",
    "llama3",
  ),
  fc.constantFrom([], {}, { rope_type: "llama3" }, LLAMA.rope_scaling, ["Qwen2ForCausalLM"]),
  fc.jsonValue({ maxDepth: 3 }),
);
const KEYS = [...Object.keys(LLAMA), "rope_parameters", "sliding_window", "use_sliding_window", "__proto__"];
const changes = fc.array(fc.tuple(fc.constantFrom(...KEYS), value), { minLength: 1, maxLength: 4 });
const SCALING = ["rope_type", "type", "rope_theta", ...Object.keys(LLAMA.rope_scaling)];

/** Texts of every kind: any JSON, a file with other values, parts taken out of it, and characters changed. */
const texts = fc.oneof(
  fc.jsonValue().map((json) => JSON.stringify(json)),
  changes.map((pairs) =>
    `{${
      [...Object.entries(LLAMA), ...pairs].map(([key, value]) =>
        `${JSON.stringify(key)}:${JSON.stringify(value)}`
      ).join()
    }}`
  ),
  fc.array(fc.tuple(fc.constantFrom(...SCALING), value), { maxLength: 4 }).map((pairs) =>
    JSON.stringify({ ...LLAMA, rope_parameters: { ...LLAMA.rope_scaling, ...Object.fromEntries(pairs) } })
  ),
  fc.tuple(fc.nat(600), fc.nat(20), fc.string({ maxLength: 3 })).map(([at, count, put]) => {
    const text = JSON.stringify(LLAMA);
    return text.slice(0, at) + put + text.slice(at + count);
  }),
);

Deno.test("no file ends in anything but a decoder that can be built or a message", () => {
  let read = 0;
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const { decoder, positions } = parseCheckpointConfig(text, "m/config.json");
        read++;
        assert(Number.isInteger(positions) && positions > 0);
        const { heads, kvHeads, headWidth, width, hidden, vocabulary, layers } = decoder;
        for (const count of [heads / kvHeads, headWidth / 2, width / 2, hidden, vocabulary, layers]) {
          assert(Number.isInteger(count) && count > 0, `${count}`);
        }
        assert(decoder.ropeBase >= 1 && Math.fround(decoder.normEpsilon) > 0);
        // Heads of a usual width: the frequencies of others are many.
        const frequencies = rotaryFrequencies({ ...decoder, headWidth: Math.min(headWidth, 256) });
        assert(frequencies.every((frequency) => frequency >= 0 && Number.isFinite(frequency)));
      } catch (error) {
        assert(error instanceof BladeError, `${error}: ${text}`);
        assertStringIncludes(error.message, "m/config.json");
      }
    }),
    { numRuns: 5000 },
  );
  assert(read > 100, `${read} read`);
});
