import type { CheckLine } from "../check/check_line.ts";
import type { TrainingMeasures } from "../check/training_measures.ts";
import type { World } from "../check/world.ts";
import type { BladeConfig } from "../config/schema.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import { CONTRACT_VERSION, type Metric } from "../reward/metric.ts";
import type { LoadedMetric, MetricRegistry } from "../reward/registry.ts";
import type { Command, CommandInput } from "./command.ts";
import { printJson } from "./io.ts";
import { ISOLATE_FLAG, isolationOf } from "./isolate_flag.ts";

/** `blade plugin check SPEC`: whether a metric may be trained with, before a training finds out. */
export const pluginCheckCommand: Command = {
  name: "plugin check",
  summary: "Whether a metric can be trained with: contract, purity, range, ties, head-room.",
  positionals: ["SPEC"],
  flags: [
    {
      name: "plugin",
      value: "SPEC",
      repeat: true,
      summary: "load a metric: a path, or file:, npm: or https:",
    },
    ISOLATE_FLAG,
    { name: "config", value: "CONFIG", summary: "try it on that configuration's data, not the quickstart's" },
    { name: "json", summary: "print one JSON document; null stands for no bound" },
  ],
  details:
    `SPEC is a metric's spec, or the path of a plugin: ./my_metric.ts@10?option=value. Random policies draw the
lists, no model is needed. Exits with 1 when the metric must not be trained with. Types are checked too when the
program may start deno: deno run -P --allow-run=deno main.ts plugin check …`,
  examples: [
    { line: "plugin check ./my_metric.ts@10", about: "a metric of yours, on the quickstart's data" },
    {
      line: "plugin check ild@10 --config configs/quickstart.jsonc",
      about: "a built-in one, on a run's own data",
    },
  ],
  async run(input, io) {
    const spec = input.positionals[0]!;
    const path = input.flags.text("config");
    const config = await configFor(path, input);
    const report = await reportOn(spec, config, path === undefined);
    if (input.flags.has("json")) printJson(io, report);
    else io.out(await textOf(report));
    return report.trainable ? EXIT.ok : EXIT.checkFailed;
  },
};

/** What the command prints, with `--json` as it is. */
interface Report {
  readonly spec: string;
  /** Absent when the plugin could not be loaded. */
  readonly metric?: Pick<Metric, "name" | "kind" | "summary" | "range" | "direction" | "needs">;
  /** The data that it was tried on. */
  readonly data?: { readonly name: string; readonly contexts: number; readonly cutoff: number };
  readonly trainable: boolean;
  readonly verdict: string;
  readonly checks: readonly CheckLine[];
  readonly measures?: TrainingMeasures;
}

async function configFor(path: string | undefined, input: CommandInput): Promise<BladeConfig> {
  const { checkConfig, loadConfig } = await import("../config/parse.ts");
  const plugins = input.flags.texts("plugin");
  const given = { plugins, ...isolationOf(input) };
  return path === undefined ? checkConfig({}, given) : await loadConfig(path, given);
}

/** Checks a metric, in this process or in its own. What was typed wrongly is thrown, as everywhere. */
async function reportOn(spec: string, config: BladeConfig, mayMakeUp: boolean): Promise<Report> {
  const opened = await openRegistry(spec, config);
  if ("outcome" in opened) return failed(spec, opened);
  await using registry = opened;
  const loaded = await loadedFrom(registry, spec);
  return "outcome" in loaded ? failed(spec, loaded) : await tried(loaded, config, mayMakeUp);
}

/** The registry with the plugin in question, or what the plugin lacks of the contract. */
async function openRegistry(spec: string, config: BladeConfig): Promise<MetricRegistry | CheckLine> {
  const { isModule, parseMetricSpec } = await import("../reward/metric_spec.ts");
  const { createRegistry } = await import("../reward/registry.ts");
  const { failure } = await import("../check/check_line.ts");
  const { name } = parseMetricSpec(spec);
  const modules = isModule(name) ? [...config.plugins, name] : config.plugins;
  await refuseMissing(modules);
  try {
    return await createRegistry(modules, config.reward);
  } catch (error) {
    return failure("contract", error);
  }
}

