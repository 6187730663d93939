import { join } from "@std/path";
import { BladeError, EXIT } from "../core/errors.ts";
import type { CellRunner } from "../experiment/cell_runner.ts";
import type { Execution } from "../experiment/execute.ts";
import type { Experiment } from "../experiment/plan.ts";
import type { Command, CommandInput } from "./command.ts";
import { stopOnInterrupt } from "./interrupt.ts";
import { type Io, printJson } from "./io.ts";

/** `blade experiment CONFIG`: methods × data sets × seeds from one file, one table out. */
export const experimentCommand: Command = {
  name: "experiment",
  summary: "Methods × data sets × seeds from one file: trains them all, one table out.",
  positionals: ["CONFIG?"],
  flags: [
    { name: "out", value: "DIR", summary: "the folder; by default runs/<experiment name>-<n>" },
    { name: "resume", value: "DIR", summary: "go on where the experiment of this folder stopped" },
    {
      name: "baseline",
      value: "ARM",
      summary: "the arm that the others are compared with, above what the file says",
    },
    { name: "parallel", value: "N", summary: "runs at a time, above what the file says" },
    { name: "set", value: "path=value", repeat: true, summary: "set a key of the base configuration" },
    { name: "dry-run", summary: "print the plan with the number of runs and an estimate, and train nothing" },
    { name: "json", summary: "print the table as one JSON document" },
  ],
  details:
    `Every run is a run folder under cells/, made as \`train\` makes it; what runs share (the supervised model, its
prior, the control) is computed once per data set and seed. With leave to start deno each run is a process of its
own: deno run -P --allow-run=deno main.ts experiment …; without it, all of them happen in this one, in turn.
Ctrl-C saves the state of the runs under way and stops with code 3; \`experiment --resume DIR\` goes on from there.`,
  examples: [
    { line: "experiment configs/claims.jsonc --dry-run", about: "what it would do, and about how long" },
    { line: "experiment configs/claims.jsonc", about: "the methods side by side on the small data set" },
    {
      line: "experiment configs/claims.jsonc --set align.epochs=5 --json > table.json",
      about: "shorter, the table for a script",
    },
    { line: "experiment --resume runs/claims-1", about: "go on after an interruption" },
    {
      line: "experiment --resume runs/claims-1 --baseline grpo",
      about: "the table of a finished experiment once more, compared with another method",
    },
  ],
  async run(input, io) {
    const resumed = input.flags.text("resume");
    const written = resumed === undefined ? await newPlan(input) : await resumedPlan(input, resumed);
    const plan = comparedWith(input.flags.text("baseline"), written);
    const { inspectCells } = await import("../experiment/inspect.ts");
    const facts = await inspectCells(plan);
    const { planOf, planText } = await import("../experiment/plan_text.ts");
    if (input.flags.has("dry-run")) {
      if (input.flags.has("json")) printJson(io, planOf(plan, facts));
      else io.out(planText(planOf(plan, facts)));
      return EXIT.ok;
    }
    const { newExperimentFolder, settleExperiment } = await import("../experiment/experiment_folder.ts");
    const folder = resumed ?? await newExperimentFolder(plan, input.flags.text("out"));
    io.err(`${planText(planOf(plan, facts))}Folder: ${folder}\n`);
    const { lockRunFolder } = await import("../config/run_lock.ts");
    const { execute } = await import("../experiment/execute.ts");
    using lock = lockRunFolder(folder);
    if (lock.takenFrom !== null) io.err(`taking over from ${lock.takenFrom}, which ended before its end\n`);
    await settleExperiment(folder);
    using interrupt = stopOnInterrupt(io);
    const { runner, parallel } = await runnerOf(input.flags.whole("parallel", 1) ?? plan.parallel, io);
    const { signal } = interrupt;
    const say = (line: string) => io.err(`${line}\n`);
    const execution = await execute(plan, { folder, facts, runner, parallel, signal, say });
    if (execution.stopped) {
      throw new BladeError({
        place: folder,
        rule: "interrupted; the state of every run is saved",
        mend: `go on with: experiment --resume ${folder}`,
        exitCode: EXIT.interrupted,
      });
    }
    await writeTable(folder, plan, execution, input, io);
    return execution.failed.length > 0 ? EXIT.usage : EXIT.ok;
  },
};

