import { fromFileUrl, isAbsolute, resolve } from "@std/path";
import { checkShape } from "../core/check_shape.ts";
import { BladeError } from "../core/errors.ts";
import { configRefusal, type PlaceOf } from "./config_refusal.ts";
import { readJsonc } from "./jsonc_document.ts";
import { applyOverride, type Override, readOverride } from "./override.ts";
import { type BladeConfig, configSchema } from "./schema.ts";
import { QUICKSTART_FOLDER, withReaderDefaults } from "./schema/data.ts";

/** What the command line adds to a configuration file. */
export interface ConfigOverrides {
  /** `path=value` each, later ones win. */
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly device?: string;
  /** Library of the native device; a relative path starts at the working folder. */
  readonly blas?: string;
  /** Which plugins run in a process of their own. */
  readonly isolate?: string;
  /** Plugins beside those of the file; relative paths start at the working folder. */
  readonly plugins?: readonly string[];
  /** Values that were given elsewhere, each with its place; all others win over them. */
  readonly below?: readonly Override[];
  /** The same, but they win over all others. */
  readonly above?: readonly Override[];
}

/** A configuration text with the place it came from. */
export interface ConfigSource extends ConfigOverrides {
  /** Path of the file; relative paths written in it start at its folder. */
  readonly path: string;
}

/**
 * Parses a configuration: JSONC, then the overrides, then the schema, which fills every default. Relative
 * `data.folder`, `blas` and `plugins` become absolute, from the file's folder or, when given by a flag, from the working
 * folder.
 *
 * @throws {BladeError} with file and line (or flag), path, rule, value and mend
 * @example
 * ```ts
 * import { parseConfig } from "./parse.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const config = parseConfig('{ "seed": 7 }', { path: "run.jsonc", set: ["align.cutoff=5"] });
 * assertEquals([config.seed, config.align.cutoff, config.align.groupSize], [7, 5, 4]);
 * assertThrows(() => parseConfig('{ "sed": 7 }', { path: "run.jsonc", set: [] }), Error, 'did you mean "seed"?');
 * ```
 */
export function parseConfig(text: string, source: ConfigSource): BladeConfig {
  const document = readJsonc(text, source.path);
  const lineOf: PlaceOf = (path) => `${source.path}:${document.lineOf(path)}`;
  return completeConfig(document.value, source, lineOf, resolve(source.path, ".."));
}

/**
 * Checks a configuration given as a value, as `parseConfig` does a text. Relative paths in it start at the working
 * folder.
 *
 * @throws {BladeError} with path, rule, value and mend
 * @example
 * ```ts
 * import { checkConfig } from "./parse.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const config = checkConfig({ seed: 7 }, { set: ["align.cutoff=5"] });
 * assertEquals([config.seed, config.align.cutoff, config.align.groupSize], [7, 5, 4]);
 * assertThrows(() => checkConfig({ sed: 7 }), Error, 'did you mean "seed"?');
 * ```
 */
export function checkConfig(input: unknown, overrides: ConfigOverrides = {}): BladeConfig {
  return completeConfig(input, overrides, () => "configuration", Deno.cwd());
}

/**
 * A configuration with its overrides applied, checked, every default filled in and its paths absolute.
 *
 * @param written the configuration as a value
 * @param writtenAt tells where a path of it was written
 * @param folder where relative paths in it start
 * @throws {BladeError} with path, rule, value and mend
 * @example
 * ```ts
 * import { completeConfig } from "./parse.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const above = [{ place: 'arm "long"', path: ["align", "cutoff"], value: 0 }];
 * const complete = () => completeConfig({}, { above }, () => "base.jsonc:1", ".");
 * assertThrows(complete, Error, 'arm "long": align.cutoff: must be at least 1, got 0');
 * ```
 */
export function completeConfig(
  written: unknown,
  given: ConfigOverrides,
  writtenAt: PlaceOf,
  folder: string,
): BladeConfig {
  const overrides = overridesOf(given);
  const input = withReaderDefaults(overrides.reduce<unknown>(
    (value, override) => applyOverride(value, override, configSchema.parse({})),
    written,
  ));
  const placeOf: PlaceOf = (path) => giverOf(path, overrides)?.place ?? writtenAt(path);
  const result = checkShape(configSchema, withImpliedModel(input));
  if (!result.success) throw configRefusal(result.error, input, placeOf);
  const named = (input as { data?: { folder?: string } }).data?.folder !== undefined;
  const own = fromFileUrl(new URL(`../../${QUICKSTART_FOLDER}`, import.meta.url));
  const config = named ? result.data : { ...result.data, data: { ...result.data.data, folder: own } };
  return anchored(withPlugins(config, given), folder, overrides);
}

