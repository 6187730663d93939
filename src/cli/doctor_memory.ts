import type { MemoryReport } from "../config/run_api.ts";
import { inBytes } from "../report/in_bytes.ts";

/**
 * The estimate of a run's memory as rows of a name and a sentence.
 *
 * @param availableBytes of the machine; null where that is not known
 *
 * @example
 * ```ts
 * import { memoryRows } from "./doctor_memory.ts";
 * import { assertEquals } from "@std/assert";
 * const part = { part: "scores", bytes: 2048, largestTensorBytes: 1024, largest: "scores [2, 128]" };
 * const memory = { moment: "a step of sft", parts: [part], totalBytes: 2048, largestTensorBytes: 1024, largest: "scores" };
 * const wasm = { device: "wasm", totalBytes: 2 ** 32, tensorBytes: 2 ** 32, fits: true };
 * assertEquals(memoryRows({ ...memory, devices: [wasm] }, 1000), [
 *   ["scores", "2 kiB, largest: scores [2, 128], 1 kiB"],
 *   ["in all", "about 2 kiB, in a step of sft"],
 *   ["wasm", "fits in 4 GiB"],
 *   ["machine", "1000 B available: too little for it on the processor, and the process takes some 300 MiB more"],
 * ]);
 * ```
 */
export function memoryRows(memory: MemoryReport, availableBytes: number | null): [string, string][] {
  const { parts, moment, totalBytes, devices, largest, largestTensorBytes } = memory;
  return [
    ...parts.map(({ part, bytes, largest, largestTensorBytes }): [string, string] => [
      part,
      `${inBytes(bytes)}, largest: ${largest}, ${inBytes(largestTensorBytes)}`,
    ]),
    ["in all", `about ${inBytes(totalBytes)}, in ${moment}`],
    ...devices.map((limits): [string, string] => [
      limits.device,
      limits.totalBytes !== null
        ? `${limits.fits ? "fits" : "does not fit"} in ${inBytes(limits.totalBytes)}`
        : `the memory of a GPU is not told; the largest tensor (${largest}, ${
          inBytes(largestTensorBytes)
        }) ` +
          (limits.fits ? "fits in" : "does not fit in") +
          (limits.tensorBytes === null
            ? " no known limit"
            : ` the ${inBytes(limits.tensorBytes)} of a binding`),
    ]),
    ["machine", machineLine(totalBytes, availableBytes)],
  ];
}

function machineLine(totalBytes: number, availableBytes: number | null): string {
  if (availableBytes === null) return "memory unknown: --allow-sys=systemMemoryInfo tells it";
  const enough = availableBytes > totalBytes ? "enough" : "too little";
  return `${
    inBytes(availableBytes)
  } available: ${enough} for it on the processor, and the process takes some 300 MiB more`;
}
