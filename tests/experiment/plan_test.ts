import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { loadExperiment, planExperiment } from "../../src/experiment/plan.ts";
import { temporaryFolder } from "../cli/_io.ts";

const FILE = `{
  "base": { "name": "base", "data": { "folder": "ratings" } },
  "data": [
    { "name": "small", "set": { "data.maxHistory": 5 } },
    { "name": "large", "set": { "data.folder": "more" } }
  ],
  "seeds": [3, 4],
  "arms": [
    { "name": "blade", "set": { "align.groupSize": 2 } },
    { "name": "none", "set": { "align.method": "sft" } }
  ],
  "metrics": ["mrr@5"]
}`;

Deno.test("planExperiment() makes a complete configuration for each arm, data set and seed", async () => {
  const { cells, arms, data, seeds, baseline, parallel } = await planExperiment(FILE, "some/where/two.jsonc");
  assertEquals([arms, data, seeds, baseline, parallel], [
    ["blade", "none"],
    ["small", "large"],
    [3, 4],
    "blade",
    1,
  ]);
  assertEquals(
    cells.map(({ arm, data, seed }) => `${arm} ${data} ${seed}`),
    [
      "blade small 3",
      "none small 3",
      "blade small 4",
      "none small 4",
      "blade large 3",
      "none large 3",
      "blade large 4",
      "none large 4",
    ],
  );
  const { config, folder } = cells[6]!;
  assertEquals(folder, "cells/blade-large-4");
  assertEquals([config.seed, config.align.groupSize, config.align.cutoff], [4, 2, 10]);
  assertEquals(config.evaluate.metrics, ["mrr@5"]);
});

Deno.test("what is set for every run changes the base, and --set, data sets and arms change it again", async () => {
  const set = '"set": { "align.epochs": 7, "align.groupSize": 9, "align.cutoff": 3, "data.maxHistory": 8 },';
  const text = FILE.replace('"seeds"', `${set} "seeds"`);
  const { cells } = await planExperiment(text, "two.jsonc", ["align.cutoff=4"]);
  const { align, data } = cells[0]!.config;
  assertEquals([align.epochs, align.groupSize, align.cutoff, data.maxHistory], [7, 2, 4, 5]);
  assertEquals(cells[6]!.config.data.maxHistory, 8);
  const wrong = (of: string) =>
    planExperiment(FILE.replace('"seeds"', `"set": { ${of} }, "seeds"`), "two.jsonc");
  await assertRejects(() => wrong('"seed": 3'), BladeError, "two.jsonc:7: set: must not set the seed");
  await assertRejects(
    () => wrong('"align.epochs": -1'),
    BladeError,
    "two.jsonc:7: every run: align.epochs: must be",
  );
});

Deno.test("relative paths of the base and of a set start at the experiment's file", async () => {
  const { cells } = await planExperiment(FILE, "some/where/two.jsonc");
  assertEquals(cells[0]!.config.data.folder, `${Deno.cwd()}/some/where/ratings`);
  assertEquals(cells[4]!.config.data.folder, `${Deno.cwd()}/some/where/more`);
});

