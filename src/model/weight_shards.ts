import { BladeError } from "../core/errors.ts";
import { placeOf } from "./safetensors_header.ts";

/** The names under which Hugging Face keeps a model's weights: in one file, or in shards with an index. */
export const WEIGHTS = { whole: "model.safetensors", index: "model.safetensors.index.json" } as const;

/** No index is longer, and no more is read. */
export const MAX_INDEX_BYTES = 100_000_000;

/**
 * Reads an index of shards: the shard of each tensor.
 *
 * @param text content of a `model.safetensors.index.json`
 * @param place its name, for messages
 * @throws {BladeError} when it is no index, or names a shard that is no plain file name
 * @example
 * ```ts
 * import { parseIndex } from "./weight_shards.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(parseIndex('{"weight_map":{"bias":"a.safetensors"}}', "index.json"), new Map([["bias", "a.safetensors"]]));
 * assertThrows(() => parseIndex('{"weight_map":{"bias":"../a"}}', "index.json"), Error, "tensor bias");
 * ```
 */
export function parseIndex(text: string, place: string): ReadonlyMap<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw damaged(place, "must be JSON", (error as Error).message);
  }
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw damaged(place, "must have a weight_map of tensors to files", map);
  }
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !isPlainName(shard)) {
      throw damaged(placeOf(place, tensor), "must be in a shard named by a plain file name", shard);
    }
    shards.set(tensor, shard);
  }
  if (shards.size === 0) throw damaged(place, "must name at least one tensor in its weight_map", map);
  return shards;
}

/**
 * The error for a model without safetensors weights: what was looked for, and what is there instead.
 *
 * @param place folder or model
 * @param names the files that it holds
 * @example
 * ```ts
 * import { noWeights } from "./weight_shards.ts";
 * import { assertStringIncludes } from "@std/assert";
 * assertStringIncludes(noWeights("llama", ["pytorch_model.bin"]).message, "only safetensors is read");
 * ```
 */
export function noWeights(place: string, names: readonly string[]): BladeError {
  const pickled = names.find((name) => /^pytorch_model.*\.bin(\.index\.json)?$/.test(name));
  const others = names.filter((name) => name.endsWith(".safetensors")).sort().slice(0, 3);
  const rule = `must hold ${WEIGHTS.whole}, or ${WEIGHTS.index} and its shards`;
  if (pickled !== undefined) {
    return new BladeError({
      place,
      rule: `${rule}: only safetensors is read`,
      value: pickled,
      mend: 'convert it in Python: AutoModelForCausalLM.from_pretrained("FROM").save_pretrained("TO", ' +
        "safe_serialization=True)",
    });
  }
  const mend = "name a folder of a whole model, as save_pretrained() of transformers writes it";
  return others.length === 0
    ? new BladeError({ place, rule, mend })
    : new BladeError({ place, rule, value: others.join(", "), mend });
}

function isPlainName(name: string): boolean {
  // deno-lint-ignore no-control-regex
  return name !== "" && name !== "." && !/[/\\\x00-\x1f]|\.\./.test(name);
}

function damaged(place: string, rule: string, value: unknown): BladeError {
  return new BladeError({ place, rule, value, mend: "take the index from the model's source again" });
}
