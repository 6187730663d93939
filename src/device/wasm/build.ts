/**
 * Builds kernels.wasm from the sources in kernels/ and writes the hashes of both beside it. The compiler is fetched for this alone
 * (95 MB with its optimiser), outside of the project's own dependencies:
 *
 *     deno run --allow-read --allow-env --allow-write=src/device/wasm --no-lock --node-modules-dir=none src/device/wasm/build.ts
 *
 * @module
 */
import { hashOf } from "./hash.ts";
import { kernelSources, textOf } from "./kernel_sources.ts";

const COMPILER = "npm:assemblyscript@0.28.20/asc";
const FLAGS = [
  ...["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd,threads,bulk-memory"],
  // tfjs's memory: shared, and as large as its own declaration allows.
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
];

interface Compiler {
  main(
    flags: string[],
    host: {
      readFile: (name: string) => string | null;
      writeFile: (name: string, data: Uint8Array<ArrayBuffer>) => void;
      listFiles: () => string[];
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

/** What a lane needs again and again: a call would cost more than its work. TypeScript has no place for the decorator. */
const INLINED = /^export function (?=(?:take|put|madd|sumLanes|maxLanes|exp\w*4|sigmoid4)\b)/gm;

/** A source as the compiler takes it. */
function prepared(source: string | undefined): string | null {
  // The compiler adds an extension of its own. With the one that Deno wants written it would take a file for another,
  // with variables of its own, wherever it is imported by another path.
  const named = source?.replaceAll(/(?<=from "\.\/\w+)\.ts(?=")/g, "");
  return named?.replaceAll(INLINED, "@inline export function ") ?? null;
}

if (import.meta.main) {
  // Not a literal: the type checker and the lock file must not follow it.
  const { default: asc } = await import(COMPILER) as { default: Compiler };
  const sources = await kernelSources();
  const outputs = new Map<string, Uint8Array<ArrayBuffer>>();
  const { error, stderr } = await asc.main(["index.ts", ...FLAGS, "--outFile", "kernels.wasm"], {
    readFile: (name) => prepared(sources.get(name)),
    writeFile: (name, data) => outputs.set(name, new Uint8Array(data)),
    listFiles: () => [],
  });
  if (error) throw new Error(`The kernels do not compile:\n${stderr}`);
  const binary = outputs.get("kernels.wasm")!;
  await Deno.writeFile(new URL("./kernels.wasm", import.meta.url), binary);
  const hashes = {
    compiler: COMPILER,
    source: await hashOf(textOf(sources)),
    binary: await hashOf(binary),
  };
  await Deno.writeTextFile(
    new URL("./kernels.json", import.meta.url),
    JSON.stringify(hashes, null, 2) + "\n",
  );
  console.log(`kernels.wasm: ${binary.length} bytes`);
}
