import { type Device, openDevice } from "../device/open_device.ts";
import type { BladeConfig } from "./schema.ts";

/** Opens the device that a configuration asks for. */
export function openDeviceOf({ device, threads, blas }: BladeConfig): Promise<Device> {
  return openDevice({
    device,
    ...(threads === null ? {} : { threads }),
    ...(blas === null ? {} : { blas }),
  });
}
