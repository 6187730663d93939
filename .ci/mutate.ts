/**
 * `deno task mutate [folder…] [--seconds N] [--file PATH] [--json FILE] [--out FILE]`: changes the sources in small ways,
 * one at a time, and counts which changes the tests notice. Exits with 1 when fewer than 85 % of a folder's are.
 */
import { parseArgs } from "@std/cli/parse-args";
import { basename, dirname } from "node:path/posix";
import { examplesOf } from "./mutation/examples.ts";
import type { SourceFile } from "./arch.ts";
import { instrument, type Instrumented, type Mutant } from "./mutation/instrument.ts";
import {
  type Chosen,
  moduleOf,
  type Outcome,
  type Start,
  startWorker,
  type Trial,
  tryAll,
} from "./mutation/pool.ts";
import { type Finding, lineOf, pageOf, schemaOf, scoreOf } from "./mutation/report.ts";
import type { AtLoad, DryTest } from "./mutation/worker.ts";
import { readTree } from "./tree.ts";

/** The folders whose mutants are counted, each without what lies in it. */
export const FOLDERS: readonly string[] = ["src/target", "src/objective", "src/reward", "src/reward/isolate"];

const WHY_LEFT_OUT =
  "Their tests start processes that are held to deadlines: a busy machine misses those by itself, " +
  "so that a failure would say nothing of the mutant.";

const LEFT_OUT: readonly string[] = [
  "child",
  "isolated_plugin",
  "process",
  "watch",
].map((name) => `src/reward/isolate/${name}.ts`);

/** Tests that run in one process, take no device but the processor, and are over in seconds. */
const TESTS =
  /^tests\/(?:(?:target|objective|reward|plugins|contracts)\/(?!target_lasts).*_test|isolate\/(?:answers|in_process|modules)_test)\.ts$/;

/** Sources whose examples are tests as well. */
const EXAMPLES = /^(?:src\/(?:target|objective|reward)|plugins)\/.*\.ts$/;

const DRY_RUN_MS = 600_000;

/** A mutant meets the tests beside its source, and then others for so long. */
const FAR_MS = 4000;

const PROCESSES = 2;

/** Of a folder's mutants, so many must be noticed. */
export const LEAST = 0.85;

