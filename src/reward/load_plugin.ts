import { dirname, fromFileUrl, isAbsolute, relative, resolve, toFileUrl } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { PluginPolicy } from "../core/isolation.ts";
import { holdsRun } from "../report/holds_run.ts";
import { importFailure } from "./import_failure.ts";
import { openIsolatedPlugin } from "./isolate/isolated_plugin.ts";
import { isRemote, pluginModules } from "./isolate/plugin_modules.ts";
import { linkModules } from "./isolate/source_module.ts";
import type { Judge } from "./judge.ts";
import { type AnySpec, CONTRACT_VERSION, type Metric } from "./metric.ts";
import { type AnyFactory, isFactory } from "./plugin.ts";
import { pluginHash } from "./plugin_hash.ts";

/** Where a plugin came from, for the manifest. */
export interface PluginSource {
  /** As typed, or `blade:<name>` for a built-in one. */
  readonly specifier: string;
  /**
   * Of the module's file and of those that it imports, see `pluginHash`; of the archive for npm:, of the module for
   * https:, where it is what pins them.
   */
  readonly sha256?: string;
}

/** A metric with its options, and who asks it where that is not this process. */
export interface BoundMetric {
  /** What it says of itself. */
  readonly metric: Metric;
  /** Left out for a metric of this process. */
  readonly judge?: Judge;
}

/** A plugin, here or in a process of its own. */
export interface Plugin {
  /** What the plugin says of itself. */
  readonly spec: AnySpec;
  /** Where it came from. */
  readonly source: PluginSource;
  /** The module's export, where it was imported into this process. */
  readonly factory?: AnyFactory;
  /**
   * Sets the options.
   *
   * @param spec the metric as the user named it, for messages
   * @throws {BladeError} for options that do not fit
   */
  bind(spec: string, options: Readonly<Record<string, unknown>>): Promise<BoundMetric>;
  /** Ends the process that it runs in, if it has one. */
  close(): Promise<void>;
}

/**
 * A plugin of this process.
 *
 * @example
 * ```ts
 * import { ownPlugin } from "./load_plugin.ts";
 * import coverage from "../../plugins/coverage.ts";
 * import { assertEquals } from "@std/assert";
 * const plugin = ownPlugin(coverage, { specifier: "blade:coverage" });
 * assertEquals((await plugin.bind("coverage@3", { cutoff: 3 })).metric.cutoff, 3);
 * ```
 */
export function ownPlugin(factory: AnyFactory, source: PluginSource): Plugin {
  return {
    spec: factory.spec,
    source,
    factory,
    bind: (_, options) => new Promise((resolve) => resolve({ metric: factory(options) })),
    close: () => Promise.resolve(),
  };
}

/**
 * Loads a metric plugin: a path (against the working folder), a file URL, or a pinned `npm:` or `https:` address. A
 * stranger's goes into a process of its own, as the policy says.
 *
 * @param restarted told when that process was ended from outside and another one took its place
 * @throws {BladeError} when the module cannot be had or is no plugin.
 *
 * @example
 * ```ts
 * import { loadPlugin } from "./load_plugin.ts";
 * import { PLUGIN_POLICY } from "../core/isolation.ts";
 * import { assertEquals } from "@std/assert";
 * const { spec } = await loadPlugin(import.meta.resolve("../../plugins/recall.ts"), PLUGIN_POLICY);
 * assertEquals(spec.name, "recall");
 * ```
 */
export async function loadPlugin(
  specifier: string,
  policy: PluginPolicy,
  restarted: () => void = () => {},
): Promise<Plugin> {
  const address = addressOf(specifier);
  const path = isRemote(address) ? undefined : await realPath(specifier, address);
  const stranger = path === undefined || await isOutside(path);
  // A run folder says itself how far its plugins are trusted: what came along with it is not believed.
  const cameAlong = path !== undefined && await isInRunFolder(path);
  if (policy.isolate === "always" || (policy.isolate === "remote" && stranger) || cameAlong) {
    const { modules, sha256 } = await pluginModules(specifier, address);
    const { spec, bind, close } = await openIsolatedPlugin(specifier, modules, policy, restarted);
    return { spec, source: { specifier, sha256 }, bind, close };
  }
  if (isRemote(address)) {
    const { modules, sha256 } = await pluginModules(specifier, address);
    return ownPlugin(await importFactory(specifier, linkModules(modules)), { specifier, sha256 });
  }
  const factory = await importFactory(specifier, address);
  return ownPlugin(factory, { specifier, sha256: await pluginHash(new URL(address)) });
}

/** `import()` resolves a path against this file; a user means the working folder. */
function addressOf(specifier: string): string {
  return /^(file|npm|jsr|https?):/.test(specifier) ? specifier : toFileUrl(resolve(specifier)).href;
}

async function realPath(specifier: string, address: string): Promise<string> {
  try {
    return await Deno.realPath(fromFileUrl(address));
  } catch (error) {
    throw await importFailure(specifier, address, error);
  }
}

/** Whether a plugin comes from outside the working folder, links followed. */
async function isOutside(path: string): Promise<boolean> {
  const inside = relative(await Deno.realPath(Deno.cwd()), dirname(path));
  return inside.startsWith("..") || isAbsolute(inside);
}

/** Whether a plugin lies in the folder of a run or of an experiment, or below one; not above the working folder's. */
async function isInRunFolder(path: string): Promise<boolean> {
  const top = await Deno.realPath(Deno.cwd());
  for (let folder = dirname(path);; folder = dirname(folder)) {
    if (await holdsRun(folder)) return true;
    if (folder === top || dirname(folder) === folder) return false;
  }
}

async function importFactory(specifier: string, address: string): Promise<AnyFactory> {
  const { default: factory } = await importModule(specifier, address);
  if (!isFactory(factory)) {
    throw new BladeError({
      place: `plugin ${specifier}`,
      rule: "must export defineMetric(…) as its default",
      value: factory === undefined ? "no default export" : typeof factory,
      mend: 'write: import { defineMetric } from "blade"; export default defineMetric({ … })',
    });
  }
  if (factory.spec.contract !== CONTRACT_VERSION) {
    throw new BladeError({
      place: `plugin ${specifier}`,
      rule: `must follow version ${CONTRACT_VERSION} of the plugin contract`,
      value: factory.spec.contract,
      mend: "use the version of blade that the plugin was written for, or port the plugin",
    });
  }
  return factory;
}

async function importModule(specifier: string, address: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(address);
  } catch (error) {
    if (error instanceof BladeError) throw error;
    throw await importFailure(specifier, address, error);
  }
}
