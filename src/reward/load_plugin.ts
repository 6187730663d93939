import { resolve, toFileUrl } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { importFailure } from "./import_failure.ts";
import { type AnySpec, CONTRACT_VERSION, type Metric } from "./metric.ts";

/** Where a plugin came from, for the manifest. */
export interface PluginSource {
  /** As typed, or `blade:<name>` for a built-in one. */
  readonly specifier: string;
  /** Of the module's file. Left out for npm: and https:, which the lock file pins. */
  readonly sha256?: string;
}

/** A plugin's default export, its option types forgotten. */
export interface AnyFactory {
  (options?: Readonly<Record<string, unknown>>): Metric;
  /** What the plugin says of itself. */
  readonly spec: AnySpec;
}

/** A plugin module, read. */
export interface Plugin {
  /** Makes the metric. */
  readonly factory: AnyFactory;
  /** Where it came from. */
  readonly source: PluginSource;
}

/**
 * Imports a metric plugin: a path (against the working folder), a file URL, `npm:` or `https:`.
 *
 * @throws {BladeError} when the module cannot be imported or is no plugin.
 *
 * @example
 * ```ts
 * import { loadPlugin } from "./load_plugin.ts";
 * import { assertEquals } from "@std/assert";
 * const { factory } = await loadPlugin(import.meta.resolve("../../plugins/recall.ts"));
 * assertEquals(factory.spec.name, "recall");
 * ```
 */
export async function loadPlugin(specifier: string): Promise<Plugin> {
  const address = addressOf(specifier);
  const module = await importModule(specifier, address);
  const factory = module.default;
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
  const sha256 = address.startsWith("file:") ? await hashOf(new URL(address)) : undefined;
  return { factory, source: { specifier, ...(sha256 === undefined ? {} : { sha256 }) } };
}

/** `import()` resolves a path against this file; a user means the working folder. */
function addressOf(specifier: string): string {
  return /^(file|npm|jsr|https?):/.test(specifier) ? specifier : toFileUrl(resolve(specifier)).href;
}

async function importModule(specifier: string, address: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(address);
  } catch (error) {
    if (error instanceof BladeError) throw error;
    throw await importFailure(specifier, address, error);
  }
}

function isFactory(value: unknown): value is AnyFactory {
  return typeof value === "function" && "spec" in value && typeof value.spec === "object" &&
    value.spec !== null && "name" in value.spec && "contract" in value.spec;
}

/**
 * The SHA-256 of a file as hexadecimal digits.
 *
 * @example
 * ```ts
 * import { hashOf } from "./load_plugin.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals((await hashOf(new URL(import.meta.resolve("./load_plugin.ts")))).length, 64);
 * ```
 */
export async function hashOf(file: URL): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
  return new Uint8Array(digest).toHex();
}
