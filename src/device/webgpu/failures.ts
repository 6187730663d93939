/** What a GPU reports of work that it refused. It throws nothing itself: results would be zeros. */
export interface Failures {
  add(message: string): void;
  /** @throws {Error} when the GPU has refused work. */
  check(): void;
}

const byDevice = new WeakMap<GPUDevice, Failures>();

/** The failures of a device. */
export function failuresOf(device: GPUDevice): Failures {
  const known = byDevice.get(device);
  if (known) return known;
  const messages: string[] = [];
  const failures: Failures = {
    add: (message) => void messages.push(message),
    check() {
      if (messages.length > 0) throw new Error(`The GPU refused work: ${messages[0]}`);
    },
  };
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failures.add((event as GPUUncapturedErrorEvent).error.message || "its driver gave no reason");
  });
  byDevice.set(device, failures);
  return failures;
}
