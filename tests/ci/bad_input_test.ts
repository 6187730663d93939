import { assertEquals } from "@std/assert";
import { assertRefused, blade, type Finished, temporaryFolder } from "./command_line.ts";

const QUICKSTART = "configs/quickstart.jsonc";

/** What is typed, and what the message must hold: place, rule, value, mend. */
interface Refusal {
  readonly name: string;
  readonly args: readonly string[];
  readonly says: readonly string[];
}

const TYPED: readonly Refusal[] = [
  { name: "an unknown command", args: ["trian"], says: ["trian", "is not a command", "did you mean train?"] },
  {
    name: "an unknown flag",
    args: ["train", QUICKSTART, "--ouf", "x"],
    says: ["--ouf", "is not a flag of `blade train`", "did you mean --out?"],
  },
  {
    name: "a flag without its value",
    args: ["train", QUICKSTART, "--out"],
    says: ["--out", "must have a value"],
  },
  {
    name: "a missing argument",
    args: ["data", "inspect"],
    says: ["blade data inspect", "must be given CONFIG"],
  },
  {
    name: "a seed that is no number",
    args: ["train", QUICKSTART, "--seed", "abc"],
    says: ["--seed", "must be a whole number", '"abc"'],
  },
  {
    name: "a device that does not exist",
    args: ["train", QUICKSTART, "--device", "gpu"],
    says: ["--device gpu", "must be one of auto, webgpu", '"gpu"'],
  },
  {
    name: "a missing configuration",
    args: ["train", "nosuch.jsonc"],
    says: ["nosuch.jsonc", "must be a configuration file", "no such file", "configs/quickstart.jsonc"],
  },
  {
    name: "a folder as configuration",
    args: ["train", "configs"],
    says: ["configs", "must be a file", "a folder"],
  },
  {
    name: "an unknown key by --set",
    args: ["train", QUICKSTART, "--set", "align.grupSize=4"],
    says: ["--set align.grupSize=4", "is not a known key", 'did you mean "align.groupSize"?'],
  },
  {
    name: "a value of the wrong type by --set",
    args: ["train", QUICKSTART, "--set", "align.groupSize=four"],
    says: ["--set align.groupSize=four", "must be a number", '"four"'],
  },
  {
    name: "a data folder that does not exist",
    args: ["data", "inspect", QUICKSTART, "--set", "data.folder=nowhere"],
    says: ["nowhere", "must exist", "check data.folder"],
  },
  {
    name: "an unknown metric",
    args: ["metrics", "show", "ndgc@10"],
    says: [
      'metric "ndgc@10"',
      "must be the name of a built-in metric",
      '"ndgc"',
      "did you mean ndcg?",
      "--plugin",
    ],
  },
  {
    name: "an unknown option",
    args: ["metrics", "show", "ndcg@10?gian=binary"],
    says: ["metric ndcg", "takes only the options it declares", '"gian"', "gain"],
  },
  {
    name: "an option outside its choices",
    args: ["metrics", "show", "ndcg@10?gain=quadratic"],
    says: ["metric ndcg: option gain", "must be one of linear", '"quadratic"'],
  },
  {
    name: "a cutoff of zero",
    args: ["metrics", "show", "ndcg@0"],
    says: ['metric "ndcg@0"', "must have a whole number from 1 on after @", '"0"'],
  },
  {
    name: "a run to resume that is none",
    args: ["train", "--resume", "fixtures"],
    says: ["--resume fixtures", "must be the folder of a run"],
  },
];

Deno.test("what was typed wrong is refused with place, rule, value and mend", async (t) => {
  for (const { name, args, says } of TYPED) {
    await t.step(name, async () => assertRefused(await blade(args), says));
  }
});

