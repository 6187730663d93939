import { BladeError } from "../src/core/errors.ts";
import { requestGpuAdapter } from "../src/device/gpu_adapter.ts";
import { closeDevice, type Device, type DeviceName, openDevice } from "../src/device/open_device.ts";

/** A device open for measuring, under the name that its figures bear. */
export interface NamedDevice {
  readonly name: string;
  readonly device: Device;
}

/** Every device of this machine in turn: wasm and native on one thread and on all, and a GPU that is real; or of one kind only. */
export async function* devices(only?: string): AsyncGenerator<NamedDevice> {
  const wanted = (name: string) => only === undefined || only === name;
  if (wanted("wasm")) {
    yield { name: "wasm", device: await openDevice({ device: "wasm", threads: 1 }) };
    const wasm = await openDevice({ device: "wasm" });
    if (wasm.threads > 1) yield { name: `wasm-${wasm.threads}-threads`, device: wasm };
  }
  const single = wanted("native") ? await tryDevice("native", 1) : { missing: "not asked for" };
  if (!("missing" in single)) {
    yield { name: "native-1-thread", device: single };
    yield { name: "native", device: await openDevice({ device: "native" }) };
  }
  const gpu = wanted("webgpu") ? await tryDevice("webgpu") : { missing: "not asked for" };
  if (!("missing" in gpu)) yield { name: "webgpu", device: gpu };
  closeDevice();
}

/** The device, or why it is not to be had here. A GPU that the processor plays measures nothing. */
export async function tryDevice(name: DeviceName, threads?: number): Promise<Device | { missing: string }> {
  if (name === "webgpu") {
    const gpu = await requestGpuAdapter();
    if ("missing" in gpu) return gpu;
    if (gpu.fallback) return { missing: `the only GPU, ${gpu.name}, is played by the processor` };
  }
  try {
    return await openDevice(threads === undefined ? { device: name } : { device: name, threads });
  } catch (error) {
    if (error instanceof BladeError) return { missing: error.message };
    throw error;
  }
}
