import { BladeError } from "../core/errors.ts";
import { headerLength, LENGTH_BYTES, parseHeader, placeOf, type StoredTensor } from "./safetensors_header.ts";

/** One safetensors file, open, of which only the header is in memory. */
export interface WeightFile extends Disposable {
  readonly path: string;
  /** In the order of their data. */
  readonly tensors: readonly StoredTensor[];
  /**
   * Reads a tensor's bytes in order, in chunks of whole elements. Readings that overlap in time wait for each other.
   *
   * @param receive gets each chunk, to be used before it returns, and how many bytes came before
   */
  read(
    tensor: StoredTensor,
    receive: (chunk: Uint8Array<ArrayBuffer>, before: number) => void,
  ): Promise<void>;
}

/** A multiple of every type's bytes. */
const CHUNK_BYTES = 8 * 2 ** 20;

/**
 * Opens a safetensors file and checks its header, and that the file is as long as it says.
 *
 * @throws {BladeError} naming the file, and the tensor where one is wrong or cut off
 * @example
 * ```ts
 * import { encodeSafetensors } from "./safetensors.ts";
 * import { openWeightFile } from "./weight_file.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeFile(path, encodeSafetensors(new Map([["bias", { shape: [2], data: Uint8Array.of(1, 2) }]])));
 * using file = await openWeightFile(path);
 * await file.read(file.tensors[0]!, (chunk) => assertEquals(chunk, Uint8Array.of(1, 2)));
 * await Deno.remove(path);
 * ```
 */
export async function openWeightFile(path: string): Promise<WeightFile> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(LENGTH_BYTES, size));
    await fill(file, start, path);
    const json = new Uint8Array(headerLength(start, size, path));
    await fill(file, json, path);
    const { tensors } = parseHeader(json, { bytes: size, place: path });
    const dataStart = LENGTH_BYTES + json.length;
    // The file has one place to read at: only one reading may move it.
    let turn: Promise<unknown> = Promise.resolve();
    return {
      path,
      tensors,
      read(tensor, receive) {
        const reading = turn.then(() =>
          readChunks(file, dataStart, tensor, placeOf(path, tensor.name), receive)
        );
        turn = reading.catch(() => {});
        return reading;
      },
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Opens a file for reading that must be one: a pipe would be waited for forever.
 *
 * @throws {BladeError} when it is not there, no file, or cannot be read
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    if ((await Deno.stat(path)).isFile) return await Deno.open(path);
  } catch (error) {
    // Which permission is missing, the command line says.
    if (error instanceof Deno.errors.NotCapable) throw error;
    const mend = "check the path and the mode of the file";
    const rule = error instanceof Deno.errors.NotFound
      ? "must exist, and does not"
      : `must be readable (${error})`;
    throw new BladeError({ place: path, rule, mend });
  }
  throw new BladeError({
    place: path,
    rule: "must be a file",
    mend: "name a folder that holds the file itself",
  });
}

async function readChunks(
  file: Deno.FsFile,
  dataStart: number,
  { begin, end }: StoredTensor,
  place: string,
  receive: (chunk: Uint8Array<ArrayBuffer>, before: number) => void,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, end - begin));
  await file.seek(dataStart + begin, Deno.SeekMode.Start);
  for (let at = begin; at < end; at += buffer.length) {
    const chunk = buffer.subarray(0, end - at);
    await fill(file, chunk, place);
    receive(chunk, at - begin);
  }
}

async function fill(file: Deno.FsFile, bytes: Uint8Array, place: string): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) {
      throw new BladeError({
        place,
        rule: "must stay as it was while it is read, and became shorter",
        mend: "wait until nothing writes to it any more",
      });
    }
    at += count;
  }
}
