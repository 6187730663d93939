import { BladeError } from "../core/errors.ts";
import type { DecoderConfig } from "../model/config.ts";
import { inBytes } from "../report/in_bytes.ts";
import type { Materials } from "./materials.ts";
import { memoryOf, type RunMemory } from "./run_memory.ts";
import { type RunSizes, runSizes } from "./run_sizes.ts";
import type { BladeConfig } from "./schema.ts";

/** What a device can hold, in bytes; null where it is not known. */
export interface MemoryLimits {
  readonly totalBytes: number | null;
  readonly tensorBytes: number | null;
}

/** What wasm's addresses of 32 bits reach; native works in the same memory. */
const ADDRESSABLE = 2 ** 32;

/**
 * The limits of a backend.
 *
 * @param adapter of webgpu, whose memory WebGPU does not tell
 */
export function memoryLimits(
  backend: "webgpu" | "native" | "wasm" | "cpu",
  adapter: { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number } | null,
): MemoryLimits {
  switch (backend) {
    case "webgpu":
      return {
        totalBytes: null,
        tensorBytes: adapter && Math.min(adapter.maxBufferSize, adapter.maxStorageBufferBindingSize),
      };
    case "native":
    case "wasm":
      return { totalBytes: ADDRESSABLE, tensorBytes: ADDRESSABLE };
    case "cpu":
      return { totalBytes: null, tensorBytes: null };
    default:
      throw new TypeError(`Cannot tell: ${backend satisfies never} has no limits`);
  }
}

/** Whether a run fits. */
export function fits({ totalBytes, largestTensorBytes }: RunMemory, limits: MemoryLimits): boolean {
  return totalBytes <= (limits.totalBytes ?? Infinity) &&
    largestTensorBytes <= (limits.tensorBytes ?? Infinity);
}

/**
 * Refuses a run that does not fit on its device, before weights are loaded.
 *
 * @throws {BladeError} whose mend names what would help here, in the order in which it costs least, each with what the
 * run would take then.
 */
export function checkMemory(
  config: BladeConfig,
  materials: Materials,
  backend: Parameters<typeof memoryLimits>[0],
  limits: MemoryLimits,
): void {
  const { decoder } = materials.plan;
  const sizes = (of: BladeConfig) => runSizes(of, materials);
  const memory = memoryOf(config, decoder, sizes(config));
  if (fits(memory, limits)) return;
  const { totalBytes, tensorBytes } = limits;
  const inAll = totalBytes !== null && memory.totalBytes > totalBytes;
  const advice = adviceFor({ config, decoder, sizes: sizes(config) }, sizes, limits);
  throw new BladeError({
    place: `device ${backend}`,
    rule: inAll
      ? `a run must fit in the ${inBytes(totalBytes)} that it addresses`
      : `a tensor must fit in the ${inBytes(tensorBytes!)} that it binds at once`,
    value: inAll
      ? `about ${inBytes(memory.totalBytes)} in ${memory.moment}`
      : `${memory.largest}, ${inBytes(memory.largestTensorBytes)}`,
    mend: [...advice, ...(backend === "webgpu" ? [] : ["a GPU: --device webgpu"])].join("; then "),
  });
}

/** A configuration and what is known of it. */
interface Setting {
  readonly config: BladeConfig;
  readonly decoder: DecoderConfig;
  readonly sizes: RunSizes;
}

/** A change, and whether it helps is to be seen. */
interface Change {
  readonly say: string;
  readonly to: Setting;
}

/** Changes one on top of the other, until the run fits; those that take off less than a fiftieth are left out. */
function adviceFor(
  start: Setting,
  sizesOf: (config: BladeConfig) => RunSizes,
  limits: MemoryLimits,
): string[] {
  const advice: string[] = [];
  const over = ({ totalBytes, largestTensorBytes }: RunMemory) =>
    Math.max(
      totalBytes / (limits.totalBytes ?? Infinity),
      largestTensorBytes / (limits.tensorBytes ?? Infinity),
    );
  let setting = start;
  let before = over(memoryAt(setting));
  for (const changes of [microBatches, recompute, half, adapters, shorterHistories]) {
    for (const { say, to } of best(changes(setting, sizesOf), over)) {
      const memory = memoryAt(to);
      if (over(memory) > 0.98 * before) continue;
      setting = to;
      before = over(memory);
      const then = limits.totalBytes === null ? memory.largestTensorBytes : memory.totalBytes;
      advice.push(`${say} (about ${inBytes(then)})`);
      if (before <= 1) return advice;
    }
  }
  return advice;
}

function memoryAt({ config, decoder, sizes }: Setting): RunMemory {
  return memoryOf(config, decoder, sizes);
}

/** Of several strengths of a change the first that lets the run fit, else the last. */
function best(changes: readonly Change[], over: (memory: RunMemory) => number): Change[] {
  const chosen = changes.find(({ to }) => over(memoryAt(to)) <= 1) ?? changes.at(-1);
  return chosen === undefined ? [] : [chosen];
}

function microBatches({ config, ...rest }: Setting): Change[] {
  const now = ({ batch, microBatch }: { readonly batch: number; readonly microBatch: number | null }) =>
    Math.min(batch, microBatch ?? batch);
  const changes: Change[] = [];
  for (let size = Math.max(now(config.sft), now(config.align)); size > 1;) {
    size = Math.ceil(size / 2);
    const sft = { ...config.sft, microBatch: Math.min(size, now(config.sft)) };
    const align = { ...config.align, microBatch: Math.min(size, now(config.align)) };
    const say = `set sft.microBatch to ${sft.microBatch} and align.microBatch to ${align.microBatch}`;
    changes.push({ say, to: { ...rest, config: { ...config, sft, align } } });
  }
  return changes;
}

function recompute({ decoder, ...rest }: Setting): Change[] {
  if (decoder.recompute) return [];
  return [{ say: "set model.recompute to true", to: { ...rest, decoder: { ...decoder, recompute: true } } }];
}

function half({ config, decoder, ...rest }: Setting): Change[] {
  if (decoder.lora === null || decoder.half !== null) return [];
  const say = "set model.precision to half, if the checkpoint has 16 bits";
  return [{ say, to: { ...rest, config, decoder: { ...decoder, half: "bf16" } } }];
}

function adapters({ config, decoder, sizes }: Setting): Change[] {
  if (config.model.pretrained === null || decoder.lora !== null) return [];
  const { from: _, ...lora } = config.model.lora;
  const model = { ...config.model, train: "adapters" as const };
  return [{
    say: "set model.train to adapters",
    to: { config: { ...config, model }, decoder: { ...decoder, lora }, sizes },
  }];
}

function shorterHistories(
  { config, decoder }: Setting,
  sizesOf: (config: BladeConfig) => RunSizes,
): Change[] {
  const changes: Change[] = [];
  for (
    let maxHistory = Math.ceil(config.data.maxHistory / 2);
    maxHistory >= 5;
    maxHistory = maxHistory >> 1
  ) {
    const shorter = { ...config, data: { ...config.data, maxHistory } };
    const say = `set data.maxHistory to ${maxHistory}`;
    changes.push({ say, to: { config: shorter, decoder, sizes: sizesOf(shorter) } });
  }
  return changes;
}
