import { basename, extname } from "@std/path";
import type { BladeConfig } from "../config/schema.ts";
import type { RunPlan, TrainOutcome } from "../config/run_api.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Command, CommandInput } from "./command.ts";
import { CONFIG_FLAGS, configOf } from "./config_flags.ts";
import { type Io, printJson } from "./io.ts";
import { stopOnInterrupt } from "./interrupt.ts";

/** `blade train`: the whole way from interactions to aligned lists, into a run folder. */
export const trainCommand: Command = {
  name: "train",
  summary: "Train: supervised, then aligned, then compared, into a run folder.",
  positionals: ["CONFIG?"],
  flags: [
    ...CONFIG_FLAGS,
    { name: "out", value: "DIR", summary: "the run folder; by default runs/<config name>-<n>" },
    { name: "resume", value: "DIR", summary: "go on where the run of this folder stopped" },
    { name: "dry-run", summary: "print the plan, the sizes and an estimate, and train nothing" },
    { name: "json", summary: "print the results as one JSON document" },
  ],
  details:
    `Ctrl-C saves the state and stops with code 3, a second one stops at once; \`train --resume DIR\` goes on from
there, and after a kill or a power cut from the last checkpoint, to the same end. Checkpoints carry the SHA-256 of their
content: a damaged one is named and put aside, and the one before it taken; where none is left, or what a finished stage
left is damaged, the run is refused with what to delete to make that stage again.`,
  examples: [
    { line: "train configs/quickstart.jsonc", about: "the demo, half a minute on a laptop" },
    {
      line: "train configs/movietweetings-100k.jsonc --set data.folder=../data/100K --seed 2",
      about: "real data of yours, another seed",
    },
    {
      line:
        'train configs/quickstart.jsonc --plugin ./my_metric.ts --set \'reward.terms=[{"metric":"my-metric@10"}]\'',
      about: "to a metric of your own",
    },
    { line: "train --resume runs/quickstart-1", about: "go on after an interruption" },
  ],
  async run(input, io) {
    const resumed = input.flags.text("resume");
    const config = resumed === undefined ? await newConfig(input) : await resumedConfig(input, resumed);
    if (input.flags.has("dry-run")) {
      const { planRun } = await io.runApi();
      printPlan(await planRun(config), input, io);
      return EXIT.ok;
    }
    using interrupt = stopOnInterrupt(io);
    const { signal } = interrupt;
    const { trainRun } = await io.runApi();
    const { newRunFolder, trainInFolder } = await import("../config/run_in_folder.ts");
    const runFolder = resumed ??
      await newRunFolder(config, { out: input.flags.text("out"), name: nameOf(input.positionals[0]!) });
    const { createProgress } = await import("../report/progress.ts");
    const progress = createProgress({ terminal: io.errIsTerminal, write: io.err });
    const options = { runFolder, signal, observer: progress, resume: resumed !== undefined };
    const outcome = await trainInFolder(config, options, trainRun).finally(() => progress.close());
    if (signal.aborted) throw interruptedAtTheEnd(runFolder);
    await printOutcome(outcome, input, io);
    return EXIT.ok;
  },
};

async function newConfig(input: CommandInput): Promise<BladeConfig> {
  if (input.positionals.length !== 1) {
    throw new BladeError({
      place: "blade train",
      rule: "must be given one configuration file",
      mend: "for instance: blade train configs/quickstart.jsonc",
    });
  }
  return await configOf(input);
}

/** A resumed run keeps the configuration that it was started with. */
async function resumedConfig(input: CommandInput, folder: string): Promise<BladeConfig> {
  const { flags, positionals } = input;
  const given = ["set", "plugin", "isolate", "device", "blas", "seed", "out"].filter((name) =>
    flags.has(name)
  ).map((
    name,
  ) => `--${name}`);
  if (positionals.length + given.length > 0) {
    throw new BladeError({
      place: "--resume",
      rule: "must stand alone: a run goes on with the configuration it was started with",
      value: [...positionals, ...given].join(" "),
      mend: `write: blade train --resume ${folder}`,
    });
  }
  const { keptConfig } = await import("../config/run_in_folder.ts");
  const config = await keptConfig(folder);
  if (config !== undefined) return config;
  throw new BladeError({
    place: `--resume ${folder}`,
    rule: "must be the folder of a run, with its config.resolved.json",
    mend:
      "give a folder that `blade train` made; a run that was stopped before its configuration was written has " +
      "nothing to go on from: start it again",
  });
}

function interruptedAtTheEnd(runFolder: string): BladeError {
  return new BladeError({
    place: runFolder,
    rule: "interrupted when the last stage was done; the run is finished",
    mend: `read its results with: train --resume ${runFolder}`,
    exitCode: EXIT.interrupted,
  });
}

/** `configs/quickstart.jsonc` → `quickstart`. */
function nameOf(path: string): string {
  return basename(path, extname(path));
}

function printPlan(plan: RunPlan, input: CommandInput, io: Io): void {
  if (input.flags.has("json")) return printJson(io, plan);
  for (const { title, rows } of plan.sections) {
    const width = Math.max(...rows.map(([name]) => name.length));
    io.out(`${title}\n${rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join("")}`);
  }
}

async function printOutcome(outcome: TrainOutcome, input: CommandInput, io: Io): Promise<void> {
  if (input.flags.has("json")) return printJson(io, outcome);
  const { resultsTables } = await import("../report/results_table.ts");
  io.out(`${resultsTables(outcome.results)}\n`);
  for (const line of outcome.summary) io.out(`${line}\n`);
  for (const warning of outcome.warnings) io.out(`warning: ${warning}\n`);
  io.out(`Run folder: ${outcome.runFolder}\n`);
}