async function newPlan({ positionals, flags }: CommandInput): Promise<Experiment> {
  const [path] = positionals;
  if (path === undefined) {
    throw new BladeError({
      place: "blade experiment",
      rule: "must be given an experiment file",
      mend: "for instance: blade experiment configs/claims.jsonc",
    });
  }
  const { loadExperiment } = await import("../experiment/plan.ts");
  return await loadExperiment(path, flags.texts("set"));
}

/** A resumed experiment keeps the runs that it was started with. */
async function resumedPlan({ positionals, flags }: CommandInput, folder: string): Promise<Experiment> {
  const given = ["set", "out"].filter((name) => flags.has(name)).map((name) => `--${name}`);
  if (positionals.length + given.length > 0) {
    throw new BladeError({
      place: "--resume",
      rule:
        "must stand without a file and its changes: an experiment goes on with the runs it was started with",
      value: [...positionals, ...given].join(" "),
      mend: `write: blade experiment --resume ${folder}`,
    });
  }
  const { keptExperiment } = await import("../experiment/experiment_folder.ts");
  return await keptExperiment(folder);
}

/** The plan with another baseline, where one is named. */
function comparedWith(baseline: string | undefined, plan: Experiment): Experiment {
  if (baseline === undefined) return plan;
  if (plan.arms.includes(baseline)) return { ...plan, baseline };
  throw new BladeError({
    place: "--baseline",
    rule: "must be the name of an arm",
    value: baseline,
    mend: `take one of ${plan.arms.slice(0, 8).join(", ")}`,
  });
}

async function runnerOf(parallel: number, io: Io): Promise<{ runner: CellRunner; parallel: number }> {
  const { mayStartProcesses, runHere, runInProcess } = await import("../experiment/cell_runner.ts");
  if (await mayStartProcesses()) return { runner: runInProcess, parallel };
  io.err(
    "No permission to start deno: the runs happen in this process, one after the other. For a process each, start " +
      `it as: deno run -P --allow-run=deno main.ts … (where another deno comes first on the PATH: --allow-run=${Deno.execPath()})\n`,
  );
  const { trainRun } = await io.runApi();
  const { createProgress } = await import("../report/progress.ts");
  const observe = (say: (line: string) => void) =>
    createProgress({ terminal: false, write: (text) => say(text.trimEnd()) });
  return { runner: runHere(trainRun, observe), parallel: 1 };
}

async function writeTable(
  folder: string,
  plan: Experiment,
  { failed, dropped }: Execution,
  input: CommandInput,
  io: Io,
): Promise<void> {
  const { experimentTable } = await import("../experiment/table.ts");
  const { experimentCurvesCsv } = await import("../experiment/curves_csv.ts");
  const { experimentCsv, experimentText } = await import("../experiment/table_text.ts");
  const { EXPERIMENT_FILES } = await import("../experiment/experiment_folder.ts");
  const { writeAtomically } = await import("../report/run_folder.ts");
  io.err("all runs are done; comparing them\n");
  const table = await experimentTable(folder, plan);
  const document = {
    name: plan.name,
    folder,
    baseline: plan.baseline,
    ...table,
    failed: failed.map(({ cell: { arm, data, seed, folder }, message }) => ({
      arm,
      data,
      seed,
      folder,
      message,
    })),
    dropped,
  };
  await writeAtomically(join(folder, EXPERIMENT_FILES.tableCsv), experimentCsv(table));
  await writeAtomically(join(folder, EXPERIMENT_FILES.curvesCsv), await experimentCurvesCsv(folder, plan));
  await writeAtomically(join(folder, EXPERIMENT_FILES.tableJson), JSON.stringify(document, null, 2) + "\n");
  if (input.flags.has("json")) printJson(io, document);
  else io.out(`${experimentText(table, plan.baseline)}Folder: ${folder}\n`);
  for (const { cell, message } of failed) io.err(`failed: ${cell.folder}: ${message}\n`);
}
