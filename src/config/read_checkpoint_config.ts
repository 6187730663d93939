import { join } from "@std/path";
import { openText } from "../data/text_file.ts";
import { type CheckpointConfig, parseCheckpointConfig } from "../model/hugging_face_config.ts";

/**
 * The config.json of a checkpoint's folder.
 *
 * @throws {BladeError} when it is missing, or asks for what this decoder does not do.
 */
export async function readCheckpointConfig(folder: string): Promise<CheckpointConfig> {
  const path = join(folder, "config.json");
  const file = await openText(path, "utf-8");
  try {
    return parseCheckpointConfig((await Array.fromAsync(file.text)).join(""), path);
  } finally {
    file.close();
  }
}
