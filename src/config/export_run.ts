import { join } from "@std/path";
import { extendTokenizer } from "../codec/extend_tokenizer.ts";
import { BladeError } from "../core/errors.ts";
import { exportedConfig } from "../model/exported_config.ts";
import { refuseExisting } from "../model/new_folder.ts";
import { writeAdapter } from "../model/write_adapter.ts";
import { type CheckpointTexts, type WeightFormat, writeCheckpoint } from "../model/write_checkpoint.ts";
import { disposeTree } from "../optimizer/parameter_tree.ts";
import { openTrained } from "./open_trained.ts";
import type { ModelPlan } from "./plan_model.ts";
import { readCheckpointConfig } from "./read_checkpoint_config.ts";
import type { ExportOptions } from "./run_api.ts";

/**
 * Writes the model of a finished run for other programs: a folder in Hugging Face layout with its adapters merged, or the
 * adapters alone in the layout of PEFT.
 *
 * @throws {BladeError} when the run is not finished, the folder exists, or the model has no adapters or cannot be merged.
 */
export async function exportRun(runFolder: string, { kind, folder, format }: ExportOptions): Promise<void> {
  await refuseExisting(folder);
  const { config, materials: { plan, registry }, model, parameters } = await openTrained(runFolder);
  await using _plugins = registry;
  const whole = { ...model.policy.frozen, ...parameters };
  try {
    if (kind === "merged") {
      await writeCheckpoint(folder, model.config, whole, format, await textsBeside(plan, format));
    } else {
      if (model.config.lora === null) throw noAdapters(runFolder);
      await writeAdapter(folder, model.config, whole, config.model.pretrained!);
    }
  } finally {
    disposeTree(whole);
  }
}

/** Files of a tokenizer that go along as they are. */
const COPIED = [
  "tokenizer_config.json",
  "special_tokens_map.json",
  "generation_config.json",
  "chat_template.jinja",
  "LICENSE",
];

/** What stands beside the weights: the config, and the tokenizer with the tokens that were added. */
async function textsBeside(
  { folder, decoder, addedTokens }: ModelPlan,
  format: WeightFormat,
): Promise<CheckpointTexts> {
  const raw = folder === null ? null : (await readCheckpointConfig(folder)).raw;
  const texts: Record<string, string> = {
    "config.json": JSON.stringify(exportedConfig(decoder, raw, format), null, 2) + "\n",
  };
  if (folder === null) return texts;
  const tokenizer = await Deno.readTextFile(join(folder, "tokenizer.json"));
  texts["tokenizer.json"] = addedTokens.length === 0
    ? tokenizer
    : JSON.stringify(extendTokenizer(JSON.parse(tokenizer), addedTokens, decoder.vocabulary));
  for await (const { name } of Deno.readDir(folder)) {
    if (COPIED.includes(name)) texts[name] = await Deno.readTextFile(join(folder, name));
  }
  return texts;
}

function noAdapters(runFolder: string): BladeError {
  return new BladeError({
    place: "--adapter",
    rule: "needs a run that trained adapters",
    value: runFolder,
    mend: "write the whole model with --merged",
  });
}
