import { isAbsolute, join, relative, resolve } from "@std/path";
import type { RunManifest } from "./manifest.ts";

/** Where a run was made. */
export interface RunPlace {
  /** Absolute path of the run folder. */
  readonly runFolder: string;
  /** Absolute path of the program's folder; null where it ran from the network. */
  readonly program: string | null;
}

/**
 * A manifest whose paths are those of today. A run folder may have been taken to another machine together with what
 * it read: a file of the program's own folder is looked for in this program's, then each where it stands as seen from
 * the run folder, and where neither is there its path stays.
 *
 * @param manifest as it was written
 * @param now where run folder and program are
 * @param isThere whether a path exists
 * @example
 * ```ts
 * import { movedRun } from "./moved_run.ts";
 * import type { RunManifest } from "./manifest.ts";
 * import { assertEquals } from "@std/assert";
 * const manifest = {
 *   place: { runFolder: "/one/runs/demo-1", program: "/one" },
 *   config: { data: { folder: "/one/data" }, plugins: ["npm:a@1.0.0"], model: {} },
 *   data: [{ path: "/one/data/log.csv" }],
 *   plugins: [],
 * } as unknown as RunManifest;
 * const { config, data } = await movedRun(manifest, { runFolder: "/two/runs/demo-1", program: "/two" }, () => true);
 * assertEquals([config.data.folder, data[0]!.path, config.plugins], ["/two/data", "/two/data/log.csv", ["npm:a@1.0.0"]]);
 * ```
 */
export async function movedRun(
  manifest: RunManifest,
  now: RunPlace,
  isThere: (path: string) => boolean | Promise<boolean>,
): Promise<RunManifest> {
  const { place } = manifest;
  if (place === undefined || (place.runFolder === now.runFolder && place.program === now.program)) {
    return manifest;
  }
  const candidates = (path: string): string[] => [
    ...(place.program !== null && now.program !== null && isWithin(path, place.program)
      ? [join(now.program, relative(place.program, path))]
      : []),
    resolve(now.runFolder, relative(place.runFolder, path)),
  ];
  const moved = async (path: string): Promise<string> => {
    if (!isAbsolute(path)) return path;
    for (const candidate of candidates(path)) if (await isThere(candidate)) return candidate;
    return path;
  };
  const { data, model, plugins } = manifest.config;
  const roots = [data.folder, model.pretrained, model.lora?.from, model.semantic?.file, ...plugins];
  const rootsNow = new Map<string, string>();
  for (const root of roots) if (root != null) rootsNow.set(root, await moved(root));
  // A file goes with the folder that it was read from, whether it is still in there or not.
  const standsAt = (path: string): string => {
    const root = [...rootsNow.keys()].find((root) => isAbsolute(root) && isWithin(path, root));
    return root === undefined ? path : join(rootsNow.get(root)!, relative(root, path));
  };
  const standsAtOrNull = <T>(path: T): T | string => typeof path === "string" ? standsAt(path) : path;
  return {
    ...manifest,
    config: {
      ...manifest.config,
      data: { ...data, folder: standsAt(data.folder) },
      model: {
        ...model,
        pretrained: standsAtOrNull(model.pretrained),
        ...(model.lora === undefined
          ? {}
          : { lora: { ...model.lora, from: standsAtOrNull(model.lora.from) } }),
        ...(model.semantic === undefined
          ? {}
          : { semantic: { ...model.semantic, file: standsAtOrNull(model.semantic.file) } }),
      },
      plugins: plugins.map(standsAt),
    },
    data: manifest.data.map((file) => ({ ...file, path: standsAt(file.path) })),
    plugins: manifest.plugins.map((plugin) => ({ ...plugin, spec: standsAt(plugin.spec) })),
  };
}

/** Whether a path is that of a folder or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return inside.split(/[\\/]/)[0] !== ".." && !isAbsolute(inside);
}
