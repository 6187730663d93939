import { BladeError, EXIT } from "../core/errors.ts";
import type {
  ComparedMetric,
  PairedComparison,
  SystemsComparison,
  SystemValues,
} from "../evaluate/compare_systems.ts";
import type { ListNotes } from "../evaluate/list_notes.ts";
import type { Command, CommandInput } from "./command.ts";
import { specsOf } from "./config_flags.ts";
import { type Io, printJson } from "./io.ts";
import { LIST_FLAGS, readListInput, refuseListFlags, TABLES_IN_WORDS } from "./list_flags.ts";

/** `blade compare RUN RUN…` and `blade compare --lists A --lists B`: systems side by side, with paired tests. */
export const compareCommand: Command = {
  name: "compare",
  summary: "Runs or lists side by side: paired tests against the first, effects with intervals.",
  positionals: ["RUN…?"],
  flags: [
    {
      name: "lists",
      value: "F",
      repeat: true,
      summary: "lists of a system instead of a run, once per system",
    },
    ...LIST_FLAGS,
    {
      name: "metrics",
      value: "SPEC,…",
      repeat: true,
      summary: "metrics; for runs by default those they share",
    },
    { name: "system", value: "NAME", summary: "which system of each run; by default aligned" },
    { name: "resamples", value: "N", summary: "of the bootstrap; by default 1000" },
    { name: "flips", value: "N", summary: "of the randomisation test; by default 10000" },
    { name: "seed", value: "N", summary: "of both; by default 1" },
    {
      name: "fail-on-regression",
      summary: "exit with 1 when the first is better on some metric, Holm p < 0.05",
    },
    { name: "json", summary: "print one JSON document" },
  ],
  details: `Every system is compared with the first, on each metric over the users that both have a value for.
p boot is the paired bootstrap's p-value, p rand the paired randomisation test's, Holm the latter
corrected over all metrics and systems shown. Metrics of all lists together have values and no test.
Without --items the catalog is every item that any of the tables names.

${TABLES_IN_WORDS}`,
  examples: [
    { line: "compare runs/quickstart-1 runs/quickstart-2", about: "the aligned models of two runs" },
    {
      line: "compare --lists a.csv --lists b.csv --relevant r.csv --metrics mrr,ndcg@10",
      about: "the lists of any two systems",
    },
    {
      line: "compare runs/before runs/after --fail-on-regression",
      about: "for continuous integration: exit code 1 where the run after is worse",
    },
  ],
  async run(input, io) {
    const { flags, positionals } = input;
    const resamples = flags.whole("resamples", 100);
    const flips = flags.whole("flips", 100);
    const seed = flags.whole("seed", 0) ?? 1;
    const lists = flags.texts("lists");
    const given = lists.length > 0 ? lists : positionals;
    if (given.length < 2 || lists.length > 0 && positionals.length > 0) throw tooFew(input);
    const { metrics, systems, notes } = lists.length > 0
      ? await systemsOfLists(input, io, lists)
      : await systemsOfRuns(input, io);
    const { compareSystems } = await import("../evaluate/compare_systems.ts");
    const { randomKey } = await import("../numerics/random.ts");
    const comparison = compareSystems(metrics, systems, {
      key: randomKey(seed).split("compare"),
      ...(resamples === undefined ? {} : { resamples }),
      ...(flips === undefined ? {} : { flips }),
    });
    for (const note of leftOut(comparison)) io.err(`note: ${note}\n`);
    if (flags.has("json")) printJson(io, { ...comparison, ...(notes === undefined ? {} : { notes }) });
    else io.out(await tables(comparison));
    return flags.has("fail-on-regression") ? judged(comparison, io) : EXIT.ok;
  },
};

/** What is compared. */
interface Compared {
  readonly metrics: readonly ComparedMetric[];
  readonly systems: readonly SystemValues[];
  /** By system, for lists. */
  readonly notes?: readonly ({ readonly system: string } & ListNotes)[];
}

async function systemsOfLists(input: CommandInput, io: Io, lists: readonly string[]): Promise<Compared> {
  if (input.flags.has("system")) {
    const mend = "leave it out: a file of lists is one system";
    throw new BladeError({ place: "--system", rule: "must come with runs", mend });
  }
  const { columns, metrics } = await readListInput(input, io, lists);
  const { measureLists } = await import("../evaluate/measure_lists.ts");
  const { notesInWords } = await import("../evaluate/list_notes.ts");
  const measured = await measureLists(columns, metrics);
  measured.forEach(({ notes }, at) => {
    for (const note of notesInWords(notes)) io.err(`note: ${lists[at]}: ${note}\n`);
  });
  return {
    metrics: metrics.map(({ spec, metric: { direction } }) => ({ spec, direction })),
    systems: measured.map(({ values }, at) => ({
      system: lists[at]!,
      values: values.map(({ perUser, whole = null }) => perUser ?? whole),
    })),
    notes: measured.map(({ notes }, at) => ({ system: lists[at]!, ...notes })),
  };
}

