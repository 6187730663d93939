import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { readCheckedRun } from "../../src/config/checked_run.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { inFolder } from "../data/_folder.ts";
import { manifestOf } from "./_manifest.ts";

const MANIFEST = JSON.parse(JSON.stringify(manifestOf()));
const [first] = MANIFEST.results;
const artifact = (path: string) => ({ artifacts: [{ ...MANIFEST.artifacts[0], path }] });

Deno.test("a manifest is read as it was written", async () => {
  await inFolder({ "manifest.json": JSON.stringify(MANIFEST) }, async (folder) => {
    assertEquals(await readManifest(folder), MANIFEST);
    assertEquals((await readCheckedRun(folder)).results, MANIFEST.results);
  });
});

Deno.test.each<[string, object, string]>([
  [
    "a mean that is a text",
    { results: [first, { ...first, mean: "0.2" }] },
    "results.1.mean: must be as blade writes it",
  ],
  ["an interval of one number", { results: [{ ...first, interval95: [0.1] }] }, "results.0.interval95"],
  ["contexts below zero", { results: [{ ...first, contexts: -1 }] }, "results.0.contexts"],
  ["results that are none", { results: [null] }, "results.0"],
  ["a time that is none", { startedAt: "yesterday" }, "startedAt"],
  ["a duration that no date has", { durationMs: 1e300 }, "durationMs"],
  [
    "a hash that is none",
    { data: [{ ...MANIFEST.data[0], sha256: "../x" }] },
    "data.0.sha256: must be as blade writes it (must be a SHA-256)",
  ],
  ["a configuration without terms", { config: { ...MANIFEST.config, reward: {} } }, "config.reward.terms"],
  [
    "a file above the folder",
    artifact("../../etc/passwd"),
    "artifacts.0.path: must be as blade writes it (must be a path inside",
  ],
  ["a file above the folder by another slash", artifact("a\\..\\..\\b"), "artifacts.0.path"],
  ["a file from the root", artifact("/etc/passwd"), "artifacts.0.path"],
  ["a file of another disk", artifact("C:\\x"), "artifacts.0.path"],
  ["a file without a name", artifact(""), "artifacts.0.path"],
])("a manifest with %s is refused by its path", async (_what, change, says) => {
  await inFolder({ "manifest.json": JSON.stringify({ ...MANIFEST, ...change }) }, async (folder) => {
    await assertRejects(() => readManifest(folder), BladeError, `${folder}/manifest.json: ${says}`);
  });
});

Deno.test("who opens the model of a run has its configuration checked too", async () => {
  const config = { ...MANIFEST.config, align: { ...MANIFEST.config.align, groupSize: 0 } };
  await inFolder({ "manifest.json": JSON.stringify({ ...MANIFEST, config }) }, async (folder) => {
    await readManifest(folder);
    const says = `${folder}/manifest.json: config: align.groupSize: must be at least 1, got 0`;
    await assertRejects(() => readCheckedRun(folder), BladeError, says);
  });
});
