import { assertEquals } from "@std/assert";
import { configJsonSchema } from "../../src/config/schema.ts";
import { loadConfig, parseConfig } from "../../src/config/parse.ts";
import { loadExperiment } from "../../src/experiment/plan.ts";
import { experimentJsonSchema } from "../../src/experiment/schema.ts";
import { METHODS } from "../../src/objective/methods.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Those that are experiments; all others are of one run. */
const EXPERIMENTS = [
  "ablations.jsonc",
  "accuracy-tuning.jsonc",
  "accuracy.jsonc",
  "autoregressive.jsonc",
  "claims.jsonc",
  "diversity.jsonc",
  "few-rollouts.jsonc",
  "signal.jsonc",
];

Deno.test("every file in configs/ is a configuration or an experiment", async () => {
  const names: string[] = [];
  for await (const entry of Deno.readDir(`${ROOT}configs`)) {
    if (EXPERIMENTS.includes(entry.name)) continue;
    const config = await loadConfig(`${ROOT}configs/${entry.name}`);
    assertEquals(config.$schema, "../docs/config.schema.json");
    names.push(entry.name);
  }
  assertEquals(names.sort(), [
    "ml-1m.jsonc",
    "ml-latest-small.jsonc",
    "movietweetings-100k.jsonc",
    "movietweetings-titles.jsonc",
    "quickstart.jsonc",
    "steam.jsonc",
    "titles.jsonc",
  ]);
});

Deno.test("the quickstart states the defaults, so that changing one there or in the schema shows here", async () => {
  const { $schema: _, ...quickstart } = await loadConfig(`${ROOT}configs/quickstart.jsonc`);
  assertEquals(quickstart, parseConfig("{}", { path: `${ROOT}configs/empty.jsonc` }));
});

Deno.test("docs/config.schema.json is what `config schema` prints", async () => {
  const committed = JSON.parse(await Deno.readTextFile(`${ROOT}docs/config.schema.json`));
  assertEquals(committed, JSON.parse(JSON.stringify(configJsonSchema())));
});

Deno.test("the experiments in configs/ are ready to run, with every configuration complete", async () => {
  for (const name of EXPERIMENTS) {
    const { cells, arms, seeds, data } = await loadExperiment(`${ROOT}configs/${name}`);
    assertEquals(cells.length, arms.length * seeds.length * data.length);
  }
});

Deno.test("configs/claims.jsonc has an arm for every method there is", async () => {
  const { cells } = await loadExperiment(`${ROOT}configs/claims.jsonc`);
  assertEquals(
    new Set(cells.map(({ config }) => config.align.method)),
    new Set(["sft", ...Object.keys(METHODS)]),
  );
});

Deno.test("docs/experiment.schema.json is what `config schema --experiment` prints", async () => {
  const committed = JSON.parse(await Deno.readTextFile(`${ROOT}docs/experiment.schema.json`));
  assertEquals(committed, JSON.parse(JSON.stringify(experimentJsonSchema())));
});
