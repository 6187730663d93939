/**
 * Shapes of the tensors in a safetensors file, by name, from its header alone.
 *
 * @returns null where there is no such file
 * @example
 * ```ts
 * import { tensorShapes } from "./tensor_shapes.ts";
 * import { encodeSafetensors } from "../model/safetensors.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeFile(path, encodeSafetensors(new Map([["bias", { shape: [2], data: new Float32Array(2) }]])));
 * assertEquals(await tensorShapes(path), new Map([["bias", [2]]]));
 * await Deno.remove(path);
 * ```
 */
export async function tensorShapes(path: string): Promise<ReadonlyMap<string, readonly number[]> | null> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  using open = file;
  const length = Number(new DataView((await read(open, 8)).buffer).getBigUint64(0, true));
  const header: Record<string, { readonly shape: readonly number[] }> = JSON.parse(
    new TextDecoder().decode(await read(open, length)),
  );
  return new Map(
    Object.entries(header).filter(([name]) => name !== "__metadata__").map((
      [name, { shape }],
    ) => [name, shape]),
  );
}

async function read(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) throw new RangeError("Cannot read tensor shapes: the file ends in its header");
    at += count;
  }
  return bytes;
}

/** How many numbers the tensors under a name hold together. */
export function numbersUnder(name: string, shapes: ReadonlyMap<string, readonly number[]>): number {
  let sum = 0;
  for (const [key, shape] of shapes) {
    if (key.startsWith(`${name}/`)) sum += shape.reduce((product, size) => product * size, 1);
  }
  return sum;
}
