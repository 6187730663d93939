import { basename, join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { type HalfFormat, halvesToFloats } from "../numerics/half.ts";
import { checkShards, readIndex } from "./weight_index.ts";
import {
  ELEMENT_BYTES,
  elementsOf,
  type ElementType,
  headerLength,
  parseHeader,
  refuseFile,
  type TensorEntry,
} from "./safetensors_header.ts";

/** A tensor of a checkpoint and where it lies. */
export interface WeightTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** Path of its file. */
  readonly file: string;
}

/** The open weight files of a checkpoint, of which only the headers have been read. */
export interface WeightFiles extends Disposable {
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /**
   * A tensor as 32-bit floats.
   *
   * @throws {BladeError} when it is of a type that is no weight's, or holds what is no finite number.
   */
  readFloats(name: string): Promise<Float32Array>;
  /**
   * A tensor of 16-bit floats as it lies in the file.
   *
   * @throws {BladeError} when it has other numbers, or holds what is no finite one.
   */
  readHalves(name: string): Promise<{ readonly format: HalfFormat; readonly bits: Uint16Array }>;
}

/** File names of weights in Hugging Face layout. */
export const WEIGHT_FILES = { single: "model.safetensors", index: "model.safetensors.index.json" } as const;

/** Numbers that are read at once: 8 MiB at most. */
const CHUNK = 2 ** 20;

/**
 * Opens the weights of a folder: one file, or shards that an index names. Reads the headers, and checks all that they
 * claim.
 *
 * @throws {BladeError} naming the file and the tensor.
 */
export async function openWeightFiles(folder: string): Promise<WeightFiles> {
  const index = await isThere(join(folder, WEIGHT_FILES.single))
    ? null
    : await readIndex(join(folder, WEIGHT_FILES.index));
  if (index === null && !await isThere(join(folder, WEIGHT_FILES.single))) throw await noWeights(folder);
  const names = index === null ? [WEIGHT_FILES.single] : [...new Set(index.values())].sort();
  using opening = new DisposableStack();
  const places = new Map<string, OpenTensor>();
  for (const name of names) {
    const path = join(folder, name);
    const file = opening.use(await openShard(path));
    for (const [tensor, entry] of file.entries) {
      const other = places.get(tensor)?.path;
      if (other !== undefined) {
        refuseFile(path, tensor, `must be in one file, and is in ${basename(other)} too`, name);
      }
      places.set(tensor, { ...entry, path, file: file.file, start: file.start });
    }
  }
  if (index !== null) checkShards(join(folder, WEIGHT_FILES.index), index, places);
  const files = opening.move();
  const placeOf = (name: string) => {
    const found = places.get(name);
    return found ?? refuseFile(folder, name, "must be there", "none");
  };
  return {
    tensors: new Map(
      [...places].map(([name, { dtype, shape, path }]) => [name, { dtype, shape, file: path }]),
    ),
    readFloats: (name) => readFloats(placeOf(name)),
    readHalves: (name) => readHalves(placeOf(name)),
    [Symbol.dispose]: () => files.dispose(),
  };
}

/** A tensor in an open file. */
interface OpenTensor extends TensorEntry {
  readonly path: string;
  readonly file: Deno.FsFile;
  /** Where the data of its file begin. */
  readonly start: number;
}

interface OpenShard extends Disposable {
  readonly file: Deno.FsFile;
  readonly start: number;
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

async function openShard(path: string): Promise<OpenShard> {
  const file = await Deno.open(path).catch((error): never => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BladeError({
      place: path,
      rule: "must be there: the index names it",
      mend: "download the model again, all of its files",
    });
  });
  try {
    const { size } = await file.stat();
    const first = await readExactly(file, 0, Math.min(8, size), path);
    const length = headerLength(first, size, path);
    const header = await readExactly(file, 8, length, path);
    const { entries } = parseHeader(header, size - 8 - length, path);
    return {
      file,
      start: 8 + length,
      entries: new Map(entries.map((entry) => [entry.name, entry])),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function readFloats(tensor: OpenTensor): Promise<Float32Array> {
  const { name, dtype, shape, path } = tensor;
  const floats = new Float32Array(elementsOf(shape));
  let at = 0;
  for await (const bytes of chunksOf(tensor)) {
    const count = bytes.length / ELEMENT_BYTES[dtype];
    const part = floats.subarray(at, at + count);
    switch (dtype) {
      case "F32":
        part.set(new Float32Array(bytes.buffer));
        break;
      case "F64":
        part.set(new Float64Array(bytes.buffer));
        break;
      case "F16":
        halvesToFloats(new Uint16Array(bytes.buffer), "f16", part);
        break;
      case "BF16":
        halvesToFloats(new Uint16Array(bytes.buffer), "bf16", part);
        break;
      default:
        refuseFile(path, name, "must be of floats: F32, F16, BF16 or F64", dtype);
    }
    refuseNotFinite(part, at, tensor);
    at += count;
  }
  return floats;
}

async function readHalves(tensor: OpenTensor): Promise<{ format: HalfFormat; bits: Uint16Array }> {
  const { name, dtype, shape, path } = tensor;
  if (dtype !== "F16" && dtype !== "BF16") refuseFile(path, name, "must be of 16-bit floats", dtype);
  const format = dtype === "F16" ? "f16" : "bf16";
  const bits = new Uint16Array(elementsOf(shape));
  let at = 0;
  for await (const bytes of chunksOf(tensor)) {
    const part = new Uint16Array(bytes.buffer);
    refuseNotFinite(halvesToFloats(part, format), at, tensor);
    bits.set(part, at);
    at += part.length;
  }
  return { format, bits };
}

function refuseNotFinite(values: Float32Array, first: number, { path, name }: OpenTensor): void {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  refuseFile(path, name, `must hold finite numbers, and does not at place ${first + wrong}`, values[wrong]);
}

/** The bytes of a tensor, some at a time, each in a buffer of its own. */
async function* chunksOf({ file, path, start, begin, end, dtype }: OpenTensor) {
  const most = CHUNK * ELEMENT_BYTES[dtype];
  for (let at = begin; at < end; at += most) {
    yield await readExactly(file, start + at, Math.min(most, end - at), path);
  }
}

async function readExactly(
  file: Deno.FsFile,
  from: number,
  length: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(from, Deno.SeekMode.Start);
  for (let read = 0; read < length;) {
    const more = await file.read(bytes.subarray(read));
    if (more === null) refuseFile(path, undefined, `must still have ${from + length} bytes`, from + read);
    read += more;
  }
  return bytes;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

async function noWeights(folder: string): Promise<BladeError> {
  const older = await isThere(join(folder, "pytorch_model.bin"));
  return new BladeError({
    place: folder,
    rule: `must hold ${WEIGHT_FILES.single}, or ${WEIGHT_FILES.index} with its shards`,
    value: older ? "pytorch_model.bin" : "neither",
    mend: older
      ? "that format runs code when it is read: save the model with save_pretrained(…, safe_serialization=True)"
      : "name the folder of a model in Hugging Face layout",
  });
}
