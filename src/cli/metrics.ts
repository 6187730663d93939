import { EXIT } from "../core/errors.ts";
import type { MetricDescription } from "../reward/registry.ts";
import type { Command, CommandInput } from "./command.ts";
import type { FlagSpec } from "./flags.ts";
import { printJson } from "./io.ts";
import { ISOLATE_FLAG, isolationOf } from "./isolate_flag.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "plugin", value: "SPEC", repeat: true, summary: "load a metric: a path, or file:, npm: or https:" },
  ISOLATE_FLAG,
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
    await using registry = await registryOf(input);
    const metrics = await registry.list();
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
  summary: "One metric: formula, range, options, what it needs, and whose values it equals.",
  positionals: ["SPEC"],
  flags: FLAGS,
  details: "A spec is name@cutoff?option=value&option=value; without @ the whole list counts.",
  examples: [
    { line: "metrics show ndcg@10", about: "what it computes" },
    { line: "metrics show 'ndcg@10?gain=binary' --json", about: "with an option, for a program to read" },
  ],
  async run(input, io) {
    await using registry = await registryOf(input);
    const description = await registry.describe(input.positionals[0]!);
    if (input.flags.has("json")) printJson(io, description);
    else io.out(await shown(description));
    return EXIT.ok;
  },
};

async function registryOf(input: CommandInput) {
  const { createRegistry } = await import("../reward/registry.ts");
  return await createRegistry(input.flags.texts("plugin"), isolationOf(input));
}

async function shown(metric: MetricDescription): Promise<string> {
  const { TABLE_WIDTH, textTable } = await import("../report/table.ts");
  const facts: (readonly [name: string, value: string])[] = [
    ["formula", metric.formula ?? ""],
    [
      "kind",
      metric.kind === "list" ? "list: one value a list" : "population: one value for many lists together",
    ],
    ["range", `${bounds(metric.range)}, ${metric.direction}`],
    ["needs", metric.needs.join(", ") || "nothing but the list"],
    ["source", metric.definedIn ?? ""],
    ...(metric.equals ?? []).map((peer, row) => [row === 0 ? "equals" : "", peer] as const),
    ["from", metric.source.specifier],
  ];
  const factLines = facts.filter(([, value]) => value !== "").map(([name, value]) =>
    hanging(`  ${name.padEnd(8)} `, value, TABLE_WIDTH)
  );
  const options = metric.options.map((option) => [
    option.name,
    option.default === undefined ? "–" : JSON.stringify(option.default),
    option.choices?.join(", ") ?? (option.bounds === undefined ? "" : bounds(option.bounds)),
  ]);
  const optionTable = options.length === 0
    ? ""
    : "\n" + textTable(["option", "default", "takes"], options, ["left", "left", "left"], TABLE_WIDTH);
  return hanging(`${metric.name}: `, metric.summary, TABLE_WIDTH) + factLines.join("") + optionTable;
}

function bounds([least, greatest]: readonly [number, number]): string {
  const bound = (value: number) => Number.isFinite(value) ? String(value) : value < 0 ? "−∞" : "∞";
  return `${bound(least)} to ${bound(greatest)}`;
}

/** A text after its label, broken between words; further lines begin where the first one's text does. */
function hanging(label: string, text: string, width: number): string {
  const lines = [label];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1]!;
    const isFirst = line.length === label.length;
    if (!isFirst && line.length + 1 + word.length > width) lines.push(" ".repeat(label.length) + word);
    else lines[lines.length - 1] = isFirst ? line + word : `${line} ${word}`;
  }
  return lines.join("\n") + "\n";
}
