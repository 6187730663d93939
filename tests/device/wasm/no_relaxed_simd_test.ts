/** WebAssembly leaves two things to the processor: relaxed SIMD, and the bits of a NaN. The files may use neither. */
import { assert, assertEquals } from "@std/assert";
import { BinaryReader, type IOperatorInformation, OperatorCodeNames } from "wasmparser";

const TFJS = new URL("../../../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/", import.meta.url);
const FILES = [
  new URL("../../../src/device/wasm/kernels.wasm", import.meta.url),
  new URL("tfjs-backend-wasm.wasm", TFJS),
  new URL("tfjs-backend-wasm-simd.wasm", TFJS),
  new URL("tfjs-backend-wasm-threaded-simd.wasm", TFJS),
];

/** A state of the reader, whose package has it as a constant for its own compiler alone. */
const AT_INSTRUCTION = 30;

/** The opcodes of every function's body: 0xfd000 + n is the vector instruction n. */
function opcodesOf(bytes: Uint8Array<ArrayBuffer>): number[] {
  const reader = new BinaryReader(), codes: number[] = [];
  reader.setData(bytes.buffer, 0, bytes.length);
  while (reader.read()) {
    if (reader.state as number === AT_INSTRUCTION) {
      codes.push((reader.result as IOperatorInformation).code);
    }
  }
  assertEquals([reader.error, reader.position], [null, bytes.length]);
  return codes;
}

const VECTOR = 0xfd000, RELAXED = [0xfd100, 0xfd113] as const;
const isRelaxed = (code: number) => code >= RELAXED[0] && code <= RELAXED[1];

for (const file of FILES) {
  const name = file.pathname.split("/").at(-1)!;
  Deno.test(`${name} has no instruction of relaxed SIMD, and imports no function of numbers`, async () => {
    const bytes = await Deno.readFile(file);
    const codes = opcodesOf(bytes);
    assert(codes.length > 5000, `${codes.length} instructions`);
    const vectors = codes.filter((code) => code >= VECTOR);
    assertEquals(vectors.length > 1000, name !== "tfjs-backend-wasm.wasm", `${vectors.length} of vectors`);
    assertEquals(codes.filter(isRelaxed).map((code) => OperatorCodeNames[code] ?? code), []);
    const functions = WebAssembly.Module.imports(await WebAssembly.compile(bytes))
      .filter(({ kind }) => kind === "function");
    // Memory, threads and the like; an exp among them would be JavaScript's.
    assertEquals(functions.filter(({ name }) => /^_?(exp|log|pow|sin|cos|tan|sqrt|erf|fma)/.test(name)), []);
    if (name === "kernels.wasm") assertEquals(functions, []);
  });
}

Deno.test("an instruction of relaxed SIMD is found in a file that has one", () => {
  const section = (id: number, ...content: number[]) => [id, content.length, ...content];
  const constant = [0xfd, 0x0c, ...new Array(16).fill(0x85)]; // v128.const: its bytes look like the opcode below
  const body = [0, ...constant, ...constant, ...constant, 0xfd, 0x85, 0x02, 0x1a, 0x0b]; // f32x4.relaxed_madd, drop, end
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(3, 1, 0),
    ...section(10, 1, body.length, ...body),
  ]);
  assert(WebAssembly.validate(bytes));
  assertEquals(opcodesOf(bytes).filter(isRelaxed), [0xfd105]);
  assertEquals(opcodesOf(bytes).length, 6);
});
