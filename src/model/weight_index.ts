import { z } from "zod";
import { BladeError } from "../core/errors.ts";

const index = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** A shard is a file of the folder: a name with a path in it would reach out of it. */
const PLAIN_NAME = /^[^/\\:]+\.safetensors$/;

/**
 * File names of tensors by model.safetensors.index.json, or null where there is none.
 *
 * @throws {BladeError} when it is no such index, or names a file outside the folder.
 */
export async function readIndex(path: string): Promise<ReadonlyMap<string, string> | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusal(path, "must be JSON", (error as Error).message);
  }
  const parsed = index.safeParse(json);
  if (!parsed.success) {
    throw refusal(path, "must have a weight_map of file names by tensor", Object(json).weight_map);
  }
  const files = new Map(Object.entries(parsed.data.weight_map));
  for (const [tensor, file] of files) {
    if (!PLAIN_NAME.test(file)) {
      throw refusal(`${path}: ${tensor}`, "must be in a .safetensors file of this folder", file);
    }
  }
  if (files.size === 0) throw refusal(path, "must name a tensor", "none");
  return files;
}

/**
 * Checks that every tensor is in the shard that the index says.
 *
 * @param found path of the file of each tensor
 */
export function checkShards(
  path: string,
  files: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, { readonly path: string }>,
): void {
  for (const [tensor, file] of files) {
    const where = found.get(tensor)?.path;
    if (where?.endsWith(file)) continue;
    throw refusal(`${path}: tensor ${tensor}`, `must be in ${file}`, where ?? "in no shard");
  }
  const extra = [...found.keys()].find((tensor) => !files.has(tensor));
  if (extra === undefined) return;
  throw refusal(`${path}: tensor ${extra}`, "must be named, as a shard holds it", found.get(extra)!.path);
}

function refusal(place: string, rule: string, value: unknown): BladeError {
  return new BladeError({ place, rule, value, mend: "download the model again, all of its files" });
}
