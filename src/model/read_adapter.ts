import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { DecoderConfig } from "./config.ts";
import type { Lora } from "./lora.ts";
import { type Parameters, uploadParameters } from "./parameters.ts";
import { fromPeft, parsePeftConfig, PEFT_FILES } from "./peft.ts";
import { decodeSafetensors } from "./safetensors.ts";

/**
 * What a folder of PEFT's says of its adapters.
 *
 * @throws {BladeError} when it holds none, or of a kind that this decoder does not have.
 */
export async function readAdapterConfig(folder: string): Promise<Lora> {
  const path = join(folder, PEFT_FILES.config);
  return parsePeftConfig(await found(path, Deno.readTextFile(path)), path);
}

/**
 * The adapters of a folder of PEFT's on the device, with the rows of tokens that were added, where there are any.
 *
 * @param config with the adapters that `readAdapterConfig` found
 * @throws {BladeError} naming the tensor that is missing, of another shape, or of nothing in the model.
 */
export async function readAdapter(folder: string, config: DecoderConfig): Promise<Parameters> {
  const path = join(folder, PEFT_FILES.weights);
  const { tensors } = decodeSafetensors(await found(path, Deno.readFile(path)), path);
  return uploadParameters(fromPeft(config, tensors, path));
}

async function found<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BladeError({
      place: path,
      rule: "must be there, as PEFT and `blade export --adapter` write it",
      mend: "name the folder that holds adapter_config.json and adapter_model.safetensors",
    });
  }
}
