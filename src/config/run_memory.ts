import type { DecoderConfig } from "../model/config.ts";
import { type MemoryPart, memoryParts } from "../train/memory.ts";
import type { Materials } from "./materials.ts";
import { runMoments } from "./run_moments.ts";
import { type RunSizes, runSizes } from "./run_sizes.ts";
import type { BladeConfig } from "./schema.ts";

/** Memory of a device that a run takes, in the moment in which that is most. */
export interface RunMemory {
  readonly moment: string;
  readonly parts: readonly MemoryPart[];
  readonly totalBytes: number;
  /** The largest single tensor of the whole run. */
  readonly largestTensorBytes: number;
  readonly largest: string;
}

/** Estimates the memory of a run from its configuration and what was read for it; no weights are. */
export function runMemory(config: BladeConfig, materials: Materials): RunMemory {
  return memoryOf(config, materials.plan.decoder, runSizes(config, materials));
}

/** The same from sizes that are known. */
export function memoryOf(config: BladeConfig, decoder: DecoderConfig, sizes: RunSizes): RunMemory {
  const moments = runMoments(config, decoder, sizes).map(({ name, ...work }) => {
    const parts = memoryParts(decoder, { name, ...work });
    return { moment: name, parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) };
  });
  const fullest = moments.reduce((most, moment) => moment.totalBytes > most.totalBytes ? moment : most);
  const { part, largest, largestTensorBytes } = moments.flatMap(({ parts }) => parts)
    .reduce((most, own) => own.largestTensorBytes > most.largestTensorBytes ? own : most);
  return { ...fullest, largestTensorBytes, largest: `${part}: ${largest}` };
}
