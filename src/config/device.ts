import { requestGpuAdapter } from "../device/gpu_adapter.ts";
import { type Device, openDevice } from "../device/open_device.ts";
import { type MemoryLimits, memoryLimits } from "./check_memory.ts";
import type { BladeConfig } from "./schema.ts";

/** Opens the device that a configuration asks for. */
export function openDeviceOf({ device, threads, blas }: BladeConfig): Promise<Device> {
  return openDevice({
    device,
    ...(threads === null ? {} : { threads }),
    ...(blas === null ? {} : { blas }),
  });
}

/** What the device that was opened can hold. */
export async function limitsOf(backend: Device["backend"]): Promise<MemoryLimits> {
  const found = backend === "webgpu" ? await requestGpuAdapter() : null;
  return memoryLimits(backend, found !== null && "name" in found ? found : null);
}
