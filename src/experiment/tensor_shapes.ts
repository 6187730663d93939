import { openWeightFile } from "../model/weight_file.ts";
import { isThere } from "../report/is_there.ts";

/**
 * Shapes of the tensors in a safetensors file, by name, from its header alone.
 *
 * @returns null where there is no such file
 * @throws {BladeError} when it is damaged
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
  if (!await isThere(path)) return null;
  using file = await openWeightFile(path);
  return new Map(file.tensors.map(({ name, shape }) => [name, shape]));
}

/** How many numbers the tensors under a name hold together. */
export function numbersUnder(name: string, shapes: ReadonlyMap<string, readonly number[]>): number {
  let sum = 0;
  for (const [key, shape] of shapes) {
    if (key.startsWith(`${name}/`)) sum += shape.reduce((product, size) => product * size, 1);
  }
  return sum;
}
