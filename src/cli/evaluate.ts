import type { MetricSummary } from "../config/run_api.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { PerUserRow } from "../report/tables.ts";
import type { Command, CommandInput } from "./command.ts";
import { specsOf } from "./config_flags.ts";
import { type Io, printJson } from "./io.ts";
import { LIST_FLAGS, readListInput, refuseListFlags, TABLES_IN_WORDS } from "./list_flags.ts";

/** `blade evaluate RUN` and `blade evaluate --lists F`: metrics of a run's lists, or of any system's. */
export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "Metrics with intervals, of a run's lists on its test split or of any system's from files.",
  positionals: ["RUN?"],
  flags: [
    { name: "lists", value: "F", summary: "lists of any system instead of a run: user,item,rank[,score]" },
    ...LIST_FLAGS,
    {
      name: "metrics",
      value: "SPEC,…",
      repeat: true,
      summary: "metrics; for a run by default those of its configuration",
    },
    { name: "per-user", value: "F", summary: "write user,metric,value as CSV" },
    { name: "json", summary: "print one JSON document" },
  ],
  details: TABLES_IN_WORDS,
  examples: [
    { line: "evaluate runs/quickstart-1", about: "the metrics of its configuration" },
    {
      line: "evaluate runs/quickstart-1 --metrics ndcg@5,ild@5 --json",
      about: "others, for a program to read",
    },
    {
      line: "evaluate --lists l.csv --relevant r.csv --items i.csv --metrics ndcg@10,ild",
      about: "any system's lists",
    },
  ],
  async run(input, io) {
    const lists = input.flags.text("lists");
    if ((lists === undefined) === (input.positionals[0] === undefined)) throw oneOfBoth(input);
    const { metrics, notes, perUser } = lists === undefined
      ? await evaluateRun(input, io)
      : await evaluateFiles(input, io, lists);
    const perUserFile = input.flags.text("per-user");
    if (perUserFile !== undefined) {
      const { writePerUser } = await import("../report/tables.ts");
      await writePerUser(perUserFile, perUser);
    }
    if (input.flags.has("json")) printJson(io, { metrics, ...(notes === undefined ? {} : { notes }) });
    else io.out(await metricsTable(metrics));
    return EXIT.ok;
  },
};

/** What there is to print. */
interface Evaluated {
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly notes?: object;
  readonly perUser: Iterable<PerUserRow>;
}

async function evaluateRun(input: CommandInput, io: Io): Promise<Evaluated> {
  refuseListFlags(input, LIST_FLAGS.map(({ name }) => name));
  const metrics = specsOf(input, "metrics");
  const { openRun } = await io.runApi();
  const run = await openRun(input.positionals[0]!);
  return await run.evaluate({
    metrics: metrics ?? run.config.evaluate.metrics,
    perUser: input.flags.has("per-user"),
  });
}

async function evaluateFiles(input: CommandInput, io: Io, path: string): Promise<Evaluated> {
  const { columns, metrics } = await readListInput(input, io, [path]);
  const { measureLists, perUserRows, summarizeLists } = await import("../evaluate/measure_lists.ts");
  const { notesInWords } = await import("../evaluate/list_notes.ts");
  const [measured] = await measureLists(columns, metrics);
  const { values, notes } = measured!;
  const summaries = summarizeLists(values, columns.contexts);
  for (const note of notesInWords(notes)) io.err(`note: ${note}\n`);
  return {
    metrics: Object.fromEntries(values.map(({ metric }, at) => [metric.spec, summaries[at]!])),
    notes,
    perUser: perUserRows(values, columns.users),
  };
}

function oneOfBoth({ positionals, flags }: CommandInput): BladeError {
  const given = flags.has("lists") ? { value: `${positionals[0]} --lists ${flags.text("lists")}` } : {};
  return new BladeError({
    place: "blade evaluate",
    rule: "must be given either a RUN or --lists F",
    ...given,
    mend:
      "for instance: blade evaluate runs/quickstart-1, or blade evaluate --lists lists.csv --metrics coverage@10",
  });
}

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
