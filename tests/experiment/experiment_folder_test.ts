import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import {
  EXPERIMENT_FILES,
  keptExperiment,
  newExperimentFolder,
  settleExperiment,
} from "../../src/experiment/experiment_folder.ts";
import { temporaryFolder } from "../cli/_io.ts";
import { planIn, smallExperiment } from "./_experiments.ts";

Deno.test("the plan of an experiment is read back from its folder as it was", async () => {
  await using folder = await temporaryFolder();
  const plan = await planIn(folder.path, smallExperiment());
  const out = await newExperimentFolder(plan, `${folder.path}/out`);
  assertEquals(await keptExperiment(out), JSON.parse(JSON.stringify(plan)));
});

const DAMAGED: Readonly<Record<string, readonly [text: string | null, rule: string]>> = {
  "is not there": [null, "must be the folder of an experiment, with its experiment.json"],
  "is cut off": ['{ "schemaVersion": 1, "arms": [', "must have an experiment.json that is whole JSON"],
  "is empty": ["", "must have an experiment.json that is whole JSON"],
  "holds nothing": ["null", "must be an experiment of version 1"],
  "is of another version": ['{ "schemaVersion": 2 }', "must be an experiment of version 1"],
};

for (const [what, [text, rule]] of Object.entries(DAMAGED)) {
  Deno.test(`an experiment whose plan ${what} is not resumed`, async () => {
    await using folder = await temporaryFolder();
    if (text !== null) await Deno.writeTextFile(`${folder.path}/${EXPERIMENT_FILES.plan}`, text);
    await assertRejects(() => keptExperiment(folder.path), BladeError, `--resume ${folder.path}: ${rule}`);
  });
}

Deno.test("a folder in which an experiment died before its plan was whole is as good as new; what it left half is removed", async () => {
  await using folder = await temporaryFolder();
  const plan = await planIn(folder.path, smallExperiment());
  const out = `${folder.path}/out`;
  const half = ".experiment.json.0a1b2c3d.part";
  await Deno.mkdir(`${out}`);
  await Deno.writeTextFile(`${out}/${half}`, "{");
  await newExperimentFolder(plan, out);
  await assertRejects(() => newExperimentFolder(plan, out), BladeError, "must be a new or an empty folder");
  await Deno.mkdir(`${out}/cache/key`, { recursive: true });
  await Deno.writeTextFile(`${out}/cache/key/${half}`, "{");
  await Deno.writeTextFile(`${out}/cache/key/stage.safetensors`, "");
  await settleExperiment(out);
  const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  assertEquals([names(out), names(`${out}/cache/key`)], [["cache", "experiment.json"], [
    "stage.safetensors",
  ]]);
});
