/** The devices that a run can be asked to use; `auto` takes a real GPU, else native where it is allowed, else wasm. */
export const DEVICES = ["auto", "webgpu", "native", "wasm", "cpu"] as const;
