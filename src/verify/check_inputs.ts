import { join } from "@std/path";
import { z } from "zod";
import { valueDifference } from "../config/value_difference.ts";
import { checkedJson } from "../report/checked_json.ts";
import { hashFile, type RunManifest } from "../report/manifest.ts";
import { isWithin } from "../report/moved_run.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { pluginFile } from "../reward/plugin_file.ts";
import { pluginHash } from "../reward/plugin_hash.ts";
import type { Comparison, Difference } from "./difference.ts";

/**
 * Compares the data and the plugins that a run read with those that are there now, by SHA-256.
 *
 * @throws what keeps a file from being read, other than that it is gone
 */
export async function checkInputs({ config, data, plugins }: RunManifest): Promise<Comparison[]> {
  // Another machine has a model of the hub in another place, or gets it when the run is repeated.
  const fromHub = config.model?.pretrained?.startsWith("hf:") === true;
  const dataFiles = await firstOf("data", data, ({ path }) => path, async ({ path, sha256 }) => {
    const found = await hashOrNull(path);
    return found === null && fromHub && !isWithin(path, config.data.folder) ? sha256 : found;
  });
  const local = plugins.filter(({ spec }) => pluginFile(spec) !== null);
  const modules = await firstOf(
    "plugin",
    local,
    ({ spec }) => spec,
    ({ spec }) => unlessGone(pluginHash(pluginFile(spec)!)),
  );
  return [
    { what: "data files", count: data.length, difference: dataFiles },
    { what: "plugins", count: local.length, difference: modules },
  ];
}

/** Compares the files of a run folder with what the run wrote, by SHA-256. */
export async function checkArtifacts(folder: string, { artifacts }: RunManifest): Promise<Comparison> {
  const difference = await firstOf(
    "file",
    artifacts,
    ({ path }) => path,
    ({ path }) => hashOrNull(join(folder, path)),
  );
  return { what: "files", count: artifacts.length, difference };
}

/**
 * Compares the configuration that the manifest has with the one that the run was started with: a seed that was changed
 * in one of them, say.
 *
 * @throws {BladeError} when one of the two cannot be read
 */
export async function checkConfiguration(folder: string): Promise<Comparison> {
  const [manifest, config] = [
    await readJson(folder, RUN_FILES.manifest),
    await readJson(folder, RUN_FILES.config),
  ];
  const { config: kept, seed } = Object(manifest);
  const found = valueDifference({ seed, config: kept }, { seed: Object(config).seed, config });
  const shown = (value: unknown) => value === undefined ? null : JSON.stringify(value);
  const difference: Difference | null = found === null ? null : {
    kind: "configuration",
    place: `${RUN_FILES.config}: ${found.path.filter((key) => key !== "config").join(".")}`,
    recorded: shown(found.one),
    found: shown(found.other),
  };
  return { what: "configuration", count: 1, difference };
}

async function readJson(folder: string, name: string): Promise<unknown> {
  const path = join(folder, name);
  const mend = "the file is damaged: take another copy of the run";
  return checkedJson(await Deno.readTextFile(path), path, z.unknown(), mend);
}

async function firstOf<T extends { readonly sha256: string }>(
  kind: Difference["kind"],
  files: readonly T[],
  nameOf: (file: T) => string,
  hashNow: (file: T) => Promise<string | null>,
): Promise<Difference | null> {
  for (const file of files) {
    const found = await hashNow(file);
    if (found === file.sha256) continue;
    return {
      kind,
      place: nameOf(file),
      recorded: `SHA-256 ${file.sha256}`,
      found: found && `SHA-256 ${found}`,
    };
  }
  return null;
}

async function hashOrNull(path: string): Promise<string | null> {
  return await unlessGone(hashFile(path).then(({ sha256 }) => sha256));
}

async function unlessGone(hash: Promise<string>): Promise<string | null> {
  try {
    return await hash;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