if (import.meta.main) {
  const flags = parseArgs(Deno.args, { string: ["seconds", "json", "out", "file"] });
  const folders = flags._.length === 0 ? FOLDERS : flags._.map((folder) => String(folder).replace(/\/$/, ""));
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  const limit = Number(flags.seconds ?? Infinity);
  const commit = await git("rev-parse", "--short", "HEAD");
  const tree = await readTree(".");
  const sources = new Map(
    tree.filter(({ path }) =>
      path.endsWith(".ts") && folders.includes(dirname(path)) && !LEFT_OUT.includes(path) &&
      (flags.file === undefined || path === flags.file)
    ).map(({ path, text }) => [path, text]),
  );
  const instrumented = await instrument(sources, ".ci/mutation/switch.ts");
  const mutants = instrumented.flatMap((each) => each.mutants);
  await Deno.mkdir("runs", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "runs", prefix: "mutate-" });
  const start = { folder, modules: await layOut(folder, tree, instrumented) };
  try {
    const { tests, atLoad } = await dryRun(start);
    for (const { passed, name } of tests) {
      if (!passed) console.error(`Left out, since it fails without a mutant: ${name}`);
    }
    const names = new Map(tests.map(({ test, name }) => [test, name]));
    const trials = trialsOf(mutants, tests, atLoad);
    const modules = new Set(
      tests.filter(({ reached }) => reached.length > 0).map(({ test }) => moduleOf(test)),
    );
    const outcomes = new Map<number, Outcome>();
    console.error(`${trials.length} mutants that count, ${tests.length} tests, ${seconds()} s`);
    const inTime = function* () {
      for (const trial of trials) if (seconds() < limit) yield trial;
    };
    await tryAll(inTime(), { ...start, modules: [...modules] }, PROCESSES, (outcome) => {
      outcomes.set(outcome.mutant, outcome);
      if (outcome.status === "survived") {
        console.error(lineOf(mutants.find(({ id }) => id === outcome.mutant)!));
      }
      if (outcomes.size % 100 === 0) console.error(`${outcomes.size} tried, ${seconds()} s`);
    });
    const reached = new Set(
      trials.filter(({ running, loading }) => running.tests.length + loading.tests.length > 0).map((
        { mutant },
      ) => mutant),
    );
    const findings = mutants.map((mutant): Finding => {
      const { status, by } = outcomes.get(mutant.id) ?? {};
      return {
        ...mutant,
        status: mutant.ignored !== undefined
          ? "ignored"
          : status ?? (reached.has(mutant.id) ? "untried" : "unreached"),
        ...(by === undefined ? {} : { by: names.get(by)! }),
      };
    });
    const reasons = JSON.parse(await Deno.readTextFile(".ci/mutation/reasons.json"));
    const command = ["deno task mutate", ...Deno.args].join(" ");
    const date = new Date().toISOString().slice(0, 10);
    const about = {
      command,
      commit,
      date,
      minutes: seconds() / 60,
      leftOut: LEFT_OUT,
      why: WHY_LEFT_OUT,
      reasons,
    };
    const page = pageOf(findings, folders, about);
    if (flags.json !== undefined) {
      await Deno.writeTextFile(String(flags.json), JSON.stringify(schemaOf(findings, sources)));
    }
    if (flags.out === undefined) console.log(page);
    else {
      await Deno.writeTextFile(String(flags.out), page);
      await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", String(flags.out)] }).output();
    }
    for (const name of folders) {
      const { score } = scoreOf(name, findings);
      console.error(`${name}: ${(100 * score).toFixed(1)} % noticed`);
      if (score < LEAST) Deno.exitCode = 1;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command("git", { args: [...args] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Copies the tree with its instrumented sources. @returns the modules with tests */
async function layOut(
  folder: string,
  tree: readonly SourceFile[],
  instrumented: readonly Instrumented[],
): Promise<string[]> {
  for (const path of (await git("ls-files", "-co", "--exclude-standard")).split("\n")) {
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
    await Deno.copyFile(path, `${folder}/${path}`).catch(() => {}); // removed, but not yet from the index
  }
  for (const { file, text } of instrumented) await Deno.writeTextFile(`${folder}/${file}`, text);
  const modules: string[] = [];
  for (const { path, text } of tree) {
    if (TESTS.test(path)) modules.push(path);
    if (!EXAMPLES.test(path)) continue;
    for (const [index, example] of examplesOf(path, text).entries()) {
      modules.push(path.replace(/\.ts$/, `.example${index + 1}.ts`));
      await Deno.writeTextFile(`${folder}/${modules.at(-1)}`, example);
    }
  }
  return modules;
}

async function dryRun(start: Start) {
  const worker = await startWorker({ ...start, heard: true });
  const answer = await worker?.ask({ dry: true }, DRY_RUN_MS);
  await worker?.end();
  if (worker === undefined || answer === undefined || !("tests" in answer)) {
    throw new Error("The tests cannot be loaded and run with the instrumented sources.");
  }
  return { atLoad: worker.atLoad, tests: answer.tests };
}

/**
 * Each mutant with the tests that reach it: those beside its source first, then others, the quickest of
 * either first.
 */
function trialsOf(
  mutants: readonly Mutant[],
  tests: readonly DryTest[],
  atLoad: AtLoad,
): Trial[] {
  const fileOf = new Map(mutants.map(({ id, file }) => [id, file]));
  const passing = tests.filter(({ passed }) => passed).sort((a, b) => a.took - b.took).map((each) => ({
    ...each,
    hits: new Map(each.reached),
    files: new Set(each.reached.map(([id]) => fileOf.get(id)!)),
  }));
  const loading = new Map<number, Set<string>>();
  for (const [module, reached] of atLoad) {
    for (const id of reached) loading.set(id, (loading.get(id) ?? new Set()).add(module));
  }
  return mutants.filter(({ ignored }) => ignored === undefined).map(({ id, file }) => {
    const isNear = ({ test }: DryTest) =>
      test.startsWith(file.replace(/\.ts$/, ".example")) ||
      test.startsWith(`tests/${basename(dirname(file))}/`);
    const choose = (reaching: typeof passing): Chosen => {
      let far = 0;
      const chosen = [...reaching.filter(isNear), ...reaching.filter((each) => !isNear(each))]
        .filter((each) => isNear(each) || (far += each.took) - each.took < FAR_MS);
      return {
        tests: chosen.map(({ test }) => test),
        hits: chosen.map(({ hits }) => hits.get(id) ?? 1_000_000),
        took: chosen.reduce((sum, { took }) => sum + took, 0),
      };
    };
    const modules = loading.get(id);
    return {
      mutant: id,
      running: choose(passing.filter(({ hits }) => hits.has(id))),
      loading: choose(
        modules === undefined
          ? []
          : passing.filter((each) =>
            isNear(each) && (each.files.has(file) || modules.has(moduleOf(each.test)))
          ),
      ),
    };
  });
}