Deno.test("a base in a file of its own keeps the paths that start there, and --set changes it", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/configs`);
  await Deno.writeTextFile(`${folder.path}/configs/base.jsonc`, '{ "data": { "folder": "ratings" } }');
  const text = '{ "base": "configs/base.jsonc", "seeds": [1], "arms": [{ "name": "blade" }] }';
  await Deno.writeTextFile(`${folder.path}/one.jsonc`, text);
  const { name, cells } = await loadExperiment(`${folder.path}/one.jsonc`, ["align.epochs=3"]);
  assertEquals([name, cells[0]!.config.align.epochs], ["one", 3]);
  assertEquals(cells[0]!.config.data.folder, `${folder.path}/configs/ratings`);
});

Deno.test("what an arm sets wins over data set and base, and the grid over the arm", async () => {
  const { cells } = await planExperiment(
    `{
      "base": { "align": { "epochs": 1, "cutoff": 4, "groupSize": 3 } },
      "data": [{ "name": "a", "set": { "align.epochs": 2, "align.cutoff": 5 } }],
      "seeds": [1],
      "arms": [{ "name": "x", "set": { "align.cutoff": 6, "align.batch": 8 } }],
      "grid": { "align.batch": [16] }
    }`,
    "e.jsonc",
  );
  const { epochs, cutoff, groupSize, batch } = cells[0]!.config.align;
  assertEquals([epochs, cutoff, groupSize, batch], [2, 6, 3, 16]);
});

Deno.test("the baseline is the first arm of method blade, else the first, else the one that is named", async () => {
  const of = async (rest: string) =>
    (await planExperiment(`{ "base": {}, "seeds": [1], ${rest} }`, "e.jsonc")).baseline;
  const none = '{ "name": "none", "set": { "align.method": "sft" } }';
  assertEquals(await of(`"arms": [${none}, { "name": "b" }, { "name": "c" }]`), "b");
  assertEquals(await of(`"arms": [${none}]`), "none");
  assertEquals(await of(`"arms": [{ "name": "b" }, ${none}], "baseline": "none"`), "none");
  const grid = '"grid": { "target.n": [2, 3] }';
  assertEquals(await of(`"arms": [${none}, { "name": "b" }], "baseline": "b", ${grid}`), "b target.n=2");
});

Deno.test("folders of names that no file system takes are safe, and no two are alike", async () => {
  const { cells } = await planExperiment(
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a: b" }, { "name": "a_ b" }, { "name": "ärm" }] }',
    "e.jsonc",
  );
  assertEquals(cells.map(({ folder }) => folder), [
    "cells/a_b-quickstart-1",
    "cells/a__b-quickstart-1",
    "cells/ärm-quickstart-1",
  ]);
});

/** What is wrong, and all that the message has to tell: place, rule, value, mend. */
const REFUSED: readonly (readonly [string, readonly string[]])[] = [
  ['{ "seeds": [1], "arms": [{ "name": "a" }] }', ["e.jsonc:1: base", "must be"]],
  [
    '{\n"base": {}, "seeds": [1],\n"arms": [{ "name": "a", "set": { "align.groupSize": 0 } }]\n}',
    ['e.jsonc:3: arm "a": align.groupSize', "must be at least 1", "got 0", "To mend"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "align.groupsize": 2 } }] }',
    ['arm "a": align.groupsize', "is not a known key", 'did you mean "align.groupSize"?'],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "align.method": "blabe" } }] }',
    ['arm "a": align.method', "must be one of", '"blabe"', 'did you mean "blade"?'],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "model.width": 63 } }] }',
    ['e.jsonc:1: arm "a"', "model.heads", "must divide model.width"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "seed.x": 1 } }] }',
    ['arm "a"', "must not go below seed"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "seed": 2 } }] }',
    ['arm "a"', "must not set the seed", "list the seeds in `seeds`"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "align..epochs": 2 } }] }',
    ['arm "a"', "must be a configuration path", '"align..epochs"'],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a", "set": { "data.kCore": 2 } }] }',
    ['arm "a"', "must leave the data alone", '"data.kCore"', "make it an entry of `data`"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }], "grid": { "align.cutoff": [3, 0] } }',
    ['arm "a align.cutoff=0": align.cutoff', "must be at least 1"],
  ],
  [
    '{ "base": { "align": { "cutof": 3 } }, "seeds": [1], "arms": [{ "name": "a" }] }',
    ['e.jsonc:1: arm "a": align.cutof', 'did you mean "align.cutoff"?'],
  ],
  [
    '{ "base": {}, "data": [{ "name": "d", "set": { "data.split": "x" } }], "seeds": [1], "arms": [{ "name": "a" }] }',
    ['data "d": data.split', "must be one of"],
  ],
  ['{ "base": "none.jsonc", "seeds": [1], "arms": [{ "name": "a" }] }', ["e.jsonc:1: base", "none.jsonc"]],
  ['{ "base": {}, "seeds": [], "arms": [{ "name": "a" }] }', ["seeds", "must have at least 1 entry"]],
  ['{ "base": {}, "seeds": [1, 1], "arms": [{ "name": "a" }] }', ["seeds.1", "must stand once"]],
  ['{ "base": {}, "seeds": [1], "arms": [] }', ["arms", "must have at least 1 entry"]],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }, { "name": "a" }] }',
    ["arms.1.name", "must be another than those before it"],
  ],
  ['{ "base": {}, "seeds": [1], "arms": [{ "name": "../a" }] }', ["arms.0.name", "without slashes"]],
  ['{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }], "sedes": [2] }', [
    "sedes",
    'did you mean "seeds"?',
  ]],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }], "baseline": "b" }',
    ["baseline", "must be the name of an arm", '"b"', "take one of a"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }], "halving": { "rungs": [4, 2] } }',
    ["halving.rungs.1", "must be more than the one before it"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }], "random": { "trials": 2, "align.batch": { "min": 3, "max": 1 } } }',
    ["random.align.batch", "must have min at most max"],
  ],
  [
    '{ "base": {}, "seeds": [1], "arms": [{ "name": "a" }], "random": { "trials": 2, "align.batch": 3 } }',
    ["random.align.batch", "must be a range"],
  ],
];

for (const [text, parts] of REFUSED) {
  Deno.test(`planExperiment() refuses ${text.replace(/\s+/g, " ").slice(0, 110)}`, async () => {
    const { message } = await assertRejects(() => planExperiment(text, "e.jsonc"), BladeError);
    for (const part of [...parts, "To mend: "]) {
      assertEquals(message.includes(part), true, `${JSON.stringify(part)} is not in: ${message}`);
    }
  });
}
