import { type Device, type DeviceName, openDevice } from "../../src/device/open_device.ts";
import { requestGpuAdapter } from "../../src/device/gpu_adapter.ts";

const adapter = await requestGpuAdapter();

/** Registers a test once per device. Without a GPU adapter the webgpu one reports itself ignored, with the reason. */
export function onEachDevice(
  name: string,
  test: (device: Device, t: Deno.TestContext) => Promise<void> | void,
  devices: readonly DeviceName[] = ["cpu", "wasm", "webgpu"],
): void {
  for (const device of devices) {
    const absent = device === "webgpu" && "missing" in adapter ? ` (ignored: ${adapter.missing})` : "";
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
