import { createHash } from "node:crypto";
import { join, relative, resolve } from "@std/path";
import { z } from "zod";
import type { BladeConfig } from "../config/schema.ts";
import type { DataFile } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import type { Result } from "../core/results.ts";
import { checked, checkedJson } from "./checked_json.ts";
import { isThere } from "./is_there.ts";
import { manifestSchema } from "./manifest_schema.ts";
import { movedRun, type RunPlace } from "./moved_run.ts";
import { programFolder } from "./program_folder.ts";
import { refuseLinks } from "./refuse_links.ts";
import { RUN_FILES, writeAtomically } from "./run_folder.ts";

/** The record of a run: enough to repeat it and to tell whether a repetition is the same. */
export interface RunManifest {
  readonly schemaVersion: 1;
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: "completed" | "interrupted" | "failed";
  readonly seed: number;
  /** Every default filled in. */
  readonly config: BladeConfig;
  /** Commit of the program's own code; null where it is no git checkout. */
  readonly commit: string | null;
  readonly runtime: RuntimeFacts;
  /** Where run folder and program were: the paths of the configuration are seen from there. */
  readonly place?: RunPlace;
  readonly data: readonly DataFile[];
  readonly plugins: readonly PluginFact[];
  readonly results: readonly Result[];
  readonly warnings: readonly string[];
  readonly artifacts: readonly Artifact[];
}

/** What the numbers of a run depend on beside its code and data. */
export interface RuntimeFacts {
  readonly deno: string;
  readonly tfjs: string;
  readonly backend: string;
  /** The GPU's name, where there is one. */
  readonly adapter: string | null;
  readonly threads: number;
  /** Processor and system, as `x86_64-unknown-linux-gnu`. */
  readonly platform?: string;
}

/** A metric plugin that a run loaded. */
export interface PluginFact {
  readonly spec: string;
  readonly sha256: string;
}

/** A file that a run wrote; `path` is relative to the run folder. */
export interface Artifact {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes `manifest.json` of a run folder.
 *
 * @throws when the folder cannot be written; what was there before stands
 */
export async function writeManifest(runFolder: string, manifest: RunManifest): Promise<void> {
  await writeAtomically(join(runFolder, RUN_FILES.manifest), JSON.stringify(manifest, null, 2) + "\n");
}

/**
 * Reads `manifest.json` of a run folder. Paths in it are those of today: see `movedRun`.
 *
 * @throws {BladeError} when the folder is no run, of another version, or holds links or pipes, or its manifest is not as
 * `train` writes it; the configuration in it is checked as far as results are read with it
 * @example
 * ```ts
 * import { readManifest } from "./manifest.ts";
 * import { assertRejects } from "@std/assert";
 * await assertRejects(() => readManifest("no/such/run"), Error, "must be the folder of a finished run");
 * ```
 */
export async function readManifest(runFolder: string): Promise<RunManifest> {
  const path = join(runFolder, RUN_FILES.manifest);
  await refuseLinks(runFolder, RUN_FILES.manifest);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    const started = await Deno.stat(join(runFolder, RUN_FILES.config)).then(() => true, () => false);
    throw new BladeError({
      place: runFolder,
      rule: `must be the folder of a finished run, with ${RUN_FILES.manifest}`,
      ...(started ? { value: "a run that has not finished" } : {}),
      mend: started ? `finish it with: train --resume ${runFolder}` : "give a folder that `blade train` made",
    });
  }
  const manifest = checkedJson(text, path, z.unknown(), DAMAGED);
  const { schemaVersion } = Object(manifest) as Record<string, unknown>;
  if (schemaVersion !== 1) {
    throw new BladeError({
      place: path,
      rule: "must be a manifest of version 1",
      value: schemaVersion,
      mend: "read it with the version of the program that wrote it",
    });
  }
  // Who reads a configuration as one checks it: this layer knows only what results are read with.
  const written = checked(manifest, path, manifestSchema, DAMAGED) as unknown as RunManifest;
  return await movedRun(written, { runFolder: resolve(runFolder), program: programFolder() }, isReadable);
}

/** What this process may not look at is not there for it. */
async function isReadable(path: string): Promise<boolean> {
  try {
    return await isThere(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      return false;
    }
    throw error;
  }
}

const DAMAGED = "the file was changed or is damaged: bring back what `blade train` wrote, or train again";

/** Files of a run folder that are not what it made. */
const PASSING: readonly string[] = [RUN_FILES.manifest, RUN_FILES.lock];

/**
 * Lists the files of a run folder with size and hash, by path; the manifest itself is left out.
 *
 * @example
 * ```ts
 * import { describeArtifacts } from "./manifest.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/lists.csv`, "abc");
 * const [artifact] = await describeArtifacts(folder);
 * assertEquals([artifact!.path, artifact!.bytes, artifact!.sha256.slice(0, 8)], ["lists.csv", 3, "ba7816bf"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function describeArtifacts(runFolder: string): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  const visit = async (folder: string) => {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) await visit(path);
      if (!entry.isFile || PASSING.includes(entry.name) || entry.name.endsWith(".part")) continue;
      artifacts.push({ path: relative(runFolder, path), ...await hashFile(path) });
    }
  };
  await visit(runFolder);
  return artifacts.sort((a, b) => a.path < b.path ? -1 : 1);
}

/**
 * Size and SHA-256 of a file, read in pieces.
 *
 * @example
 * ```ts
 * import { hashFile } from "./manifest.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * assertEquals((await hashFile(path)).sha256.slice(0, 8), "e3b0c442"); // of nothing
 * await Deno.remove(path);
 * ```
 */
export async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  using file = await Deno.open(path);
  const block = new Uint8Array(1 << 16);
  for (let read = await file.read(block); read !== null; read = await file.read(block)) {
    hash.update(block.subarray(0, read));
    bytes += read;
  }
  return { bytes, sha256: hash.digest("hex") };
}
