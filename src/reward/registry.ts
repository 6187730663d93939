import { closestString } from "@std/text/closest-string";
import { BladeError } from "../core/errors.ts";
import type { SignalName } from "../core/signals.ts";
import { BUILTIN } from "./builtin.ts";
import { type AnyFactory, hashOf, loadPlugin, type Plugin, type PluginSource } from "./load_plugin.ts";
import type { Judge } from "./judge.ts";
import type { Direction, Metric, Range } from "./metric.ts";
import { isModule, type MetricName, parseMetricSpec } from "./metric_spec.ts";
import { boundsOf, choicesOf, defaultOf, readOptions } from "./options.ts";

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

/** The metrics of a run: the built-in ones and the user's. */
export interface MetricRegistry {
  /**
   * A metric by its spec; its name may also be the path of a plugin module.
   * @throws {BladeError} for an unknown name or option, or a value that does not fit.
   */
  load(spec: string): Promise<LoadedMetric>;
  /** Every metric with its default options. */
  list(): Promise<MetricDescription[]>;
  /** One metric with the options of its spec. */
  describe(spec: string): Promise<MetricDescription>;
}

/**
 * Gathers the built-in metrics and those of the user's plugin modules.
 *
 * @param plugins paths (against the working folder), file URLs, `npm:` or `https:` addresses.
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
export async function createRegistry(plugins: readonly string[] = []): Promise<MetricRegistry> {
  const byName = new Map<string, Plugin>();
  for (const factory of BUILTIN) {
    byName.set(factory.spec.name, {
      factory: factory as unknown as AnyFactory,
      source: { specifier: `blade:${factory.spec.name}` },
    });
  }
  for (const specifier of new Set(plugins)) {
    const plugin = await loadPlugin(specifier);
    const name = plugin.factory.spec.name;
    const holder = byName.get(name);
    if (holder !== undefined && holder.factory !== plugin.factory) {
      throw new BladeError({
        place: `plugin ${specifier}`,
        rule: `must have a name of its own (${holder.source.specifier} has this one)`,
        value: name,
        mend: "rename the plugin's metric",
      });
    }
    byName.set(name, plugin);
  }
  const find = async (spec: string): Promise<{ name: MetricName; plugin: Plugin }> => {
    const name = parseMetricSpec(spec);
    const plugin = isModule(name.name) ? await loadPlugin(name.name) : byName.get(name.name);
    if (plugin === undefined) throw unknownMetric(spec, name.name, [...byName.keys()]);
    return { name, plugin: await withHash(plugin) };
  };
  return {
    async load(spec) {
      const { name, plugin } = await find(spec);
      const metric = bind(name, plugin);
      return {
        spec,
        metric,
        ...(metric.cutoff === undefined ? {} : { cutoff: metric.cutoff }),
        source: plugin.source,
      };
    },
    list: () => Promise.all([...byName.keys()].map(async (name) => describe(await find(name)))),
    describe: async (spec) => describe(await find(spec)),
  };
}

/**
 * Loads one metric by its spec; `createRegistry` for several.
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
export async function loadMetric(spec: string, plugins: readonly string[] = []): Promise<LoadedMetric> {
  return (await createRegistry(plugins)).load(spec);
}

function bind({ name, cutoff, options }: MetricName, { factory }: Plugin): Metric {
  const { cutoff: _, ...declared } = factory.spec.options ?? {};
  return factory({
    ...readOptions(name, declared, options),
    ...(cutoff === undefined ? {} : { cutoff }),
  });
}

function describe({ name, plugin }: { name: MetricName; plugin: Plugin }): MetricDescription {
  const { spec } = plugin.factory;
  const metric = bind(name, plugin);
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
async function withHash({ factory, source }: Plugin): Promise<Plugin> {
  const name = /^blade:(.+)$/.exec(source.specifier)?.[1];
  const address = new URL(`../../plugins/${name}.ts`, import.meta.url);
  if (name === undefined || address.protocol !== "file:") return { factory, source };
  return { factory, source: { ...source, sha256: await hashOf(address) } };
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
