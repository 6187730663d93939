import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { isThere } from "../report/is_there.ts";
import { RUN_FILES, syncFolder, writeAtomically } from "../report/run_folder.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { checkpointBytes, checkpointFrom } from "./checkpoint_bytes.ts";
import type { Digested } from "./checkpoint_digest.ts";

/** What a finished stage leaves for the stages after it. */
export type FinishedStage = Omit<Checkpoint, "stage" | "step">;

/** A file of a run's checkpoints: `step` is null where it holds what a finished stage left. */
export interface CheckpointFile {
  readonly name: string;
  readonly stage: string;
  readonly step: number | null;
}

/** A checkpoint of a stage that has not finished. */
export type StepFile = CheckpointFile & { readonly step: number };

/** Of the stages that a run has; other files in the folder are the user's. */
const NAME = /^(sft|prior|sft-continued|align)(?:-step-(\d{7,}))?\.safetensors$/;

/** The folder of a run's checkpoints. */
export function checkpointFolder(runFolder: string): string {
  return join(runFolder, RUN_FILES.checkpoints);
}

/**
 * Writes a checkpoint beside the older ones, then drops all but the last `keep` of its stage.
 *
 * @returns its digest
 */
export async function writeCheckpoint(
  runFolder: string,
  checkpoint: Checkpoint,
  keep: number,
): Promise<string> {
  const { stage, step } = checkpoint;
  const name = `${stage}-step-${String(step).padStart(7, "0")}.safetensors`;
  const digest = await writeFile(runFolder, name, checkpoint);
  await removeFiles(runFolder, (await stepFiles(runFolder, stage)).slice(0, -keep));
  return digest;
}

/**
 * The newest checkpoint of a stage that has not finished, or null.
 *
 * @throws {BladeError} when it is damaged; `settleCheckpoints` puts such files aside before a run goes on
 */
export async function readCheckpoint(runFolder: string, stage: string): Promise<Checkpoint | null> {
  const newest = (await stepFiles(runFolder, stage)).at(-1);
  if (newest === undefined) return null;
  return { ...await readWhole(runFolder, newest), step: newest.step };
}

/**
 * Writes what a stage leaves for the stages after it, and drops the stage's checkpoints.
 *
 * @returns the digest of what was written
 */
export async function finishStage(
  runFolder: string,
  stage: string,
  tensors: Checkpoint["tensors"],
  numbers: Checkpoint["numbers"] = {},
): Promise<string> {
  const digest = await writeFile(runFolder, `${stage}.safetensors`, { stage, step: null, numbers, tensors });
  await removeFiles(runFolder, await stepFiles(runFolder, stage));
  return digest;
}

/**
 * What a finished stage left, or null when it has not finished.
 *
 * @throws {BladeError} when it is damaged, with what to delete to repeat the stage
 */
export async function readFinished(runFolder: string, stage: string): Promise<FinishedStage | null> {
  const name = `${stage}.safetensors`;
  if (!await isThere(join(checkpointFolder(runFolder), name))) return null;
  try {
    return await readWhole(runFolder, { name, stage, step: null });
  } catch (error) {
    if (!(error instanceof BladeError)) throw error;
    const { place, rule } = error.refusal;
    const finished = await isThere(join(runFolder, RUN_FILES.manifest));
    throw new BladeError({
      ...error.refusal,
      place,
      rule: `${rule} (the file is damaged)`,
      mend: `bring ${name} back from a copy, or delete it${
        finished ? ` and ${RUN_FILES.manifest}` : ""
      }: train --resume ${runFolder} then makes the stage ${stage} again`,
    });
  }
}

/**
 * The checkpoint in a file.
 *
 * @throws {BladeError} when it is damaged
 */
export async function readWhole(runFolder: string, { name, ...of }: CheckpointFile): Promise<Digested> {
  const path = join(checkpointFolder(runFolder), name);
  return checkpointFrom(await Deno.readFile(path), path, of);
}

/** The files of a run's checkpoints, by stage and step. */
export async function checkpointFiles(runFolder: string): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(checkpointFolder(runFolder))) {
      const [, stage, step] = NAME.exec(name) ?? [];
      if (isFile && stage !== undefined) {
        files.push({ name, stage, step: step === undefined ? null : Number(step) });
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort((one, other) => one.name < other.name ? -1 : 1);
}

/** The checkpoints of a stage that has not finished, oldest first. */
export async function stepFiles(runFolder: string, stage: string): Promise<StepFile[]> {
  const files = await checkpointFiles(runFolder);
  return files.filter((file): file is StepFile => file.stage === stage && file.step !== null)
    .sort((one, other) => one.step - other.step);
}

/** Removes files of a run's checkpoints. */
export async function removeFiles(runFolder: string, files: readonly CheckpointFile[]): Promise<void> {
  for (const { name } of files) await Deno.remove(join(checkpointFolder(runFolder), name));
}

async function writeFile(runFolder: string, name: string, content: Digested): Promise<string> {
  const folder = checkpointFolder(runFolder);
  const { bytes, digest } = checkpointBytes(content);
  if (!await isThere(folder)) {
    await Deno.mkdir(folder, { recursive: true });
    await syncFolder(runFolder);
  }
  await writeAtomically(join(folder, name), bytes);
  return digest;
}
