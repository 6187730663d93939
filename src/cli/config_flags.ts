import { BladeError } from "../core/errors.ts";
import type { BladeConfig } from "../config/schema.ts";
import type { CommandInput } from "./command.ts";
import type { FlagSpec } from "./flags.ts";
import { ISOLATE_FLAG } from "./isolate_flag.ts";

/** The flags that change a configuration, for every command that reads one. */
export const CONFIG_FLAGS: readonly FlagSpec[] = [
  {
    name: "set",
    value: "path=value",
    repeat: true,
    summary: "set a key of the configuration, as JSON or text",
  },
  { name: "plugin", value: "SPEC", repeat: true, summary: "load a metric: a path, or file:, npm: or https:" },
  ISOLATE_FLAG,
  { name: "device", value: "NAME", summary: "auto, webgpu, native, wasm or cpu" },
  { name: "blas", value: "PATH", summary: "library of the device native, instead of the system's" },
  { name: "seed", value: "N", summary: "seed of every random number" },
];

/**
 * The configuration that a command was pointed at, with its flags applied.
 *
 * @param input what was typed
 * @param path of the file; the first positional unless told
 * @throws {BladeError} as `loadConfig` does
 */
export async function configOf(
  input: CommandInput,
  path: string = input.positionals[0]!,
): Promise<BladeConfig> {
  const { loadConfig } = await import("../config/parse.ts");
  const { flags } = input;
  const seed = flags.whole("seed", 0);
  const device = flags.text("device");
  const blas = flags.text("blas");
  const isolate = flags.text("isolate");
  return await loadConfig(path, {
    set: flags.texts("set"),
    plugins: flags.texts("plugin"),
    ...(seed === undefined ? {} : { seed }),
    ...(device === undefined ? {} : { device }),
    ...(blas === undefined ? {} : { blas }),
    ...(isolate === undefined ? {} : { isolate }),
  });
}

/** Metric specs of a repeatable, comma-separated flag, each once; undefined when it was not given. */
export function specsOf(input: CommandInput, flag: string): string[] | undefined {
  const specs = input.flags.texts(flag).flatMap((text) => text.split(",")).map((spec) => spec.trim());
  if (specs.length === 0) return undefined;
  if (specs.includes("")) {
    const mend = `separate metrics by single commas: --${flag} ndcg@10,recall@10`;
    throw new BladeError({ place: `--${flag}`, rule: "must name metrics", value: specs.join(","), mend });
  }
  return [...new Set(specs)];
}
