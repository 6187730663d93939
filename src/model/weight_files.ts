import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { firstNotFinite, type HalfFormat, halvesToFloats } from "../numerics/half.ts";
import {
  BYTES_OF_TYPE,
  elements,
  placeOf,
  type StoredTensor,
  type StoredType,
} from "./safetensors_header.ts";
import { openFile, openWeightFile, type WeightFile } from "./weight_file.ts";
import { MAX_INDEX_BYTES, noWeights, parseIndex, WEIGHTS } from "./weight_shards.ts";

/** What is known of a tensor before it is read. */
export interface WeightTensor {
  /** As the file names it: F32, F16, BF16 … */
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  /** Path of the file that holds it. */
  readonly file: string;
}

/** The weights of a model on disk: headers in memory, numbers read one tensor at a time. */
export interface WeightFiles extends Disposable {
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /**
   * Reads a tensor of F32, F16, BF16 or F64 as float32. Peak memory is the result and 8 MiB.
   *
   * @param into receives the numbers, as many as the shape says; a new array when left out
   * @throws {BladeError} when the tensor is not there, not of floats, or holds NaN or an infinity
   */
  readFloats(name: string, into?: Float32Array): Promise<Float32Array>;
  /**
   * Reads a tensor of F16 or BF16 as it is stored.
   *
   * @throws {BladeError} when the tensor is not there, not of 16 bits, or holds NaN or an infinity
   */
  readHalves(name: string): Promise<{ readonly format: HalfFormat; readonly bits: Uint16Array }>;
}

const FLOATS = ["F32", "F16", "BF16", "F64"] as const;
const HALVES = { F16: "f16", BF16: "bf16" } as const;

