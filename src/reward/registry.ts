import { closestString } from "@std/text/closest-string";
import { BladeError } from "../core/errors.ts";
import { PLUGIN_POLICY, type PluginPolicy } from "../core/isolation.ts";
import type { SignalName } from "../core/signals.ts";
import { BUILTIN } from "./builtin.ts";
import { loadPlugin, ownPlugin, type Plugin, type PluginSource } from "./load_plugin.ts";
import { type Judge, judgeOf } from "./judge.ts";
import type { Direction, Metric, Range } from "./metric.ts";
import { isModule, type MetricName, parseMetricSpec } from "./metric_spec.ts";
import { boundsOf, choicesOf, defaultOf, readOptions } from "./options.ts";
import type { AnyFactory } from "./plugin.ts";
import { pluginFile } from "./plugin_file.ts";
import { pluginHash } from "./plugin_hash.ts";
import { countLosses, tolerant } from "./tolerance.ts";

/** A metric with its options, ready to score, and where it came from. */
export interface LoadedMetric {
  /** As typed: the key of its results. */
  readonly spec: string;
  /** What scores. */
  readonly metric: Metric;
  /** The number after `@`, or the plugin's own default. */
  readonly cutoff?: number;
  /** For the manifest. */
  readonly source: PluginSource;
  /** Who asks it where that is not this process. */
  readonly judge?: Judge;
}

/** An option of a metric, for listings. */
export interface OptionDescription {
  /** As the spec writes it. */
  readonly name: string;
  /** Its value when nobody sets it. */
  readonly default: unknown;
  /** The words that it takes, where it is a choice. */
  readonly choices?: readonly string[];
  /** Least and greatest number, where it has bounds. */
  readonly bounds?: Range;
}

/** What there is to say of a metric. */
export interface MetricDescription {
  /** As in a spec. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** In a line of text. */
  readonly formula?: string;
  /** The paper or book that defines it. */
  readonly definedIn?: string;
  /** Whose numbers it equals. */
  readonly equals?: readonly string[];
  /** Of one slate, or of many together. */
  readonly kind: "list" | "population";
  /** Least and greatest value with the described options. */
  readonly range: Range;
  /** Whether more is better. */
  readonly direction: Direction;
  /** The signals that it reads with the described options. */
  readonly needs: readonly SignalName[];
  /** What a spec can set. */
  readonly options: readonly OptionDescription[];
  /** Where the plugin came from. */
  readonly source: PluginSource;
}

/** The metrics of a run: the built-in ones and the user's. Disposing of it ends the processes of isolated plugins. */
export interface MetricRegistry extends AsyncDisposable {
  /**
   * A metric by its spec; its name may also be the path of a plugin module.
   * @throws {BladeError} for an unknown name or option, or a value that does not fit.
   */
  load(spec: string): Promise<LoadedMetric>;
  /** Every metric with its default options. */
  list(): Promise<MetricDescription[]>;
  /** One metric with the options of its spec. */
  describe(spec: string): Promise<MetricDescription>;
  /** What was lost so far to plugins that failed, and what their processes were lost to, a sentence each. */
  losses(): readonly string[];
}

/**
 * Gathers the built-in metrics and those of the user's plugin modules.
 *
 * @param plugins paths (against the working folder), file URLs, `npm:` or `https:` addresses.
 * @param policy how far they are trusted; what is left out is as in `PLUGIN_POLICY`.
 * @throws {BladeError} when a plugin cannot be loaded or takes a name that is taken.
 *
 * @example
 * ```ts
 * import { createRegistry } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const registry = await createRegistry();
 * const { spec, cutoff, metric } = await registry.load("ndcg@10?gain=binary");
 * assertEquals([spec, cutoff, metric.options.gain], ["ndcg@10?gain=binary", 10, "binary"]);
 * assertEquals((await registry.describe("coverage")).kind, "population");
 * ```
 */
