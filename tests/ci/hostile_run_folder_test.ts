import { assert, assertEquals } from "@std/assert";
import { assertRefused, blade, type Finished, temporaryFolder } from "./command_line.ts";
import { pluginText, smallConfig, writeSmallData } from "./small_run.ts";

/** Outside of every run folder; what the tests find in it at the end is what was there before. */
const SECRET = "u0,i0,1\nsecret,secret,2\n";

/** A folder with a finished run in `run`, a secret beside it, and a process's time limit for whatever hangs. */
async function finishedRun() {
  const folder = await temporaryFolder();
  await writeSmallData(folder.path);
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
  const trained = await blade(["train", `${folder.path}/small.jsonc`, "--out", `${folder.path}/run`], [
    `--allow-write=${folder.path}`,
  ]);
  assertEquals(trained.code, 0, trained.err);
  await Deno.mkdir(`${folder.path}/elsewhere`);
  await Deno.writeTextFile(`${folder.path}/elsewhere/secret`, SECRET);
  return folder;
}

/** Every command that opens a run, with the file that makes the folder one. */
const OPENERS: Readonly<Record<string, (run: string, out: string) => readonly string[]>> = {
  evaluate: (run) => ["evaluate", run],
  recommend: (run) => ["recommend", run, "--cutoff", "2"],
  compare: (run) => ["compare", run, run],
  export: (run, out) => ["export", run, "--merged", `${out}/exported`],
  resume: (run) => ["train", "--resume", run],
};

/** Ways to put something else in the place of a file of the run; each gives the words that name it. */
const TRICKS: Readonly<Record<string, (run: string, secret: string) => Promise<readonly string[]>>> = {
  async "a manifest that is a link"(run, secret) {
    return await linked(`${run}/manifest.json`, secret);
  },
  async "a configuration that is a link"(run, secret) {
    return await linked(`${run}/config.resolved.json`, secret);
  },
  async "lists that are a link"(run, secret) {
    return await linked(`${run}/lists.csv`, secret);
  },
  async "values per user that are a link"(run, secret) {
    return await linked(`${run}/per-user.csv`, secret);
  },
  async "an event log that is a link"(run, secret) {
    return await linked(`${run}/events.jsonl`, secret);
  },
  async "a lock that is a link"(run, secret) {
    return await linked(`${run}/run.lock`, secret);
  },
  async "a folder of checkpoints that is a link"(run, secret) {
    await Deno.rename(`${run}/checkpoints`, `${secret}-checkpoints`);
    return await linked(`${run}/checkpoints`, `${secret}-checkpoints`);
  },
  async "a link that leads nowhere"(run, secret) {
    return await linked(`${run}/later.json`, `${secret}-of-tomorrow`);
  },
  async "a manifest that is a pipe"(run) {
    return await piped(`${run}/manifest.json`);
  },
  async "a checkpoint that is a pipe"(run) {
    return await piped(`${run}/checkpoints/align.safetensors`);
  },
  async "a lock that is another file's second name"(run, secret) {
    await Deno.link(secret, `${run}/run.lock`);
    return [`${run}/run.lock`, "several names"];
  },
  async "folders without end"(run) {
    await Deno.mkdir(`${run}/${Array.from({ length: 20 }, () => "d").join("/")}`, { recursive: true });
    return [run, "folders deep"];
  },
};

async function linked(path: string, target: string): Promise<readonly string[]> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
  await Deno.symlink(target, path);
  return [path, "must be a plain file or folder of its own", `a link to ${target}`];
}

async function piped(path: string): Promise<readonly string[]> {
  await Deno.remove(path);
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert(success);
  return [path, "must be a plain file or folder of its own", "a named pipe"];
}

async function copyOf(run: string, to: string): Promise<void> {
  await new Deno.Command("cp", { args: ["-r", run, to] }).output();
}

/** Runs a command that must not hang: opening a pipe waits for ever. */
async function within(work: Promise<Finished>): Promise<Finished> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it hangs")), 120_000);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Every file below a folder with its text, links not followed. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(found, await contents(path));
    else found[path] = isFile ? (await Deno.readFile(path)).toBase64() : "no file";
  }
  return found;
}