async function systemsOfRuns(input: CommandInput, io: Io): Promise<Compared> {
  refuseListFlags(input, LIST_FLAGS.map(({ name }) => name));
  const { readRunValues } = await import("../evaluate/run_values.ts");
  const { createRegistry } = await import("../reward/registry.ts");
  const system = input.flags.text("system") ?? "aligned";
  const { specs, systems, plugins, notes } = await readRunValues(
    input.positionals,
    system,
    specsOf(input, "metrics"),
  );
  for (const note of notes) io.err(`note: ${note}\n`);
  await using registry = await createRegistry(plugins);
  const directionOf = async (spec: string) =>
    spec === "reward" ? "maximize" : (await registry.load(spec)).metric.direction;
  return {
    metrics: await Promise.all(specs.map(async (spec) => ({ spec, direction: await directionOf(spec) }))),
    systems,
  };
}

function tooFew({ positionals, flags }: CommandInput): BladeError {
  const given = [...positionals, ...flags.texts("lists").map((path) => `--lists ${path}`)];
  return new BladeError({
    place: "blade compare",
    rule: "must be given two or more, either RUNs or --lists",
    ...(given.length === 0 ? {} : { value: given.join(" ") }),
    mend:
      "for instance: blade compare runs/a runs/b, or blade compare --lists a.csv --lists b.csv --metrics ild@10",
  });
}

/** Users without a value in one of the two, in words; metrics that leave out as many stand together. */
function leftOut({ paired }: SystemsComparison): string[] {
  const specs = new Map<string, string[]>();
  for (const { metric, system, against, withoutFirst, withoutSystem } of paired) {
    if (withoutFirst + withoutSystem === 0) continue;
    const words =
      `users without a value, ${withoutFirst} in ${against} and ${withoutSystem} in ${system}, are left out of`;
    specs.set(words, [...specs.get(words) ?? [], metric]);
  }
  return Array.from(specs, ([words, metrics]) => `${words} ${metrics.join(", ")}`);
}

async function tables({ systems, paired, whole }: SystemsComparison): Promise<string> {
  const { textTable } = await import("../report/table.ts");
  const { signed } = await import("../report/results_table.ts");
  const number = (value: number | null) => value === null ? "–" : value.toFixed(4);
  const [first, ...others] = systems;
  const parts = others.map((system) => {
    const rows = paired.filter((pair) => pair.system === system).map((pair) => [
      pair.metric,
      String(pair.users),
      number(pair.meanOfFirst),
      number(pair.mean),
      pair.difference === null ? "–" : signed(pair.difference),
      pair.interval95 === null ? "–" : `[${pair.interval95.map(signed).join(", ")}]`,
      number(pair.p.bootstrap),
      number(pair.p.randomisation),
      number(pair.holm.randomisation),
      pair.verdict === "not told apart" ? "" : pair.verdict,
    ]);
    if (rows.length === 0) return "";
    const header = [
      "metric",
      "users",
      "first",
      "this",
      "diff.",
      "95 % interval",
      "p boot",
      "p rand",
      "Holm",
      "",
    ];
    return `${system} against ${first}\n${textTable(header, rows)}\n`;
  });
  const specs = [...new Set(whole.map(({ metric }) => metric))];
  const values = specs.length === 0 ? "" : `Of all lists together, without a test\n${
    textTable(
      ["system", ...specs],
      systems.map((system, at) => [
        system,
        ...specs.map((spec) => number(whole.filter(({ metric }) => metric === spec)[at]!.value)),
      ]),
    )
  }`;
  return parts.join("") + values;
}

function judged({ paired }: SystemsComparison, io: Io): number {
  const worse = paired.filter(({ verdict }) => verdict === "worse");
  for (const pair of worse) io.err(regression(pair));
  return worse.length > 0 ? EXIT.checkFailed : EXIT.ok;
}

function regression({ metric, system, against, difference, holm }: PairedComparison): string {
  const by = `${difference! > 0 ? "+" : ""}${difference!.toPrecision(3)}`;
  return `regression: ${system} is worse than ${against} on ${metric} (${by}, Holm p ${
    holm.randomisation!.toPrecision(2)
  })\n`;
}
