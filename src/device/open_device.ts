import * as tf from "@tensorflow/tfjs-core";
import { BladeError } from "../core/errors.ts";
import { registerCpuKernels } from "./cpu_kernels.ts";
import { requestGpuAdapter } from "./gpu_adapter.ts";
import { registerGradients } from "./gradients.ts";
import { closeWasmThreads, openWasm } from "./wasm/open_wasm.ts";
import { startWebgpuBackend } from "./webgpu/backend.ts";

/** What a user may ask for: `auto` takes a real GPU where there is one, else wasm. */
export type DeviceName = "auto" | "webgpu" | "wasm" | "cpu" | "native";

/** The device that computes from now on. */
export interface Device {
  readonly backend: "webgpu" | "wasm" | "cpu";
  /** The GPU as its driver names it, or what the processor runs. */
  readonly adapter: string;
  /** Whether the GPU is one played by the processor. */
  readonly fallbackAdapter: boolean;
  /** Threads that compute; 1 on webgpu and cpu. */
  readonly threads: number;
  /** One sentence: why this device and these threads. */
  readonly why: string;
  /** Whether two runs give the same bits, by the backend's own construction. */
  readonly bitExact: boolean;
}

/**
 * Makes a backend the current one, with this project's kernels and settings. Calling it again, for the same or another
 * device, is allowed; tensors live on the backend that made them.
 *
 * @param options.threads of wasm; as many as the processor has when left out. Any number gives the same bits.
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
export async function openDevice(options: { device: DeviceName; threads?: number }): Promise<Device> {
  const threads = checkThreads(options.threads);
  // Set before a backend loads: the cpu one greets with a banner otherwise.
  tf.env().set("PROD", true);
  registerGradients();
  switch (options.device) {
    case "auto":
      return await openAuto(threads);
    case "webgpu":
      return await openWebgpu("asked for");
    case "wasm":
      return await openWasmDevice(threads, "asked for");
    case "cpu":
      return await openCpu();
    case "native":
      throw new BladeError({
        place: "device",
        rule: "must be one that this build has: auto, webgpu, wasm or cpu",
        value: options.device,
        mend: "choose --device wasm, the fastest without a GPU",
      });
    default:
      throw new BladeError({
        place: "device",
        rule: "must be auto, webgpu, wasm or cpu",
        value: options.device satisfies never,
        mend: "choose one of these",
      });
  }
}

/** Ends the helper threads. The device stays usable, with one thread. */
export function closeDevice(): void {
  closeWasmThreads();
}

async function openAuto(threads: number): Promise<Device> {
  const found = await requestGpuAdapter();
  if ("missing" in found) return await openWasmDevice(threads, `no GPU: ${found.missing}`);
  if (found.fallback) {
    return await openWasmDevice(
      threads,
      `the only GPU, ${found.name}, is played by the processor, slower than wasm`,
    );
  }
  return await openWebgpu("a GPU is there");
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
  await startWebgpuBackend();
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
    why: opened.shortfall === null
      ? why
      : `${why}; ${opened.threads} of ${threads} threads: ${opened.shortfall}`,
    bitExact: true,
  };
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