Deno.test({
  name:
    "a run folder with a link, a pipe or no end is refused by every command that opens it, nothing touched",
  ignore: Deno.build.os === "windows",
  async fn(t) {
    await using folder = await finishedRun();
    const write = [`--allow-write=${folder.path}`];
    for (const [at, [trick, play]] of Object.entries(TRICKS).entries()) {
      await t.step(trick, async () => {
        const run = `${folder.path}/run-${at}`;
        await copyOf(`${folder.path}/run`, run);
        const secret = `${folder.path}/elsewhere/secret`;
        const says = await play(run, secret);
        const before = await contents(folder.path);
        // All commands share one guard: each trick meets two of them, and every command several tricks.
        const names = Object.keys(OPENERS);
        for (const name of [names[at % 5]!, names[(at + 2) % 5]!]) {
          const refused = await within(blade(OPENERS[name]!(run, folder.path), write));
          assertRefused(refused, says);
        }
        assertEquals(await contents(folder.path), before);
      });
    }
    assertEquals(await Deno.readTextFile(`${folder.path}/elsewhere/secret`), SECRET);
  },
});

Deno.test("the name that the user gives a run folder may be a link", async () => {
  await using folder = await finishedRun();
  await Deno.symlink(`${folder.path}/run`, `${folder.path}/latest`);
  const { code, out, err } = await blade(["evaluate", `${folder.path}/latest`, "--json"]);
  assertEquals(code, 0, err);
  assertEquals(Object.keys(JSON.parse(out).metrics), ["ndcg@3"]);
});

Deno.test("an experiment whose runs would lie outside its folder, or that holds a link, is not gone on with", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await writeSmallData(path);
  const written = { base: smallConfig(), seeds: [1], arms: [{ name: "blade" }] };
  await Deno.writeTextFile(`${path}/one.jsonc`, JSON.stringify(written));
  const { planExperiment } = await import("../../src/experiment/plan.ts");
  const plan = await planExperiment(JSON.stringify(written), `${path}/one.jsonc`);
  const write = [`--allow-write=${path}`];
  for (const to of ["../outside", "/outside", "cells/..", "cells/../../outside", ".", "cells/a\\b", 7]) {
    await Deno.mkdir(`${path}/experiment`);
    const cells = plan.cells.map((cell) => ({ ...cell, folder: to }));
    await Deno.writeTextFile(`${path}/experiment/experiment.json`, JSON.stringify({ ...plan, cells }));
    const before = await contents(path);
    const refused = await blade(["experiment", "--resume", `${path}/experiment`], write);
    const rule = to === 7
      ? "cells.0.folder: must be as blade writes it"
      : "folders of their own below cells/";
    assertRefused(refused, [`${path}/experiment/experiment.json`, rule]);
    assertEquals(await contents(path), before);
    await Deno.remove(`${path}/experiment`, { recursive: true });
  }
  await Deno.mkdir(`${path}/experiment`);
  await Deno.writeTextFile(`${path}/experiment/experiment.json`, JSON.stringify(plan));
  await Deno.symlink(path, `${path}/experiment/cells`);
  const refused = await blade(["experiment", "--resume", `${path}/experiment`], write);
  assertRefused(refused, [`${path}/experiment/cells`, `a link to ${path}`]);
});

Deno.test("a plugin that came along in a run folder does not run inside the program, whatever its configuration says", async () => {
  await Deno.mkdir("runs", { recursive: true });
  const run = await Deno.makeTempDir({ dir: "runs" });
  try {
    await Deno.writeTextFile(`${run}/evil.ts`, `console.log("inside");\n${pluginText("return 0.5;")}`);
    await Deno.writeTextFile(`${run}/manifest.json`, '{"schemaVersion":1}');
    for (const isolate of ["remote", "never"]) {
      const refused = await blade(["metrics", "list", "--plugin", `${run}/evil.ts`, "--isolate", isolate]);
      assertRefused(refused, [`plugin ${run}/evil.ts`, "must run in a process of its own"]);
    }
    await Deno.remove(`${run}/manifest.json`);
    const own = await blade(["metrics", "list", "--plugin", `${run}/evil.ts`]);
    assert(own.out.includes("inside"), own.err);
  } finally {
    await Deno.remove(run, { recursive: true });
  }
});
