/** The exports of kernels.wasm that run in parts, by the number that names them between threads. */
export const KERNEL_NAMES = [
  "matmul",
  "rmsNorm",
  "rmsNormGradX",
  "rmsNormGradWeight",
  "softmax",
  "logSumExp",
  "logSumExpGrad",
  "swiglu",
  "swigluGrad",
  "rotary",
  "attention",
  "attentionGrad",
  "dropout",
  "squares",
  "adamw",
  "copyBlocks",
  "gatherRows",
  "draw",
  "cachedAttention",
  "addToRows",
  "catalogTotals",
  "catalogShares",
  "unpackF16",
  "unpackBf16",
] as const;

export type KernelName = typeof KERNEL_NAMES[number];

/** Rows of a matrix product that one part of the work computes: 20 tiles of the kernel. */
export const BLOCK_ROWS = 100;

/** Bytes of the packing buffer of a thread: 512 rows of 8 floats of B, a row of spare output, 512 × 100 floats of A. */
export const SCRATCH_BYTES = 512 * 8 * 4 + 64 + 512 * BLOCK_ROWS * 4;

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
