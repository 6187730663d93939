import * as tf from "@tensorflow/tfjs-core";
import { BladeError } from "../core/errors.ts";
import { registerCpuKernels } from "./cpu_kernels.ts";
import { requestGpuAdapter } from "./gpu_adapter.ts";
import { registerGradients } from "./gradients.ts";
import { findBlas, type FoundBlas } from "./native/find_blas.ts";
import { openNative } from "./native/open_native.ts";
import { closeWasmThreads, openWasm } from "./wasm/open_wasm.ts";
import { dropWebgpuBackend, startWebgpuBackend } from "./webgpu/backend.ts";

/**
 * What a user may ask for: `native` is wasm with its matrix products done by the system's BLAS library; `auto` takes a
 * real GPU where there is one, else native where it is allowed and installed, else wasm.
 */
export type DeviceName = "auto" | "webgpu" | "native" | "wasm" | "cpu";

/** The device that computes from now on. */
export interface Device {
  readonly backend: "webgpu" | "native" | "wasm" | "cpu";
  /** The GPU as its driver names it, the BLAS library with its version, or what the processor runs. */
  readonly adapter: string;
  /** Whether the GPU is one played by the processor. */
  readonly fallbackAdapter: boolean;
  /** Threads that compute; 1 on webgpu and cpu. */
  readonly threads: number;
  /** One sentence: why this device and these threads. */
  readonly why: string;
  /** Whether two runs give the same bits, by the backend's own construction; on native the library decides. */
  readonly bitExact: boolean;
}

/**
 * Makes a backend the current one, with this project's kernels and settings. Calling it again, for the same or another
 * device, is allowed; tensors live on the backend that made them.
 *
 * @param options.threads of wasm and native; as many as the processor has when left out. On wasm any number gives the
 * same bits.
 * @param options.blas the library of native: a path, or a name that the system's loader finds; the system's when left out.
 * Where one is named, `auto` is native.
 * @throws {BladeError} when the device that was asked for is not there; only `auto` chooses another.
 *
 * @example
 * ```ts
 * import { openDevice } from "./open_device.ts";
 * import { assertEquals } from "@std/assert";
 * const device = await openDevice({ device: "cpu" });
 * assertEquals(device.backend, "cpu");
 * ```
 */
export async function openDevice(
  options: { device: DeviceName; threads?: number; blas?: string },
): Promise<Device> {
  const threads = checkThreads(options.threads);
  // Set before a backend loads: the cpu one greets with a banner otherwise.
  tf.env().set("PROD", true);
  registerGradients();
  switch (options.device) {
    case "auto":
      return await openAuto(threads, options.blas);
    case "webgpu":
      return await openWebgpu("asked for");
    case "native":
      return await openNativeDevice(await demandBlas(options.blas), threads, "asked for");
    case "wasm":
      return await openWasmDevice(threads, "asked for");
    case "cpu":
      return await openCpu();
    default:
      throw new BladeError({
        place: "device",
        rule: "must be auto, webgpu, native, wasm or cpu",
        value: options.device satisfies never,
        mend: "choose one of these",
      });
  }
}

/**
 * Opens the GPU anew after it was lost. All tensors on it are gone; those of other devices stay.
 *
 * @throws {BladeError} when there is no GPU any more: never another device in its place.
 */
export async function reopenGpu(): Promise<Device> {
  dropWebgpuBackend();
  return await openWebgpu("opened anew after it was lost");
}

/** Ends the helper threads. The device stays usable, with one thread, a BLAS library's included. */
export function closeDevice(): void {
  closeWasmThreads();
}

async function openAuto(threads: number, named: string | undefined): Promise<Device> {
  if (named !== undefined) {
    return await openNativeDevice(await demandBlas(named), threads, "its library was named");
  }
  const found = await requestGpuAdapter();
  if ("name" in found && !found.fallback) return await openWebgpu("a GPU is there");
  const noGpu = "missing" in found
    ? `no GPU: ${found.missing}`
    : `the only GPU, ${found.name}, is played by the processor, slower than this`;
  const library = await findBlas();
  if ("short" in library) return await openWasmDevice(threads, `${noGpu}; ${library.short}`);
  if (library.tuned) return await openNativeDevice(library, threads, `${noGpu}; a BLAS is there`);
  const slow = `${library.blas.path} is a plain BLAS, maybe slower: --device native takes it`;
  return await openWasmDevice(threads, `${noGpu}; ${slow}`);
}

async function demandBlas(named: string | undefined): Promise<FoundBlas> {
  const found = await findBlas(named);
  if ("refusal" in found) throw new BladeError(found.refusal);
  return found;
}

async function openNativeDevice({ blas }: FoundBlas, threads: number, why: string): Promise<Device> {
  const opened = await openNative(blas, threads);
  const rounding = "the library decides the rounding, so other machines or threads may give other bits";
  const own = blas.setThreads === null ? "; how many threads it takes, too" : "";
  return {
    backend: "native",
    adapter: blas.name,
    fallbackAdapter: false,
    threads: opened.threads,
    why: `${withShortfall(why, opened, threads)}; ${rounding}${own}`,
    bitExact: false,
  };
}

async function openWebgpu(why: string): Promise<Device> {
  const found = await requestGpuAdapter();
  if ("missing" in found) {
    throw new BladeError({
      place: "device webgpu",
      rule: "needs a GPU adapter",
      value: found.missing,
      mend: "install the GPU's driver (on Linux its Vulkan driver), or choose --device wasm",
    });
  }
  await startWebgpuBackend(found.fallback);
  return {
    backend: "webgpu",
    adapter: found.name,
    fallbackAdapter: found.fallback,
    threads: 1,
    why: found.fallback ? `${why}; this adapter is played by the processor` : why,
    bitExact: true,
  };
}

async function openWasmDevice(threads: number, why: string): Promise<Device> {
  const opened = await openWasm(threads);
  return {
    backend: "wasm",
    adapter: "WebAssembly SIMD",
    fallbackAdapter: false,
    threads: opened.threads,
    why: withShortfall(why, opened, threads),
    bitExact: true,
  };
}

function withShortfall(
  why: string,
  opened: { threads: number; shortfall: string | null },
  wanted: number,
): string {
  return opened.shortfall === null
    ? why
    : `${why}; ${opened.threads} of ${wanted} threads: ${opened.shortfall}`;
}

async function openCpu(): Promise<Device> {
  await import("@tensorflow/tfjs-backend-cpu");
  registerCpuKernels();
  await tf.setBackend("cpu");
  return {
    backend: "cpu",
    adapter: "JavaScript",
    fallbackAdapter: false,
    threads: 1,
    why: "asked for; meant for tests, many times slower than wasm",
    bitExact: true,
  };
}

function checkThreads(threads: number | undefined): number {
  if (threads === undefined) return navigator.hardwareConcurrency;
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads;
  throw new BladeError({
    place: "threads",
    rule: "must be a whole number from 1 to 256",
    value: threads,
    mend: "leave it out to use every core",
  });
}
