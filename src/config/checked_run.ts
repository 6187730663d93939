import { checkShape } from "../core/check_shape.ts";
import { join } from "@std/path";
import { readManifest, type RunManifest } from "../report/manifest.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { configRefusal } from "./config_refusal.ts";
import { configSchema } from "./schema.ts";

/**
 * The manifest of a finished run whose configuration is one: for whoever opens its model, or asks what it was trained
 * with.
 *
 * @throws {BladeError} as `readManifest`, and with the path of the first value that no configuration has
 */
export async function readCheckedRun(runFolder: string): Promise<RunManifest> {
  const manifest = await readManifest(runFolder);
  const parsed = checkShape(configSchema, manifest.config);
  if (parsed.success) return { ...manifest, config: parsed.data };
  const place = () => `${join(runFolder, RUN_FILES.manifest)}: config`;
  throw configRefusal(parsed.error, manifest.config, place);
}