/** Inspects a table of the given lines, with `change` to its configuration. */
async function inspectTable(
  lines: readonly string[],
  change: Record<string, unknown> = {},
): Promise<Finished> {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/ratings.csv`, lines.join("\n") + "\n");
  const data = {
    reader: "table",
    folder: ".",
    interactions: "ratings.csv",
    columns: { user: "user", item: "item", rating: "rating", timestamp: "time" },
    kCore: 0,
    ...change,
  };
  await Deno.writeTextFile(`${folder.path}/table.jsonc`, JSON.stringify({ data }));
  return await blade(["data", "inspect", `${folder.path}/table.jsonc`]);
}

const HEADER = "user,item,rating,time";

Deno.test("data that cannot be read are refused with file, line, column and value", async (t) => {
  await t.step("a table that is good is not", async () => {
    const rows = ["a,x,5,1", "a,y,4,2", "a,z,3,3", "b,x,5,4", "b,y,2,5", "b,z,1,6"];
    assertEquals((await inspectTable([HEADER, ...rows])).code, 0);
  });
  await t.step("a missing column", async () => {
    assertRefused(await inspectTable(["user,movie,rating,time", "a,x,5,1"]), [
      "ratings.csv",
      "item",
      "movie",
    ]);
  });
  await t.step("a rating that is no number", async () => {
    assertRefused(await inspectTable([HEADER, "a,x,5,1", "a,y,good,2"]), [
      "ratings.csv:3",
      "rating",
      '"good"',
    ]);
  });
  await t.step("a time that is no number", async () => {
    assertRefused(await inspectTable([HEADER, "a,x,5,yesterday"]), ["ratings.csv:2", "time", '"yesterday"']);
  });
  await t.step("a row that is too short", async () => {
    assertRefused(await inspectTable([HEADER, "a,x,5,1", "a,y"]), ["ratings.csv:3"]);
  });
  await t.step("an empty file", async () => {
    assertRefused(await inspectTable([]), ["ratings.csv"]);
  });
  await t.step("users with one item each, which leaves nothing to hold out", async () => {
    assertRefused(await inspectTable([HEADER, "a,x,5,1", "b,y,5,2", "c,z,5,3"]), ["must"]);
  });
  await t.step("a core that nobody is in", async () => {
    assertRefused(await inspectTable([HEADER, "a,x,5,1", "a,y,5,2", "a,z,5,3"], { kCore: 5 }), ["kCore"]);
  });
  await t.step("a rating threshold that nobody reaches", async () => {
    const lines = [HEADER, "a,x,3,1", "a,y,3,2", "a,z,3,3"];
    assertRefused(await inspectTable(lines, { minRating: 5 }), ["minRating"]);
  });
});

Deno.test("a configuration that is wrong is refused with its file and the key", async (t) => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/mine.jsonc`;
  const refuse = async (name: string, text: string, says: readonly string[]) => {
    await t.step(name, async () => {
      await Deno.writeTextFile(path, text);
      assertRefused(await blade(["train", path]), ["mine.jsonc", ...says]);
    });
  };
  await refuse("not JSON", '{ "seed": 1,, }', [":1"]);
  await refuse("an unknown key", '{ "sft": {\n  "epoch": 3\n} }', [":2", "is not a known key", "sft.epochs"]);
  await refuse("a value out of its range", '{ "align": { "groupSize": 0 } }', ["align.groupSize", "got 0"]);
  await refuse("two settings that do not go together", '{ "model": { "heads": 3 } }', [
    "model.heads",
    "model.width",
  ]);
  await refuse("a reward without terms", '{ "reward": { "terms": [] } }', ["reward.terms"]);
});

Deno.test("a plugin that cannot be loaded is refused with its path", async (t) => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/mine.ts`;
  const refuse = async (name: string, text: string | null, says: readonly string[]) => {
    await t.step(name, async () => {
      if (text !== null) await Deno.writeTextFile(path, text);
      assertRefused(await blade(["metrics", "list", "--plugin", path, "--isolate", "never"]), [
        "mine",
        ...says,
      ]);
    });
  };
  const facts = 'name: "mine", summary: "s", kind: "list", range: [0, 1], direction: "maximize"';
  const define = (spec: string) =>
    `import { defineMetric } from "blade";\nexport default defineMetric({ ${spec} });\n`;
  await refuse("no such file", null, ["must"]);
  await refuse("not a module", "export default = 1 +;\n", ["must"]);
  await refuse("it throws when loaded", 'throw new Error("no licence");\n', ["no licence"]);
  await refuse("no default export", "export const metric = 1;\n", ["default"]);
  await refuse("a default export of another kind", "export default { score: () => 1 };\n", ["defineMetric"]);
  await refuse("a signal that does not exist", define(`${facts}, needs: ["labels"], score: () => 1`), [
    "labels",
  ]);
  await refuse("nothing that scores", define(`${facts}, needs: []`), ["score"]);
  await refuse(
    "an unknown kind",
    define(`${facts.replace('"list"', '"lists"')}, needs: [], score: () => 1`),
    ["kind"],
  );
});
