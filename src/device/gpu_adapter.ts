/** What is known of the GPU before it is used. */
export interface GpuAdapter {
  /** As the driver names it, e.g. "NVIDIA H100 PCIe" or "llvmpipe (LLVM 15.0.6, 256 bits)". */
  readonly name: string;
  /** A processor that plays a GPU: right, and slow. */
  readonly fallback: boolean;
  /** Bytes. */
  readonly maxBufferSize: number;
  /** Bytes. */
  readonly maxStorageBufferBindingSize: number;
}

/**
 * The adapter that tfjs's webgpu backend would take, or the reason why there is none.
 *
 * @example
 * ```ts
 * import { requestGpuAdapter } from "./gpu_adapter.ts";
 * import { assert } from "@std/assert";
 * const found = await requestGpuAdapter();
 * assert("name" in found ? found.name.length > 0 : found.missing.length > 0);
 * ```
 */
export async function requestGpuAdapter(): Promise<GpuAdapter | { readonly missing: string }> {
  if (!("gpu" in navigator)) return { missing: "this runtime has no WebGPU" };
  quietLoader();
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) return { missing: "no GPU driver answers (on Linux: no Vulkan driver)" };
  const { info, limits } = adapter;
  const name = info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(" ") ||
    "GPU";
  return {
    name,
    fallback: info.isFallbackAdapter || /llvmpipe|swiftshader|software|lavapipe|basic render/i.test(name),
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
  };
}

/**
 * Vulkan's loader prints a line on stderr where XDG_RUNTIME_DIR is unset, which says nothing about the GPU. Where the
 * environment may not be written, the line stays.
 */
function quietLoader(): void {
  const variable = "XDG_RUNTIME_DIR";
  try {
    if (Deno.build.os === "linux" && Deno.env.get(variable) === undefined) Deno.env.set(variable, "/tmp");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}
