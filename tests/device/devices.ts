import { type Device, type DeviceName, openDevice } from "../../src/device/open_device.ts";
import { requestGpuAdapter } from "../../src/device/gpu_adapter.ts";
import { findBlas } from "../../src/device/native/find_blas.ts";

const adapter = await requestGpuAdapter();
const library = await findBlas();

/** Why a device cannot be tested here, as a part of a test's name; "" where it can. */
export function absence(device: DeviceName): string {
  const missing = device === "webgpu" && "missing" in adapter
    ? adapter.missing
    : device === "native" && "short" in library
    ? library.short
    : null;
  return missing === null ? "" : ` (ignored: ${missing})`;
}

/** Registers a test once per device. Where one is absent, its test reports itself ignored, with the reason. */
export function onEachDevice(
  name: string,
  test: (device: Device, t: Deno.TestContext) => Promise<void> | void,
  devices: readonly DeviceName[] = ["cpu", "wasm", "native", "webgpu"],
): void {
  for (const device of devices) {
    const absent = absence(device);
    Deno.test({
      name: `${name} on ${device}${absent}`,
      ignore: absent !== "",
      // The backend and its helper threads outlive a test.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async (t) => await test(await openDevice({ device, threads: 2 }), t),
    });
  }
}
