import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { type HostTensor, type Parameters, readParameters, uploadParameters } from "../model/parameters.ts";
import type { NamedTensor } from "../model/safetensors.ts";
import { type Optimizer, type OptimizerState, restoreState } from "../optimizer/optimizer.ts";
import { isThere } from "../report/is_there.ts";
import { removeParts, RUN_FILES, writeAtomically } from "../report/run_folder.ts";
import {
  type CheckpointContent,
  decodeCheckpoint,
  encodeCheckpoint,
  type Numbers,
} from "./checkpoint_file.ts";

/** Everything a stage needs to go on where it was: named numbers on the host. */
export interface Checkpoint extends CheckpointContent {
  /** Steps of the stage that are done. */
  readonly step: number;
}

/** A checkpoint that cannot be used, and why. */
export interface DamagedCheckpoint {
  /** Where it was put, out of the way of the next ones. */
  readonly path: string;
  /** What is wrong with it, in words. */
  readonly why: string;
}

export type { Numbers };

const folderOf = (runFolder: string) => join(runFolder, RUN_FILES.checkpoints);
const fileOf = (stage: string, step: number) => `${stage}-step-${String(step).padStart(7, "0")}.safetensors`;
const UNFINISHED = /^(.+)-step-(\d+)\.safetensors(\.damaged)?$/;

/**
 * Writes a checkpoint beside the older ones, then drops all but the last `keep` of its stage.
 *
 * @returns its digest, see `checkpointDigest`
 */
export async function writeCheckpoint(
  runFolder: string,
  checkpoint: Checkpoint,
  keep: number,
): Promise<string> {
  const { stage, step } = checkpoint;
  const digest = await writeFile(runFolder, fileOf(stage, step), checkpoint);
  const older = (await unfinished(runFolder)).filter((found) => found.stage === stage && !found.damaged);
  for (const { name } of older.slice(0, -keep)) await Deno.remove(join(folderOf(runFolder), name));
  return digest;
}

/**
 * The newest sound checkpoint of a stage that has not finished, or null. A damaged one is put aside and told of: the
 * stage goes on from the one before, or begins again where there is none, to the same end.
 */
export async function readCheckpoint(
  runFolder: string,
  stage: string,
): Promise<{ readonly checkpoint: Checkpoint | null; readonly damaged: readonly DamagedCheckpoint[] }> {
  const damaged: DamagedCheckpoint[] = [];
  const found = (await unfinished(runFolder)).filter((found) => found.stage === stage && !found.damaged);
  for (const { name, step } of found.toReversed()) {
    const place = join(folderOf(runFolder), name);
    try {
      const checkpoint = decodeCheckpoint(await Deno.readFile(place), { place, stage, step });
      return { checkpoint: { ...checkpoint, step }, damaged };
    } catch (error) {
      if (!(error instanceof BladeError)) throw error;
      await Deno.rename(place, `${place}.damaged`);
      damaged.push({ path: `${place}.damaged`, why: whyDamaged(error) });
    }
  }
  return { checkpoint: null, damaged };
}

/** Writes what a stage leaves for the stages after it, and drops the stage's checkpoints. */
export async function finishStage(
  runFolder: string,
  stage: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  numbers: Readonly<Record<string, number>> = {},
): Promise<void> {
  await writeFile(runFolder, `${stage}.safetensors`, { stage, step: null, tensors, numbers });
  await dropCheckpoints(runFolder, stage);
}

/**
 * What a finished stage left, or null when it has not finished.
 *
 * @throws {BladeError} when its file is damaged
 */
export async function readFinished(runFolder: string, stage: string): Promise<CheckpointContent | null> {
  const place = join(folderOf(runFolder), `${stage}.safetensors`);
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(place);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    return decodeCheckpoint(bytes, { place, stage, step: null });
  } catch (error) {
    if (!(error instanceof BladeError)) throw error;
    const names = await isThere(join(runFolder, RUN_FILES.manifest)) ? `it and ${RUN_FILES.manifest}` : "it";
    const mend =
      `bring the file back from a copy, or remove ${names}: train --resume ${runFolder} then repeats the stage ` +
      `${stage}, to the same bits`;
    throw new BladeError({ ...error.refusal, mend });
  }
}

/**
 * Removes what a process that died left half done: checkpoints of stages that had just finished, files that were not
 * written to their end.
 */
export async function tidyCheckpoints(runFolder: string): Promise<void> {
  const left = new Set((await unfinished(runFolder)).map(({ stage }) => stage));
  for (const stage of left) {
    if (await isThere(join(folderOf(runFolder), `${stage}.safetensors`))) {
      await dropCheckpoints(runFolder, stage);
    }
  }
  for (const folder of [runFolder, folderOf(runFolder)]) await removeParts(folder);
}