async function loadedFrom(registry: MetricRegistry, spec: string): Promise<LoadedMetric | CheckLine> {
  try {
    return await registry.load(spec);
  } catch (error) {
    if (error instanceof BladeError) throw error;
    const mend = "let range and uses be plain functions of the options";
    return { check: "contract", outcome: "FAIL", says: `setting its options throws ${String(error)}`, mend };
  }
}

async function refuseMissing(modules: readonly string[]): Promise<void> {
  const { fromFileUrl } = await import("@std/path");
  for (const module of modules) {
    if (/^(npm|jsr|https?):/.test(module)) continue;
    const path = module.startsWith("file:") ? fromFileUrl(module) : module;
    if ((await Deno.stat(path)).isFile) continue;
    throw new BladeError({ place: path, rule: "must be a file that holds a module", mend: "check the path" });
  }
}

function failed(spec: string, line: CheckLine): Report {
  const verdict = `must not be trained with: ${line.check}: ${line.says}`;
  return { spec, trainable: false, verdict, checks: [line] };
}

async function tried(loaded: LoadedMetric, config: BladeConfig, mayMakeUp: boolean): Promise<Report> {
  const { prepareMaterials } = await import("../config/materials.ts");
  const { checkMetric } = await import("../check/check_metric.ts");
  const { checkTypes } = await import("../check/types_check.ts");
  const { verdictOf } = await import("../check/verdict.ts");
  // The configuration's own metrics are not what is asked about.
  const materials = await prepareMaterials({
    ...config,
    plugins: [],
    reward: { ...config.reward, terms: [], constraints: [] },
    evaluate: { ...config.evaluate, metrics: [] },
  });
  const { cutoff, groupSize, batch } = config.align;
  const { contexts } = materials.align;
  const { name: dataName } = materials.dataset;
  const world: World = {
    name: dataName,
    contexts,
    signals: materials.signals(materials.align),
    cutoff,
    groupSize,
    batch,
    discount: config.target.discount,
  };
  const types = await checkTypes(loaded.source);
  const { lines, measures } = await checkMetric(loaded, world, { mayMakeUp });
  const { name, kind, summary, range, direction, needs } = loaded.metric;
  const away = loaded.judge === undefined ? "" : ", in a process of its own";
  const contract: CheckLine = {
    check: "contract",
    outcome: "ok",
    says: `version ${CONTRACT_VERSION}, ${kind}, ${direction}${away}: ${summary}`,
  };
  const checks = [types, contract, ...lines];
  const verdict = verdictOf(checks, measures);
  return {
    spec: loaded.spec,
    metric: { name, kind, summary, range, direction, needs },
    data: { name: dataName, contexts: contexts.length, cutoff },
    trainable: verdict.trainable,
    verdict: verdict.says,
    checks,
    ...(measures === undefined ? {} : { measures }),
  };
}

async function textOf({ spec, metric, data, verdict, checks }: Report): Promise<string> {
  const { TABLE_WIDTH, textTable } = await import("../report/table.ts");
  const rows = checks.flatMap(({ check, outcome, says, mend }) => [
    [check, outcome, says],
    ...(mend === undefined || outcome === "ok" ? [] : [["", "", `To mend: ${mend}`]]),
  ]);
  const header = ["check", "", "finds"];
  const table = textTable(header, rows, header.map(() => "left"), TABLE_WIDTH);
  const about = data === undefined
    ? ""
    : `, slates of ${data.cutoff} for the ${data.contexts} contexts of ${data.name}`;
  const title = metric === undefined ? spec : `${spec} (${metric.name})${about}`;
  return `${title}\n\n${table}\nVerdict: ${verdict}.\n`;
}
