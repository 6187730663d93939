import { BladeError } from "../core/errors.ts";

/** The device has no memory for what was asked of it. Nothing that lives on it has changed. */
export class OutOfDeviceMemory extends BladeError {
  /**
   * @param device as a user names it
   * @param asked what did not fit, with its size where that is known
   */
  constructor(readonly device: string, readonly asked: string) {
    super({
      place: `device ${device}`,
      rule: device === "webgpu" || device === "cpu"
        ? "tensors must fit in the device's memory"
        : "tensors must fit in WebAssembly's 4 GiB",
      value: asked,
      mend: "lower the batch size, the model's width or the maximum history",
    });
    this.name = "OutOfDeviceMemory";
  }
}

/** The device is gone, and with it all that lived on it. */
export class DeviceLost extends BladeError {
  /** @param reason as the driver tells it */
  constructor(readonly reason: string) {
    super({
      place: "device webgpu",
      rule: "the GPU must stay there while it computes",
      value: reason,
      mend: "start again (train --resume goes on from the last checkpoint), or choose --device wasm",
    });
    this.name = "DeviceLost";
  }
}

/** What engines say where WebAssembly, or a typed array, gets no memory. */
const NO_MEMORY =
  /out of memory|OOM|memory access out of bounds|allocation failed|could not allocate|invalid (typed )?array (buffer )?length|failed to grow/i;

/**
 * An error of the processor's devices as what it means: engines have no error of their own for a lack of memory.
 *
 * @example
 * ```ts
 * import { OutOfDeviceMemory, withMeaning } from "./faults.ts";
 * import { assert, assertEquals } from "@std/assert";
 * assert(withMeaning(new RangeError("Array buffer allocation failed"), "cpu") instanceof OutOfDeviceMemory);
 * const other = new RangeError("Invalid count value: -1");
 * assertEquals(withMeaning(other, "cpu"), other);
 * ```
 */
export function withMeaning(error: unknown, device: string): unknown {
  const engine = error instanceof RangeError || error instanceof WebAssembly.RuntimeError;
  return engine && NO_MEMORY.test(error.message) ? new OutOfDeviceMemory(device, error.message) : error;
}