async function dropCheckpoints(runFolder: string, stage: string): Promise<void> {
  for (const { name, stage: of } of await unfinished(runFolder)) {
    if (of === stage) await Deno.remove(join(folderOf(runFolder), name));
  }
}

/** The refusal without its mend, which is done here. */
function whyDamaged({ message }: BladeError): string {
  return message.slice(0, message.indexOf(".\n  To mend: "));
}

const DAMAGED = "resume from an earlier checkpoint, or train anew: this one was changed or is damaged";

/**
 * A count that a checkpoint keeps.
 *
 * @param place the file, for the message
 * @throws {BladeError} where there is none, or it is no whole number from 0 on
 */
export function countIn(numbers: Numbers, name: string, place: string): number {
  const value = numbers[name];
  if (Number.isSafeInteger(value) && value! >= 0) return value!;
  throw new BladeError({
    place: `${place}: ${name}`,
    rule: "must be a whole number from 0 on",
    ...(value === undefined ? {} : { value }),
    mend: DAMAGED,
  });
}

/** Tensors of one tree under a name of their own: `embedding` of `best` is `best/embedding`. */
export function under<T>(name: string, tree: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...tree].map(([key, value]) => [`${name}/${key}`, value]));
}

/** The tree that `under` named, or an empty map. */
export function within<T>(name: string, all: ReadonlyMap<string, T>): Map<string, T> {
  const prefix = `${name}/`;
  return new Map(
    [...all].filter(([key]) => key.startsWith(prefix)).map((
      [key, value],
    ) => [key.slice(prefix.length), value]),
  );
}

/**
 * The numbers that a checkpoint keeps under a name.
 *
 * @param Kind the array that they are kept in
 * @param place the file, for the message
 * @throws {BladeError} where there are none of that kind: another version wrote it.
 */
export function numbersIn<T extends NamedTensor["data"]>(
  tensors: ReadonlyMap<string, NamedTensor>,
  name: string,
  Kind: new (length: number) => T,
  place: string,
): T {
  const data = tensors.get(name)?.data;
  if (data instanceof Kind) return data;
  throw new BladeError({
    place: `${place}: ${name}`,
    rule: `must be there as ${Kind.name}, as this version of blade writes it`,
    ...(data === undefined ? {} : { value: data.constructor.name }),
    mend: "finish the run with the version that started it, or train anew",
  });
}

/** Weights as a checkpoint keeps them. */
export async function weightsOf(name: string, parameters: Parameters): Promise<Map<string, NamedTensor>> {
  return under(name, await readParameters(parameters));
}

/** Weights of a checkpoint, on the device. Refuses names or shapes that the model does not have. */
export function weightsFrom(
  name: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  shapes: ReadonlyMap<string, readonly number[]>,
  place: string,
): Parameters {
  const found = within(name, tensors);
  for (const [key, shape] of shapes) {
    const tensor = found.get(key);
    if (
      tensor === undefined || String(tensor.shape) !== String(shape) || !(tensor.data instanceof Float32Array)
    ) {
      throw new BladeError({
        place: `${place}: ${name}/${key}`,
        rule: `must be a 32-bit float tensor of shape [${shape}] for the configured model`,
        value: tensor === undefined ? "none" : `[${tensor.shape}]`,
        mend: "use the folder of a run with this very configuration, or train anew",
      });
    }
  }
  return uploadParameters(found as Map<string, HostTensor>);
}

/** The optimizer's state of a checkpoint, on the device, once it is seen to fit the weights. */
export function optimizerFrom(
  tensors: ReadonlyMap<string, NamedTensor>,
  step: number,
  optimizer: Optimizer,
  parameters: Parameters,
): OptimizerState {
  const slots = uploadParameters(within("optimizer", tensors) as Map<string, HostTensor>);
  return restoreState(optimizer, parameters, { step, slots });
}

async function writeFile(runFolder: string, name: string, content: CheckpointContent): Promise<string> {
  // Not the run folder with it: one that somebody removed is not made anew, without what the run was started with.
  await Deno.mkdir(folderOf(runFolder)).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
  const { bytes, digest } = encodeCheckpoint(content);
  await writeAtomically(join(folderOf(runFolder), name), bytes);
  return digest;
}

interface Unfinished {
  readonly name: string;
  readonly stage: string;
  readonly step: number;
  readonly damaged: boolean;
}

/** By step. */
async function unfinished(runFolder: string): Promise<Unfinished[]> {
  const found = [];
  try {
    for await (const { name } of Deno.readDir(folderOf(runFolder))) {
      const match = UNFINISHED.exec(name);
      if (match === null) continue;
      found.push({ name, stage: match[1]!, step: Number(match[2]), damaged: match[3] !== undefined });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((one, other) => one.step - other.step);
}
