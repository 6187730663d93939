import { EXIT } from "../core/errors.ts";
import type { DataInspection, SetInspection } from "../data/inspect.ts";
import type { Command } from "./command.ts";
import { CONFIG_FLAGS, configOf } from "./config_flags.ts";
import { printJson } from "./io.ts";

/** `blade data inspect CONFIG`: what a data set and its split hold. */
export const dataInspectCommand: Command = {
  name: "data inspect",
  summary: "What the data of a configuration hold, before and after the split.",
  positionals: ["CONFIG"],
  flags: [
    ...CONFIG_FLAGS.filter(({ name }) => name === "set"),
    { name: "json", summary: "print one JSON document" },
  ],
  examples: [
    { line: "data inspect configs/quickstart.jsonc", about: "the generated data" },
    {
      line: "data inspect configs/ml-1m.jsonc --set data.folder=../ml-1m --set data.kCore=10",
      about: "yours",
    },
  ],
  async run(input, io) {
    const { data } = await configOf(input);
    const { readDataset } = await import("../data/read_dataset.ts");
    const { splitDataset } = await import("../data/split.ts");
    const { inspectData } = await import("../data/inspect.ts");
    const dataset = await readDataset(data);
    const inspection = inspectData(dataset, splitDataset(dataset, data));
    if (input.flags.has("json")) printJson(io, inspection);
    else io.out(await shown(inspection));
    return EXIT.ok;
  },
};

async function shown(data: DataInspection): Promise<string> {
  const { textTable } = await import("../report/table.ts");
  const { format } = await import("@std/fmt/bytes");
  const count = (value: number) => value.toLocaleString("en");
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const stages = textTable(
    ["stage", "users", "items", "interactions"],
    data.stages.map((stage) => [
      stage.stage,
      count(stage.users),
      count(stage.items),
      count(stage.interactions),
    ]),
  );
  const held = (name: string, set: SetInspection) => [
    name,
    count(set.contexts),
    count(set.targets),
    count(set.targetsAlreadySeen),
    count(set.targetsNotInTrain),
    count(set.pastLength.median),
  ];
  const sets = textTable(
    ["part", "users", "targets", "seen before", "not in train", "median past"],
    [held("validation", data.validation), held("test", data.test)],
  );
  const quantiles = textTable(
    ["per", "min", "25 %", "median", "75 %", "90 %", "max"],
    ([["user", data.interactionsPerUser], ["item", data.interactionsPerItem]] as const).map(([name, row]) => [
      name,
      ...[row.min, row.p25, row.median, row.p75, row.p90, row.max].map(count),
    ]),
  );
  const { time, ratings, categories, train } = data;
  const day = (seconds: number) => new Date(1000 * seconds).toISOString().slice(0, 10);
  const facts: [string, string][] = [
    ["density", percent(data.density)],
    ["repeats", `${count(data.repeatedInteractions)} interactions with an item met before`],
    ["times", time === null ? "none" : `${day(time.first)} to ${day(time.last)}, ${count(time.ties)} ties`],
    [
      "ratings",
      ratings === null ? "none" : `${ratings.min} to ${ratings.max}, mean ${ratings.mean.toFixed(2)}`,
    ],
    [
      "train",
      `${count(train.users)} users, ${count(train.items)} items, ${count(train.interactions)} interactions`,
    ],
    [
      "popularity",
      `the top tenth of the items has ${percent(train.topTenthShare)}, Gini ${
        train.popularityGini.toFixed(3)
      }`,
    ],
    [
      "categories",
      `${count(categories.names)}, ${categories.perItem.toFixed(2)} per item, ${
        count(categories.itemsWithout)
      } items without`,
    ],
    [
      "largest",
      categories.largest.slice(0, 5).map(({ name, items }) => `${name} ${count(items)}`).join(", ") || "–",
    ],
    ["no title", `${count(data.itemsWithoutTitle)} items`],
    [
      "user groups",
      Object.entries(data.userGroups).map(([name, values]) => `${name} (${values})`).join(", ") || "none",
    ],
    ...data.warnings.map((warning): [string, string] => ["warning", warning]),
    ...data.files.map((file): [string, string] => ["file", `${file.path}, ${format(file.bytes)}`]),
  ];
  const factLines = facts.map(([name, value]) => `  ${name.padEnd(12)} ${value}\n`).join("");
  return `${data.name}\n${factLines}\n${stages}\nInteractions\n${quantiles}\nHeld out\n${sets}`;
}
