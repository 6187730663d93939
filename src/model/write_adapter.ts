import { join } from "@std/path";
import type { DecoderConfig } from "./config.ts";
import { adapterShapes } from "./lora.ts";
import { mergedParameter } from "./merge.ts";
import { makeNewFolder } from "./new_folder.ts";
import { type Parameters, readParameters } from "./parameters.ts";
import { PEFT_FILES, PEFT_TABLES, peftConfig, toPeft } from "./peft.ts";
import { encodeSafetensors } from "./safetensors.ts";

/**
 * Writes adapters as the Python library PEFT keeps them: adapter_config.json and adapter_model.safetensors. Where tokens
 * were added, the tables with their rows go along whole, as its `modules_to_save`. A folder that is not whole never has its
 * name.
 *
 * @param folder must not exist
 * @param parameters all of the model's, frozen ones included
 * @param base the model that they are of, a folder or a name
 * @throws {BladeError} when the folder exists.
 */
export async function writeAdapter(
  folder: string,
  config: DecoderConfig,
  parameters: Parameters,
  base: string,
): Promise<void> {
  const own = Object.fromEntries([...adapterShapes(config).keys()].map((name) => [name, parameters[name]!]));
  const tensors = toPeft(config, await readParameters(own));
  const tables = (["embedding", "head"] as const).filter((name) => parameters[`${name}Added`] !== undefined);
  for (const name of tables) {
    const merged = mergedParameter(config, parameters, name);
    const table = (await readParameters({ [name]: merged })).get(name)!;
    merged.dispose();
    tensors.set(PEFT_TABLES[name].tensor, table);
  }
  const json =
    JSON.stringify(peftConfig(config.lora!, base, tables.map((name) => PEFT_TABLES[name].module)), null, 2) +
    "\n";
  await makeNewFolder(folder, async (beside) => {
    await Deno.writeTextFile(join(beside, PEFT_FILES.config), json);
    await Deno.writeFile(join(beside, PEFT_FILES.weights), encodeSafetensors(tensors, { format: "pt" }));
  });
}
