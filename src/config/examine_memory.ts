import { fits } from "./check_memory.ts";
import { limitsOf } from "./device.ts";
import { prepareMaterials } from "./materials.ts";
import type { MemoryReport } from "./run_api.ts";
import { runMemory } from "./run_memory.ts";
import type { BladeConfig } from "./schema.ts";

/** What a run would take, held against what some devices can hold. Reads the data and a checkpoint's config.json. */
export async function examineMemory(
  config: BladeConfig,
  devices: Parameters<typeof limitsOf>[0][],
): Promise<MemoryReport> {
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const memory = runMemory(config, materials);
  return {
    ...memory,
    devices: await Promise.all(devices.map(async (device) => {
      const limits = await limitsOf(device);
      return { device, ...limits, fits: fits(memory, limits) };
    })),
  };
}
