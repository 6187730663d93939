import type { MetricSummary } from "../config/run_api.ts";
import { EXIT } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { specsOf } from "./config_flags.ts";
import { printJson } from "./io.ts";

/** `blade evaluate RUN`: metrics of a trained model's lists on its test split. */
export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "Metrics of a run's lists on its test split, with intervals.",
  positionals: ["RUN"],
  flags: [
    {
      name: "metrics",
      value: "SPEC,…",
      repeat: true,
      summary: "metrics; by default those of the run's configuration",
    },
    { name: "per-user", value: "F", summary: "write user,metric,value as CSV" },
    { name: "json", summary: "print one JSON document" },
  ],
  examples: [
    { line: "evaluate runs/quickstart-1", about: "the metrics of its configuration" },
    {
      line: "evaluate runs/quickstart-1 --metrics ndcg@5,ild@5 --json",
      about: "others, for a program to read",
    },
  ],
  async run(input, io) {
    const metrics = specsOf(input, "metrics");
    const perUserFile = input.flags.text("per-user");
    const { openRun } = await io.runApi();
    const run = await openRun(input.positionals[0]!);
    const evaluation = await run.evaluate({
      metrics: metrics ?? run.config.evaluate.metrics,
      perUser: perUserFile !== undefined,
    });
    if (perUserFile !== undefined) {
      const { writePerUser } = await import("../report/tables.ts");
      await writePerUser(perUserFile, evaluation.perUser);
    }
    if (input.flags.has("json")) printJson(io, { metrics: evaluation.metrics });
    else io.out(await metricsTable(evaluation.metrics));
    return EXIT.ok;
  },
};

async function metricsTable(metrics: Readonly<Record<string, MetricSummary>>): Promise<string> {
  const { textTable } = await import("../report/table.ts");
  const rows = Object.entries(metrics).map(([spec, { mean, interval95, contexts, undefined: without }]) => [
    spec,
    mean === null ? "–" : mean.toFixed(4),
    interval95 === null ? "–" : `[${interval95[0].toFixed(4)}, ${interval95[1].toFixed(4)}]`,
    String(contexts),
    String(without),
  ]);
  return textTable(["metric", "mean", "95 % interval", "users", "undefined"], rows);
}
