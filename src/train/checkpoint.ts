import { join } from "@std/path";
import { z } from "zod";
import { BladeError } from "../core/errors.ts";
import { type HostTensor, type Parameters, readParameters, uploadParameters } from "../model/parameters.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../model/safetensors.ts";
import { type Optimizer, type OptimizerState, restoreState } from "../optimizer/optimizer.ts";
import { checkedJson } from "../report/checked_json.ts";
import { RUN_FILES, writeAtomically } from "../report/run_folder.ts";

/** Everything a stage needs to go on where it was: named numbers on the host. */
export interface Checkpoint {
  /** Stage that wrote it. */
  readonly stage: string;
  /** Steps of the stage that are done. */
  readonly step: number;
  /** Single numbers, by name; null for NaN, which JSON does not have. */
  readonly numbers: Numbers;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

/** Single numbers as a checkpoint keeps them. */
export type Numbers = Readonly<Record<string, number | null>>;

const folderOf = (runFolder: string) => join(runFolder, RUN_FILES.checkpoints);
const fileOf = (stage: string, step: number) => `${stage}-step-${String(step).padStart(7, "0")}.safetensors`;
const UNFINISHED = /^(.+)-step-(\d+)\.safetensors$/;

/** Writes a checkpoint beside the older ones, then drops all but the last `keep` of its stage. */
export async function writeCheckpoint(
  runFolder: string,
  checkpoint: Checkpoint,
  keep: number,
): Promise<void> {
  const { stage, step, numbers, tensors } = checkpoint;
  await writeFile(runFolder, fileOf(stage, step), tensors, {
    stage,
    step: String(step),
    numbers: JSON.stringify(numbers),
  });
  const older = (await unfinished(runFolder)).filter((found) => found.stage === stage);
  for (const { name } of older.slice(0, -keep)) await Deno.remove(join(folderOf(runFolder), name));
}

/** The newest checkpoint of a stage that has not finished, or null. */
export async function readCheckpoint(runFolder: string, stage: string): Promise<Checkpoint | null> {
  const newest = (await unfinished(runFolder)).filter((found) => found.stage === stage).at(-1);
  if (newest === undefined) return null;
  const path = join(folderOf(runFolder), newest.name);
  const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path), path);
  return { stage, step: newest.step, numbers: numbersOf(metadata, path), tensors };
}

/** Writes what a stage leaves for the stages after it, and drops the stage's checkpoints. */
export async function finishStage(
  runFolder: string,
  stage: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  numbers: Readonly<Record<string, number>> = {},
): Promise<void> {
  await writeFile(runFolder, `${stage}.safetensors`, tensors, { stage, numbers: JSON.stringify(numbers) });
  for (const { name, stage: of } of await unfinished(runFolder)) {
    if (of === stage) await Deno.remove(join(folderOf(runFolder), name));
  }
}

/** What a finished stage left, or null when it has not finished. */
export async function readFinished(
  runFolder: string,
  stage: string,
): Promise<{ tensors: ReadonlyMap<string, NamedTensor>; numbers: Numbers } | null> {
  const path = join(folderOf(runFolder), `${stage}.safetensors`);
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  return { tensors, numbers: numbersOf(metadata, path) };
}

const numbersSchema = z.record(z.string(), z.number().nullable());

function numbersOf(metadata: Readonly<Record<string, string>>, path: string): Numbers {
  return checkedJson(metadata["numbers"] ?? "{}", `${path}: numbers`, numbersSchema, DAMAGED);
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

async function writeFile(
  runFolder: string,
  name: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Record<string, string>,
): Promise<void> {
  await Deno.mkdir(folderOf(runFolder), { recursive: true });
  await writeAtomically(join(folderOf(runFolder), name), encodeSafetensors(tensors, metadata));
}

async function unfinished(runFolder: string): Promise<{ name: string; stage: string; step: number }[]> {
  const found = [];
  try {
    for await (const { name } of Deno.readDir(folderOf(runFolder))) {
      const match = UNFINISHED.exec(name);
      if (match !== null) found.push({ name, stage: match[1]!, step: Number(match[2]) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((one, other) => one.step - other.step);
}