/**
 * Reads and parses a configuration file.
 *
 * @throws {BladeError} when the file cannot be read or does not fit the schema
 * @example
 * ```ts
 * import { loadConfig } from "./parse.ts";
 * import { assertEquals } from "@std/assert";
 * const path = new URL("../../configs/quickstart.jsonc", import.meta.url);
 * const config = await loadConfig(path.pathname, { seed: 3 });
 * assertEquals([config.seed, config.data.reader], [3, "fixture"]);
 * ```
 */
export async function loadConfig(path: string, overrides: ConfigOverrides = {}): Promise<BladeConfig> {
  return parseConfig(await readConfigText(path), { ...overrides, path });
}

/**
 * The text of a configuration file.
 *
 * @throws {BladeError} when there is none
 */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new BladeError({
        place: path,
        rule: "must be a configuration file",
        value: "no such file",
        mend: "give the path of a .jsonc file, for instance configs/quickstart.jsonc",
      });
    }
    if (error instanceof Deno.errors.IsADirectory) {
      throw new BladeError({
        place: path,
        rule: "must be a file",
        value: "a folder",
        mend: "name a file in it",
      });
    }
    throw error;
  }
}

function overridesOf(source: ConfigOverrides): Override[] {
  const overrides = [...source.below ?? [], ...(source.set ?? []).map(readOverride)];
  if (source.seed !== undefined) {
    overrides.push({ place: `--seed ${source.seed}`, path: ["seed"], value: source.seed });
  }
  if (source.device !== undefined) {
    overrides.push({ place: `--device ${source.device}`, path: ["device"], value: source.device });
  }
  if (source.blas !== undefined) {
    overrides.push({ place: `--blas ${source.blas}`, path: ["blas"], value: source.blas });
  }
  if (source.isolate !== undefined) {
    const path = ["reward", "isolate"];
    overrides.push({ place: `--isolate ${source.isolate}`, path, value: source.isolate });
  }
  overrides.push(...source.above ?? []);
  return overrides;
}

/** The last override that gave the value at a path: it, or a part around it. */
function giverOf(path: readonly (string | number)[], overrides: readonly Override[]): Override | undefined {
  return overrides.findLast((override) => override.path.every((part, depth) => part === path[depth]));
}

function withPlugins(config: BladeConfig, source: ConfigOverrides): BladeConfig {
  const added = (source.plugins ?? []).map((spec) => fromFolder(spec, Deno.cwd()));
  return { ...config, plugins: [...config.plugins, ...added] };
}

/** What of the model follows from the rest where it is left out: a model of text has titles, picked one by one. */
function withImpliedModel(input: unknown): unknown {
  const model = Reflect.get(Object(input), "model") as unknown;
  if (typeof model !== "object" || model === null || Array.isArray(model)) return input;
  const { pretrained, codec, slate } = model as Record<string, unknown>;
  const implied = codec ?? (typeof pretrained === "string" ? "text" : undefined);
  return {
    ...input as object,
    model: {
      ...model,
      ...(codec === undefined && implied !== undefined ? { codec: implied } : {}),
      ...(slate === undefined && (implied === "text" || implied === "semantic")
        ? { slate: "autoregressive" }
        : {}),
    },
  };
}

/** Makes paths absolute, so that the run folder's copy of the configuration works from anywhere. */
function anchored(config: BladeConfig, folder: string, overrides: readonly Override[]): BladeConfig {
  const baseOf = (...path: (string | number)[]) => {
    const giver = giverOf(path, overrides);
    return giver === undefined ? folder : giver.folder ?? Deno.cwd();
  };
  // Without a folder it is a name for the system's loader.
  const isName = config.blas === null || !/[/\\]/.test(config.blas);
  return {
    ...config,
    blas: isName ? config.blas : resolve(baseOf("blas"), config.blas!),
    data: { ...config.data, folder: resolve(baseOf("data", "folder"), config.data.folder) },
    model: {
      ...config.model,
      pretrained: config.model.pretrained &&
        fromFolder(config.model.pretrained, baseOf("model", "pretrained")),
      lora: {
        ...config.model.lora,
        from: config.model.lora.from && fromFolder(config.model.lora.from, baseOf("model", "lora", "from")),
      },
      semantic: {
        ...config.model.semantic,
        file: config.model.semantic.file &&
          fromFolder(config.model.semantic.file, baseOf("model", "semantic", "file")),
      },
    },
    plugins: config.plugins.map((spec, index) => fromFolder(spec, baseOf("plugins", index))),
  };
}

/** Paths start at a folder; addresses (`npm:`, `https:`, `file:`) stay. */
function fromFolder(spec: string, folder: string): string {
  return isAbsolute(spec) || /^[a-z][a-z0-9+.-]+:/i.test(spec) ? spec : resolve(folder, spec);
}
