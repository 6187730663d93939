import { join } from "@std/path";
import type * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import { readNumbers } from "../device/computation.ts";
import { firstNotFinite, floatsToHalves, type HalfFormat } from "../numerics/half.ts";
import { type CheckpointSource, checkpointSources } from "./checkpoint_names.ts";
import type { DecoderConfig } from "./config.ts";
import { mergedParameter } from "./merge.ts";
import { makeNewFolder } from "./new_folder.ts";
import type { Parameters } from "./parameters.ts";
import { writeHeader } from "./safetensors_header.ts";

/** Number formats that weights are written in. */
export type WeightFormat = "f32" | HalfFormat;

/** Files that a checkpoint consists of beside its weights, by name: texts, written as they are. */
export type CheckpointTexts = Readonly<Record<string, string>>;

/**
 * Writes a model in Hugging Face layout, adapters merged: model.safetensors, a tensor at a time, and the texts given. A
 * folder that is not whole never has its name.
 *
 * @param folder must not exist
 * @param parameters all of the model's, frozen ones included
 * @throws {BladeError} when the folder exists, the model has what no such checkpoint can hold, or a number is too large
 * for the format, or none.
 */
export async function writeCheckpoint(
  folder: string,
  config: DecoderConfig,
  parameters: Parameters,
  format: WeightFormat,
  texts: CheckpointTexts,
): Promise<void> {
  if (config.marksPicks) {
    throw new BladeError({
      place: folder,
      rule:
        "a model of autoregressive slates over ids has a mark for picks, which no Llama checkpoint can hold",
      mend: "export a run with model.slate plackett-luce, or with model.codec text or semantic",
    });
  }
  const sources = checkpointSources({ ...config, vocabulary: config.vocabulary + config.addedTokens });
  await makeNewFolder(folder, async (beside) => {
    for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(join(beside, name), text);
    using file = await Deno.open(join(beside, "model.safetensors"), { write: true, createNew: true });
    await writeAll(file, headerOf(sources, format));
    for (const [name, source] of sources) {
      await writeParameter(file, mergedParameter(config, parameters, name), source, format);
    }
    await file.syncData();
  });
}

function headerOf(sources: ReadonlyMap<string, CheckpointSource>, format: WeightFormat): Uint8Array {
  const type = { f32: "F32", f16: "F16", bf16: "BF16" } as const;
  const parts = [...sources.values()].flatMap(({ parts }) => parts);
  return writeHeader(parts.map(({ name, shape }) => ({ name, shape, type: type[format] })), {
    format: "pt",
  });
}

/** Writes a parameter as the parts that a checkpoint has of it, and frees it. */
async function writeParameter(
  file: Deno.FsFile,
  tensor: tf.Tensor,
  { parts, shape, turned }: CheckpointSource,
  format: WeightFormat,
): Promise<void> {
  const [values] = await readNumbers([tensor]);
  tensor.dispose();
  let first = 0;
  for (const { name, shape: [out, rows = 1] } of parts) {
    const part = turned
      ? turnedBack(values as Float32Array, { out: out!, rows, columns: shape[1]!, first })
      : (values as Float32Array).subarray(first, first + out! * rows);
    first += turned ? out! : part.length;
    const numbers = inFormat(part, format, name);
    await writeAll(file, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
}

/** Numbers in a format, all of them finite there: no reader takes others. */
function inFormat(part: Float32Array, format: WeightFormat, name: string): Float32Array | Uint16Array {
  const numbers = format === "f32" ? part : floatsToHalves(part, format);
  const wrong = numbers instanceof Uint16Array
    ? firstNotFinite(numbers, format as HalfFormat)
    : numbers.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return numbers;
  throw new BladeError({
    place: `tensor ${name}`,
    rule: `must be of finite numbers in the format ${format}`,
    value: part[wrong],
    mend: Number.isFinite(part[wrong])
      ? "write it in a format that reaches further: bf16 or f32"
      : "the model is broken: train it again, with a lower learning rate",
  });
}

/** Columns of a matrix [in, out] as the rows of another. */
function turnedBack(
  values: Float32Array,
  { out, rows, columns, first }: { out: number; rows: number; columns: number; first: number },
): Float32Array {
  const part = new Float32Array(out * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < out; column++) {
      part[column * rows + row] = values[row * columns + first + column]!;
    }
  }
  return part;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
