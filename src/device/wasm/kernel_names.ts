/** The exports of kernels.wasm that run in parts, by the number that names them between threads. */
export const KERNEL_NAMES = [
  "matmul",
  "rmsNorm",
  "rmsNormGradX",
  "rmsNormGradWeight",
  "softmax",
  "softmaxGrad",
  "logSumExp",
  "logSumExpGrad",
  "swiglu",
  "swigluGrad",
  "rotary",
  "rowScatterAdd",
] as const;

export type KernelName = typeof KERNEL_NAMES[number];

/** Bytes of the packing buffer that a thread needs: 512 rows of 8 floats, and a tile. */
export const SCRATCH_BYTES = 512 * 8 * 4 + 64;

/** The kernels of one instance, by number. */
export function kernelsOf(instance: WebAssembly.Instance): ((...values: number[]) => void)[] {
  const exported = instance.exports as Record<string, (...values: number[]) => void>;
  return KERNEL_NAMES.map((name) => exported[name]!);
}

/** An instance of the module on the backend's memory, with a packing buffer of its own. */
export async function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  scratch: number,
): Promise<((...values: number[]) => void)[]> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  (instance.exports.setScratch as (pointer: number) => void)(scratch);
  return kernelsOf(instance);
}
