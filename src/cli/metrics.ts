import { EXIT } from "../core/errors.ts";
import type { MetricDescription } from "../reward/registry.ts";
import type { Command, CommandInput } from "./command.ts";
import type { FlagSpec } from "./flags.ts";
import { printJson } from "./io.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "plugin", value: "SPEC", repeat: true, summary: "load a metric: a path, or file:, npm: or https:" },
  { name: "json", summary: "print one JSON document; null stands for no bound" },
];

/** `blade metrics list`: every metric that a reward or an evaluation can name. */
export const metricsListCommand: Command = {
  name: "metrics list",
  summary: "Every metric, built in or of a plugin, with what it needs.",
  positionals: [],
  flags: FLAGS,
  examples: [
    { line: "metrics list", about: "the built-in metrics" },
    { line: "metrics list --plugin ./my_metric.ts", about: "with one of your own" },
  ],
  async run(input, io) {
    const metrics = await (await registryOf(input)).list();
    if (input.flags.has("json")) {
      printJson(io, metrics);
      return EXIT.ok;
    }
    const { TABLE_WIDTH, textTable } = await import("../report/table.ts");
    const header = ["metric", "kind", "needs", "summary"];
    const rows = metrics.map(({ name, kind, needs, summary }) => [
      name,
      kind,
      needs.join(", ") || "–",
      summary,
    ]);
    io.out(textTable(header, rows, header.map(() => "left"), TABLE_WIDTH));
    return EXIT.ok;
  },
};

/** `blade metrics show SPEC`: one metric with its options. */
export const metricsShowCommand: Command = {
  name: "metrics show",
  summary: "One metric: formula, range, options, what it needs.",
  positionals: ["SPEC"],
  flags: FLAGS,
  details: "A spec is name@cutoff?option=value&option=value; without @ the whole list counts.",
  examples: [
    { line: "metrics show ndcg@10", about: "what it computes" },
    { line: "metrics show 'ndcg@10?gain=binary' --json", about: "with an option, for a program to read" },
  ],
  async run(input, io) {
    const description = await (await registryOf(input)).describe(input.positionals[0]!);
    if (input.flags.has("json")) printJson(io, description);
    else io.out(await shown(description));
    return EXIT.ok;
  },
};

async function registryOf(input: CommandInput) {
  const { createRegistry } = await import("../reward/registry.ts");
  return await createRegistry(input.flags.texts("plugin"));
}

async function shown(metric: MetricDescription): Promise<string> {
  const { textTable } = await import("../report/table.ts");
  const bound = (value: number) => Number.isFinite(value) ? String(value) : value < 0 ? "−∞" : "∞";
  const facts: string[][] = [
    ...(metric.formula === undefined ? [] : [["formula", metric.formula]]),
    [
      "kind",
      metric.kind === "list" ? "list: one value a list" : "population: one value for many lists together",
    ],
    ["range", `${bound(metric.range[0])} to ${bound(metric.range[1])}, ${metric.direction}`],
    ["needs", metric.needs.join(", ") || "nothing but the list"],
    ["from", metric.source.specifier],
  ];
  const options = metric.options.map((option) => [
    option.name,
    option.default === undefined ? "–" : JSON.stringify(option.default),
    option.choices?.join(", ") ?? "",
  ]);
  const factLines = facts.map(([name, value]) => `  ${name!.padEnd(8)} ${value}\n`).join("");
  const optionTable = options.length === 0
    ? ""
    : "\n" + textTable(["option", "default", "choices"], options, ["left", "left", "left"]);
  return `${metric.name}: ${metric.summary}\n${factLines}${optionTable}`;
}
