import type { CheckpointConfig } from "../model/hugging_face_config.ts";

/** A checkpoint whose weights are on a device. */
export interface Pretrained extends Disposable {
  /** What its config.json says. */
  readonly config: CheckpointConfig;
  /**
   * Scores of every token after every position, [batch·length·vocabulary].
   *
   * @param tokenIds texts of one length
   * @throws {BladeError} when the texts differ in length or hold what is no token.
   */
  logits(tokenIds: number[][]): Promise<Float32Array>;
}

/** What `loadPretrained` may be told. */
export interface PretrainedOptions {
  /** `auto` unless told. */
  readonly device?: "auto" | "webgpu" | "native" | "wasm" | "cpu";
}

/**
 * Loads a Llama, Mistral, Qwen2 or Qwen3 checkpoint. Loads what computes when it is called.
 *
 * @param folder in Hugging Face layout, or `hf:org/name@revision`
 * @throws {BladeError} when the folder holds no such checkpoint, or a damaged one.
 *
 * @example
 * ```ts
 * import { loadPretrained } from "./load_pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await loadPretrained("fixtures/tiny-llm", { device: "wasm" });
 * const logits = await model.logits([[1, 2, 3]]);
 * assertEquals(logits.length, 3 * model.config.decoder.vocabulary);
 * ```
 */
export async function loadPretrained(folder: string, options: PretrainedOptions = {}): Promise<Pretrained> {
  const { openPretrained } = await import("./run.ts");
  return await openPretrained(folder, options);
}
