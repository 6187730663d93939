import type { RunManifest } from "../report/manifest.ts";

/** What may explain that a repetition is not the same: a name and its two values. */
export interface Change {
  readonly what: string;
  readonly recorded: string;
  readonly now: string;
}

/**
 * What is not the same around two runs: code, configuration, data, plugins, runtime and machine.
 *
 * @example
 * ```ts
 * import { changesAround } from "./surroundings.ts";
 * import type { RunManifest } from "../report/manifest.ts";
 * import { assertEquals } from "@std/assert";
 * const runtime = { deno: "2.9.6", tfjs: "4.22.0", backend: "wasm", adapter: null, threads: 1 };
 * const run = { commit: "aa", config: {}, data: [], plugins: [], runtime } as unknown as RunManifest;
 * const other = { ...run, runtime: { ...runtime, threads: 2 } };
 * assertEquals(changesAround(run, other), [{ what: "threads", recorded: "1", now: "2" }]);
 * ```
 */
export function changesAround(recorded: RunManifest, now: RunManifest): Change[] {
  const [mine, theirs] = [factsOf(recorded), factsOf(now)];
  return [...new Set([...mine.keys(), ...theirs.keys()])].flatMap((what) => {
    const [one, other] = [mine.get(what) ?? "none", theirs.get(what) ?? "none"];
    return one === other ? [] : [{ what, recorded: one, now: other }];
  });
}

/** Files are known by their hashes: where they stand is no part of what a run computes. */
function factsOf({ commit, config, data, plugins, runtime }: RunManifest): Map<string, string> {
  const base = (path: string) => path.split(/[\\/]/).at(-1)!;
  const { data: dataConfig, device: _device, threads: _threads, plugins: _plugins, ...rest } = config;
  const { folder: _folder, ...preparation } = dataConfig ?? {};
  return new Map([
    ["code commit", commit ?? "unknown"],
    ...Object.entries({ data: preparation, ...rest }).flatMap(([section, value]) => settings(section, value)),
    ...data.map(({ path, sha256 }) => [`data ${base(path)}`, sha256.slice(0, 12)] as const),
    ...plugins.map(({ spec, sha256 }) => [`plugin ${base(spec)}`, sha256.slice(0, 12)] as const),
    ["Deno", runtime.deno],
    ["tfjs", runtime.tfjs],
    ["device", runtime.backend],
    ["adapter", runtime.adapter ?? "none"],
    ["threads", String(runtime.threads)],
    ["platform", runtime.platform ?? "unknown"],
  ]);
}

/** A section of the configuration as `section.key` → value. Paths are left out: what is read there has its hash. */
function settings(path: string, value: unknown): [string, string][] {
  const paths = ["$schema", "blas", "model.pretrained", "model.lora.from", "model.semantic.file"];
  if (paths.includes(path)) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [[path, JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([key, inner]) => settings(`${path}.${key}`, inner));
}