/**
 * Opens the weights of a folder as Hugging Face lays it out: `model.safetensors`, or else the shards that
 * `model.safetensors.index.json` names. Reads and checks the headers, and no numbers.
 *
 * @throws {BladeError} naming the file, and the tensor where one is wrong, cut off, missing or in two shards
 * @example
 * ```ts
 * import { encodeSafetensors } from "./safetensors.ts";
 * import { openWeightFiles } from "./weight_files.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const bias = { shape: [2], data: Uint16Array.of(0x3c00, 0xc000), type: "F16" } as const;
 * await Deno.writeFile(`${folder}/model.safetensors`, encodeSafetensors(new Map([["bias", bias]])));
 * using weights = await openWeightFiles(folder);
 * assertEquals(weights.tensors.get("bias")?.shape, [2]);
 * assertEquals(await weights.readFloats("bias"), Float32Array.of(1, -2));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openWeightFiles(folder: string): Promise<WeightFiles> {
  using opened = new DisposableStack();
  const names = await namesIn(folder);
  const index = names.includes(WEIGHTS.whole) ? undefined : await readIndex(folder, names);
  const homes = new Map<string, { readonly file: WeightFile; readonly tensor: StoredTensor }>();
  for (const name of index === undefined ? [WEIGHTS.whole] : new Set(index.shards.values())) {
    const file = opened.use(await openWeightFile(join(folder, name)));
    for (const tensor of file.tensors) {
      const other = homes.get(tensor.name);
      if (other !== undefined) {
        throw wrongShard(file.path, tensor.name, "be in one shard only", other.file.path);
      }
      homes.set(tensor.name, { file, tensor });
    }
  }
  for (const [name, shard] of index?.shards ?? []) {
    const path = homes.get(name)?.file.path;
    if (path !== join(folder, shard)) {
      throw wrongShard(index!.path, name, `be in ${shard}, which it names`, path);
    }
  }

  const homeOf = (name: string) => {
    const home = homes.get(name);
    if (home !== undefined) return { ...home, place: placeOf(home.file.path, name) };
    throw new BladeError({
      place: placeOf(folder, name),
      rule: "must be among the weights, and is not",
      mend: "check that config.json and the weights are of the same model",
    });
  };
  const files = opened.move();
  return {
    tensors: new Map(
      Array.from(homes, ([name, { file, tensor }]) => [
        name,
        { dtype: tensor.type, shape: tensor.shape, file: file.path },
      ]),
    ),
    async readFloats(name, into) {
      const { file, tensor, place } = homeOf(name);
      const type = FLOATS.find((float) => float === tensor.type);
      if (type === undefined) {
        const mend = "take weights that are not quantized";
        throw new BladeError({
          place,
          rule: `must be of floats (${FLOATS.join(", ")})`,
          value: tensor.type,
          mend,
        });
      }
      const floats = into ?? room(() => new Float32Array(elements(tensor.shape)), place, tensor);
      if (floats.length !== elements(tensor.shape)) {
        throw new RangeError(`Cannot read ${name} of shape [${tensor.shape}] into ${floats.length} numbers`);
      }
      await file.read(tensor, (chunk, before) => {
        const from = before / BYTES_OF_TYPE[type];
        const part = floats.subarray(from, from + chunk.length / BYTES_OF_TYPE[type]);
        convert(chunk, type, part);
        const at = firstWithoutSize(part);
        if (at !== -1) throw notFinite(place, from + at, part[at]!);
      });
      return floats;
    },
    async readHalves(name) {
      const { file, tensor, place } = homeOf(name);
      const type = tensor.type;
      if (type !== "F16" && type !== "BF16") {
        const mend = "read it as float32, or store it in 16 bits";
        throw new BladeError({ place, rule: "must be of type F16 or BF16", value: type, mend });
      }
      const format = HALVES[type];
      const bits = room(() => new Uint16Array(elements(tensor.shape)), place, tensor);
      await file.read(tensor, (chunk, before) => {
        const part = bits.subarray(before / 2, (before + chunk.length) / 2);
        part.set(new Uint16Array(chunk.buffer, 0, part.length));
        const at = firstNotFinite(part, format);
        if (at !== -1) {
          throw notFinite(place, before / 2 + at, halvesToFloats(part.subarray(at, at + 1), format)[0]!);
        }
      });
      return { format, bits };
    },
    [Symbol.dispose]: () => files.dispose(),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const mend = "name the folder that holds config.json and the weights";
    throw new BladeError({ place: folder, rule: "must be a folder that can be read", mend });
  }
}

async function readIndex(folder: string, names: readonly string[]) {
  if (!names.includes(WEIGHTS.index)) throw noWeights(folder, names);
  const path = join(folder, WEIGHTS.index);
  using file = await openFile(path);
  const { size } = await file.stat();
  if (size > MAX_INDEX_BYTES) {
    const mend = "take the index from the model's source again";
    throw new BladeError({
      place: path,
      rule: `must have at most ${MAX_INDEX_BYTES} bytes`,
      value: size,
      mend,
    });
  }
  return { path, shards: parseIndex(await new Response(file.readable).text(), path) };
}

function convert(chunk: Uint8Array<ArrayBuffer>, type: typeof FLOATS[number], into: Float32Array): void {
  if (type === "F32") into.set(new Float32Array(chunk.buffer, 0, into.length));
  else if (type === "F64") into.set(new Float64Array(chunk.buffer, 0, into.length));
  else halvesToFloats(new Uint16Array(chunk.buffer, 0, into.length), HALVES[type], into);
}

/** Where the first NaN or infinity stands: all else minus itself is zero. */
function firstWithoutSize(values: Float32Array): number {
  for (let at = 0; at < values.length; at++) if (values[at]! - values[at]! !== 0) return at;
  return -1;
}

/** An array for a tensor, however large its file says that it is. */
function room<Numbers>(make: () => Numbers, place: string, { shape }: StoredTensor): Numbers {
  try {
    return make();
  } catch {
    const mend = "take a smaller model, or a machine with more memory";
    throw new BladeError({ place, rule: "must fit into memory", value: `shape [${shape}]`, mend });
  }
}

function notFinite(place: string, index: number, value: number): BladeError {
  return new BladeError({
    place,
    rule: `must be of finite float32 numbers, and is not at index ${index}`,
    value,
    mend: "the model's training or its conversion broke down: take another version of the weights",
  });
}

function wrongShard(place: string, tensor: string, rule: string, value: string | undefined): BladeError {
  return new BladeError({
    place: placeOf(place, tensor),
    rule: `must ${rule}`,
    value: value ?? "in no shard",
    mend: "index and shards are not of one model: take them all from its source again",
  });
}