export async function createRegistry(
  plugins: readonly string[] = [],
  policy: Partial<PluginPolicy> = {},
): Promise<MetricRegistry> {
  const full = { ...PLUGIN_POLICY, ...policy };
  const losses = countLosses(full.onErrorLimit);
  const restarts = new Map<string, number>();
  const bySpecifier = new Map<string, Promise<Plugin>>();
  const byName = new Map<string, Plugin>();
  for (const factory of BUILTIN) {
    const source = { specifier: `blade:${factory.spec.name}` };
    byName.set(factory.spec.name, ownPlugin(factory as unknown as AnyFactory, source));
  }
  /** A plugin of which several metrics are loaded is loaded once: an isolated one has one process. */
  const loadOnce = (specifier: string): Promise<Plugin> => {
    const loading = bySpecifier.get(specifier) ??
      loadPlugin(specifier, full, () => restarts.set(specifier, (restarts.get(specifier) ?? 0) + 1));
    bySpecifier.set(specifier, loading);
    return loading;
  };
  const close = async (): Promise<void> => {
    const loaded = await Promise.allSettled(bySpecifier.values());
    await Promise.all(loaded.map((each) => each.status === "fulfilled" ? each.value.close() : undefined));
  };
  const register = async (specifier: string): Promise<void> => {
    const plugin = await loadOnce(specifier);
    const { name } = plugin.spec;
    const holder = byName.get(name);
    const isSame = holder === plugin || (holder?.factory !== undefined && holder.factory === plugin.factory);
    if (holder !== undefined && !isSame) {
      throw new BladeError({
        place: `plugin ${specifier}`,
        rule: `must have a name of its own (${holder.source.specifier} has this one)`,
        value: name,
        mend: "rename the plugin's metric",
      });
    }
    byName.set(name, plugin);
  };
  try {
    for (const specifier of plugins) await register(specifier);
  } catch (error) {
    await close();
    throw error;
  }
  const find = async (spec: string): Promise<{ name: MetricName; plugin: Plugin }> => {
    const name = parseMetricSpec(spec);
    const plugin = isModule(name.name) ? await loadOnce(name.name) : byName.get(name.name);
    if (plugin === undefined) throw unknownMetric(spec, name.name, [...byName.keys()]);
    return { name, plugin: await withHash(plugin) };
  };
  return {
    async load(spec) {
      const { name, plugin } = await find(spec);
      const { metric, judge } = await bind(spec, name, plugin);
      const loaded: LoadedMetric = {
        spec,
        metric,
        ...(metric.cutoff === undefined ? {} : { cutoff: metric.cutoff }),
        source: plugin.source,
        ...(judge === undefined ? {} : { judge }),
      };
      if (full.onError === "stop") return loaded;
      return { ...loaded, judge: tolerant(spec, judgeOf(loaded), losses) };
    },
    list: () => Promise.all([...byName.keys()].map(async (name) => describe(name, await find(name)))),
    describe: async (spec) => describe(spec, await find(spec)),
    losses: () => [
      ...losses.sentences(),
      ...Array.from(restarts, ([plugin, times]) => restartedWords(plugin, times)),
    ],
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Loads one metric by its spec; `createRegistry` for several. The process of an isolated plugin ends with this one.
 *
 * @throws {BladeError} for an unknown name or option, or a plugin that cannot be loaded.
 *
 * @example
 * ```ts
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const { metric } = await loadMetric("recall@5");
 * assertEquals([metric.name, metric.cutoff], ["recall", 5]);
 * ```
 */
export async function loadMetric(
  spec: string,
  plugins: readonly string[] = [],
  policy: Partial<PluginPolicy> = {},
): Promise<LoadedMetric> {
  return (await createRegistry(plugins, policy)).load(spec);
}

async function bind(spec: string, { name, cutoff, options }: MetricName, plugin: Plugin) {
  const { cutoff: _, ...declared } = plugin.spec.options ?? {};
  return await plugin.bind(spec, {
    ...readOptions(name, declared, options),
    ...(cutoff === undefined ? {} : { cutoff }),
  });
}

async function describe(
  typed: string,
  { name, plugin }: { name: MetricName; plugin: Plugin },
): Promise<MetricDescription> {
  const { spec } = plugin;
  const { metric } = await bind(typed, name, plugin);
  return {
    name: spec.name,
    summary: spec.summary,
    ...(spec.formula === undefined ? {} : { formula: spec.formula }),
    ...(spec.source === undefined ? {} : { definedIn: spec.source }),
    ...(spec.equals === undefined ? {} : { equals: spec.equals }),
    kind: spec.kind,
    range: metric.range,
    direction: spec.direction,
    needs: metric.needs,
    options: Object.entries(spec.options ?? {}).map(([option, standard]) => {
      const choices = choicesOf(standard);
      const bounds = boundsOf(standard);
      return {
        name: option,
        default: defaultOf(standard),
        ...(choices === undefined ? {} : { choices }),
        ...(bounds === undefined ? {} : { bounds }),
      };
    }),
    source: plugin.source,
  };
}

/** A built-in plugin is hashed when it is used. Run from the network there is no file, and the lock file pins it. */
async function withHash(plugin: Plugin): Promise<Plugin> {
  const { source } = plugin;
  const file = pluginFile(source.specifier);
  if (file === null || !source.specifier.startsWith("blade:")) return plugin;
  return { ...plugin, source: { ...source, sha256: await pluginHash(file) } };
}

function restartedWords(specifier: string, times: number): string {
  return `plugin ${specifier}: its process was ended from outside ${
    times === 1 ? "once" : `${times} times`
  } and started anew; no value was lost`;
}

function unknownMetric(spec: string, name: string, known: readonly string[]): BladeError {
  return new BladeError({
    place: `metric ${JSON.stringify(spec)}`,
    rule: "must be the name of a built-in metric or of a loaded plugin",
    value: name,
    mend: `did you mean ${closestString(name, [...known])}? There are: ${
      known.join(", ")
    }. A metric of your own: --plugin ./my_metric.ts`,
  });
}
