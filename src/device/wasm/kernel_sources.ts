/** The sources of kernels.wasm by file name, in the order of their names. */
export async function kernelSources(): Promise<Map<string, string>> {
  const folder = new URL("./kernels/", import.meta.url);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await Deno.readTextFile(new URL(name, folder))] as const),
    ),
  );
}

/** All of them as the bytes that are hashed: whether the committed binary is built from them. */
export function textOf(sources: ReadonlyMap<string, string>): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify([...sources]));
}
