import { csvLine } from "../report/tables.ts";
import { textTable } from "../report/table.ts";
import { signed } from "../report/results_table.ts";
import { GAUGES } from "./training_facts.ts";
import type { ExperimentRow, ExperimentTable } from "./table.ts";

/**
 * The table of an experiment for a terminal: per data set what the methods reach, metric by metric, then what that took.
 *
 * @param baseline the arm that the others are compared with
 */
export function experimentText({ rows, notes }: ExperimentTable, baseline: string): string {
  const parts = [...Map.groupBy(rows, ({ data }) => data)].map(([data, ofData]) => {
    const seeds = Math.max(...ofData.map(({ seeds }) => seeds.length));
    return `${data}, test: means over ${seeds} ${
      seeds === 1 ? "seed" : "seeds"
    } and all users; differences to ${baseline}
${resultsTable(ofData)}
${costTable(ofData)}`;
  });
  const about =
    "Intervals are 95 % bootstrap intervals over seeds and users, over seeds alone for metrics of all " +
    "lists together.\np is of the same bootstrap, corrected over all rows (Holm). best-of-n reads the labels: an oracle.\n" +
    (rows.some(({ slatesWorth }) => slatesWorth !== null)
      ? "worth: slates of the reference whose best, by the reward, is as good as one list of the method.\n"
      : "");
  return `${parts.join("\n")}\n${about}${notes.map((note) => `note: ${note}\n`).join("")}`;
}

function resultsTable(rows: readonly ExperimentRow[]): string {
  const cells = [...Map.groupBy(rows, ({ metric }) => metric)].flatMap(([metric, ofMetric]) =>
    ofMetric.map(({ method, mean, interval95, difference }, at) => [
      at === 0 ? metric : "",
      method,
      number(mean),
      interval(interval95, (bound) => bound.toFixed(4)),
      difference === undefined ? "" : signed(difference.mean),
      difference === undefined ? "" : interval(difference.interval95, signed),
      difference === undefined ? "" : number(difference.p),
    ])
  );
  const header = ["metric", "method", "mean", "interval", "difference", "interval", "p"];
  return textTable(header, cells, ["left", "left", "right", "right", "right", "right", "right"]);
}

/** A row a method: what training did to the reward and the signal, and what it took. */
function costTable(rows: readonly ExperimentRow[]): string {
  const methods = [...new Map(rows.map((row) => [row.method, row])).values()];
  const measured = rows.filter(({ slatesWorth }) => slatesWorth !== null);
  const worth = measured.length === 0
    ? null
    : new Map(measured.map(({ method, slatesWorth }) => [method, slatesWorth]));
  const short = (value: number | null, digits: number) => value === null ? "–" : value.toFixed(digits);
  const count = (value: number | null) => value === null ? "–" : Math.round(value).toLocaleString("en");
  return textTable(
    [
      "method",
      "validation",
      "train reward",
      "best-of-n",
      "signal first",
      "last",
      "KL",
      "entropy",
      "rollouts",
      "seconds",
      "parameters",
      ...worth ? ["worth"] : [],
    ],
    methods.map((row) => [
      row.method,
      short(row.validation, 4),
      short(row.trainReward, 4),
      short(row.bestOfN, 4),
      short(row.signalFirst, 3),
      short(row.signalLast, 3),
      short(row.gauges.klToReference.last, 2),
      short(row.gauges.entropy.last, 2),
      count(row.rollouts),
      short(row.seconds, 1),
      count(row.parametersUpdated),
      ...worth ? [short(worth.get(row.method) ?? null, 1)] : [],
    ]),
  );
}

function number(value: number | null): string {
  return value === null ? "–" : value.toFixed(4);
}

function interval(bounds: readonly [number, number] | null, shown: (bound: number) => string): string {
  return bounds === null ? "–" : `[${bounds.map(shown).join(", ")}]`;
}

const HEADER = [
  "method",
  "data",
  "metric",
  "split",
  "mean",
  "low",
  "high",
  "seeds",
  "difference",
  "difference_low",
  "difference_high",
  "p",
  "validation",
  "train_reward",
  "best_of_n",
  "rollouts",
  "seconds",
  "parameters_updated",
  "slates_worth",
  ...GAUGES.flatMap((name) => [`${name}_first`, `${name}_last`]),
];

/** The table as CSV, a line a row; empty cells where there is no value, seeds separated by `|`. */
export function experimentCsv({ rows }: ExperimentTable): string {
  return [HEADER, ...rows.map(cellsOf)].map(csvLine).join("");
}

function cellsOf(row: ExperimentRow): (string | number)[] {
  const { difference } = row;
  return [
    row.method,
    row.data,
    row.metric,
    row.split,
    row.mean ?? "",
    row.interval95?.[0] ?? "",
    row.interval95?.[1] ?? "",
    row.seeds.join("|"),
    difference?.mean ?? "",
    difference?.interval95?.[0] ?? "",
    difference?.interval95?.[1] ?? "",
    difference?.p ?? "",
    row.validation ?? "",
    row.trainReward ?? "",
    row.bestOfN ?? "",
    row.rollouts ?? "",
    row.seconds ?? "",
    row.parametersUpdated,
    row.slatesWorth ?? "",
    ...GAUGES.flatMap((name) => [row.gauges[name].first ?? "", row.gauges[name].last ?? ""]),
  ];
}
