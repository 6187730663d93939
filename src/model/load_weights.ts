import * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import { packHalves } from "../device/ops.ts";
import { type CheckpointSource, checkpointSources } from "./checkpoint_names.ts";
import type { DecoderConfig } from "./config.ts";
import type { Parameters } from "./parameters.ts";
import { openWeightFiles, type WeightFiles } from "./weight_files.ts";

/**
 * The weights of a folder in Hugging Face layout, on the device. They are read a tensor at a time, so that the host holds
 * no more than one of the decoder's beside what the device has. Where the config keeps matrices in 16 bits these go to
 * the device as the file has them.
 *
 * @param folder with model.safetensors, or model.safetensors.index.json and its shards
 * @throws {BladeError} before anything is on the device when a tensor is missing, of another shape, or none that the
 * architecture has; and when one holds a number that is none.
 */
export async function loadWeights(folder: string, config: DecoderConfig): Promise<Parameters> {
  using files = await openWeightFiles(folder);
  const sources = checkpointSources(config);
  checkTensors(files, sources, config, folder);
  const parameters: Record<string, tf.Tensor> = {};
  try {
    for (const [name, source] of sources) {
      parameters[name] = config.half !== null && source.shape.length === 2
        ? await loadHalves(files, source)
        : tf.tensor(await loadFloats(files, source), [...source.shape], "float32");
    }
  } catch (error) {
    tf.dispose(Object.values(parameters));
    throw error;
  }
  return parameters;
}

/** The 16-bit format of a folder's weights, or null where they have 32 bits or more than one format. */
export async function halfFormatOf(folder: string): Promise<DecoderConfig["half"]> {
  using files = await openWeightFiles(folder);
  const types = new Set([...files.tensors.values()].map(({ dtype }) => dtype));
  if (types.size !== 1) return null;
  return types.has("F16") ? "f16" : types.has("BF16") ? "bf16" : null;
}

async function loadFloats(files: WeightFiles, source: CheckpointSource): Promise<Float32Array> {
  if (source.parts.length === 1 && !source.turned) return await files.readFloats(source.parts[0]!.name);
  const all = new Float32Array(source.shape.reduce((product, size) => product * size, 1));
  await putSideBySide(source, all, (name) => files.readFloats(name));
  return all;
}

async function loadHalves(
  files: WeightFiles,
  source: CheckpointSource,
): Promise<tf.Tensor> {
  const all = new Uint16Array(source.shape.reduce((product, size) => product * size, 1));
  await putSideBySide(source, all, async (name) => (await files.readHalves(name)).bits);
  return packHalves(all, source.shape);
}

/** Puts the parts of a parameter side by side, matrices turned: part [out, in] becomes columns of [in, out]. */
async function putSideBySide<A extends Float32Array | Uint16Array>(
  { parts, shape, turned }: CheckpointSource,
  all: A,
  read: (name: string) => Promise<A>,
): Promise<void> {
  const columns = turned ? shape[1]! : all.length;
  let first = 0;
  for (const { name, shape: [out, rows = 1] } of parts) {
    const part = await read(name);
    if (turned) turnInto(all, part, { out: out!, rows, columns, first });
    else all.set(part, first);
    first += turned ? out! : part.length;
  }
}

/** Numbers of a tile: what is read along one side of a matrix and written along the other stays near. */
const TILE = 32;

function turnInto(
  all: Float32Array | Uint16Array,
  part: Float32Array | Uint16Array,
  { out, rows, columns, first }: { out: number; rows: number; columns: number; first: number },
): void {
  for (let o = 0; o < out; o += TILE) {
    for (let r = 0; r < rows; r += TILE) {
      for (let i = o; i < Math.min(out, o + TILE); i++) {
        for (let j = r; j < Math.min(rows, r + TILE); j++) {
          all[j * columns + first + i] = part[i * rows + j]!;
        }
      }
    }
  }
}

/** Tensors that a checkpoint may have although the decoder has no use for them. */
function isSpare(name: string, { tied }: DecoderConfig): boolean {
  return name.endsWith(".rotary_emb.inv_freq") || (tied && name === "lm_head.weight");
}

function checkTensors(
  { tensors }: WeightFiles,
  sources: ReadonlyMap<string, CheckpointSource>,
  config: DecoderConfig,
  folder: string,
): void {
  const parts = new Map(
    [...sources.values()].flatMap(({ parts }) => parts.map((part) => [part.name, part.shape])),
  );
  for (const [name, shape] of parts) {
    const found = tensors.get(name);
    if (found !== undefined && String(found.shape) === String(shape)) continue;
    throw new BladeError({
      place: `${folder}: tensor ${name}`,
      rule: `must be there with the shape [${shape}] that config.json implies`,
      value: found === undefined ? "none" : `[${found.shape}]`,
      mend: "take config.json and the weights from one and the same model",
    });
  }
  const unknown = [...tensors.keys()].find((name) => !parts.has(name) && !isSpare(name, config));
  if (unknown === undefined) return;
  throw new BladeError({
    place: `${folder}: tensor ${unknown}`,
    rule: "must belong to the architecture that config.json names",
    value: unknown,
    mend:
      "without it the model would compute something else: take a model of a supported architecture (docs/llm.md)",
  });
}
