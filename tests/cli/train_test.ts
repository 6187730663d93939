import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RunOptions } from "../../src/config/run_api.ts";
import { BladeError } from "../../src/core/errors.ts";
import type { BladeConfig } from "../../src/config/schema.ts";
import { outcomeIn, ran, temporaryFolder } from "./_io.ts";

const QUICKSTART = new URL("../../configs/quickstart.jsonc", import.meta.url).pathname;

/** Keeps what `trainRun` was called with, and finishes at once. */
function recording() {
  const calls: { config: BladeConfig; options: RunOptions }[] = [];
  return {
    calls,
    trainRun: (config: BladeConfig, options: RunOptions) => {
      calls.push({ config, options });
      return Promise.resolve(outcomeIn(options.runFolder));
    },
  };
}

Deno.test("train prints means, differences, summary, warnings and the run folder", async () => {
  await using folder = await temporaryFolder();
  const { calls, trainRun } = recording();
  const { code, out } = await ran(["train", QUICKSTART, "--out", `${folder.path}/a`, "--seed", "5"], {
    trainRun,
  });
  assertEquals(code, 0);
  assertStringIncludes(out, "aligned     0.2000\n");
  assertStringIncludes(out, "+0.1000 [+0.0500, +0.1500]");
  assertStringIncludes(out, "The reward rose.\nwarning: The labels are few.\n");
  assert(out.endsWith(`Run folder: ${folder.path}/a\n`));
  assertEquals([calls[0]!.config.seed, calls[0]!.options.resume], [5, false]);
});

Deno.test("train --json prints one document and nothing else on stdout", async () => {
  await using folder = await temporaryFolder();
  const { trainRun } = recording();
  const { out } = await ran(["train", QUICKSTART, "--out", `${folder.path}/a`, "--json"], { trainRun });
  assertEquals(JSON.parse(out), outcomeIn(`${folder.path}/a`));
});

Deno.test("train writes the resolved configuration, from which --resume goes on", async () => {
  await using folder = await temporaryFolder();
  const { calls, trainRun } = recording();
  const run = `${folder.path}/a`;
  await ran(["train", QUICKSTART, "--out", run, "--set", "align.cutoff=7"], { trainRun });
  const { code } = await ran(["train", "--resume", run], { trainRun });
  assertEquals(code, 0);
  assertEquals(calls[1]!.config, calls[0]!.config);
  assertEquals(calls[1]!.options.resume, true);
  assertEquals(calls[1]!.config.align.cutoff, 7);
});

Deno.test("train --resume takes no other configuration", async () => {
  for (const more of [["--set", "seed=2"], ["--blas", "libblis.so.4"]]) {
    const { code, err } = await ran(["train", "--resume", "runs/a", ...more]);
    assertEquals(code, 2);
    assertStringIncludes(err, "--resume: must stand alone");
    assertStringIncludes(err, "blade train --resume runs/a");
  }
});

Deno.test("train refuses a folder that holds something, and leaves it as it was", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/precious.txt`, "mine");
  const { calls, trainRun } = recording();
  const { code, err } = await ran(["train", QUICKSTART, "--out", folder.path], { trainRun });
  assertEquals([code, calls.length], [2, 0]);
  assertStringIncludes(err, "must be a new or an empty folder");
  assertStringIncludes(err, "--resume");
  assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name), ["precious.txt"]);
});

Deno.test("train leaves no folder behind when the run is refused before its first step", async () => {
  await using folder = await temporaryFolder();
  const refusal = new BladeError({ place: "data", rule: "must exist", mend: "bring it" });
  const { code, err } = await ran(["train", QUICKSTART, "--out", `${folder.path}/a`], {
    trainRun: () => Promise.reject(refusal),
  });
  assertEquals([code, err], [2, "error: data: must exist.\n  To mend: bring it.\n"]);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("an interrupted train exits with 3 and keeps what was saved and logged", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/a`;
  const { code, err } = await ran(["train", QUICKSTART, "--out", run], {
    trainRun: async (_config, { observer }) => {
      observer.stage("sft", 10);
      observer.step({ stage: "sft", step: 1, values: { loss: 2 } });
      await Deno.writeTextFile(`${run}/state`, "saved");
      throw new BladeError({
        place: run,
        rule: "was interrupted",
        mend: `train --resume ${run}`,
        exitCode: 3,
      });
    },
  });
  assertEquals(code, 3);
  assertStringIncludes(err, "sft: stopped at step 1 of 10");
  assertEquals(await Deno.readTextFile(`${run}/state`), "saved");
  const events = (await Deno.readTextFile(`${run}/events.jsonl`)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(events.map(({ kind }) => kind), ["stage", "step"]);
});

Deno.test("train --dry-run prints the plan and makes no folder", async () => {
  const plan = {
    sections: [{ title: "Data", rows: [["users", "400"], ["interactions", "11,164"]] as const }],
  };
  const { code, out } = await ran(["train", QUICKSTART, "--dry-run", "--out", "/nowhere/at/all"], {
    planRun: () => Promise.resolve(plan),
  });
  assertEquals([code, out], [0, "Data\n  users         400\n  interactions  11,164\n"]);
});
