import { basename, extname, join } from "@std/path";
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
  details: "Ctrl-C saves the state and stops with code 3; `train --resume DIR` goes on from there.",
  examples: [
    { line: "train configs/quickstart.jsonc", about: "the demo, about a minute on a laptop" },
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
    const { planRun, trainRun } = await io.runApi();
    if (input.flags.has("dry-run")) {
      printPlan(await planRun(config), input, io);
      return EXIT.ok;
    }
    const runFolder = resumed ?? await newRunFolder(input, config);
    const { RUN_FILES } = await import("../report/run_folder.ts");
    const { openEventLog } = await import("../report/event_log.ts");
    const { createProgress } = await import("../report/progress.ts");
    using log = openEventLog(join(runFolder, RUN_FILES.events));
    const progress = createProgress({ log, terminal: io.errIsTerminal, write: io.err });
    using interrupt = stopOnInterrupt(io);
    const { signal } = interrupt;
    try {
      const outcome = await trainRun(config, {
        runFolder,
        signal,
        observer: progress,
        resume: resumed !== undefined,
      });
      progress.close();
      await printOutcome(outcome, input, io);
      return EXIT.ok;
    } catch (error) {
      progress.close();
      if (resumed === undefined) await removeIfNothingHappened(runFolder);
      throw error;
    }
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
  const given = ["set", "plugin", "device", "seed", "out"].filter((name) => flags.has(name)).map((name) =>
    `--${name}`
  );
  if (positionals.length + given.length > 0) {
    throw new BladeError({
      place: "--resume",
      rule: "must stand alone: a run goes on with the configuration it was started with",
      value: [...positionals, ...given].join(" "),
      mend: `write: blade train --resume ${folder}`,
    });
  }
  const { RUN_FILES } = await import("../report/run_folder.ts");
  const path = join(folder, RUN_FILES.config);
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new BladeError({
      place: `--resume ${folder}`,
      rule: `must be the folder of a run, with ${RUN_FILES.config}`,
      mend: "give a folder that `blade train` made",
    });
  }
  const { loadConfig } = await import("../config/parse.ts");
  return await loadConfig(path);
}

async function newRunFolder(input: CommandInput, config: BladeConfig): Promise<string> {
  const { createRunFolder, nextRunFolder, RUN_FILES, writeAtomically } = await import(
    "../report/run_folder.ts"
  );
  const asked = input.flags.text("out");
  const path = input.positionals[0]!;
  const name = config.name ?? basename(path, extname(path));
  if (asked !== undefined) await createRunFolder(asked);
  const folder = asked ?? await nextRunFolder("runs", name);
  await writeAtomically(join(folder, RUN_FILES.config), JSON.stringify(config, null, 2) + "\n");
  return folder;
}

/** A run that was refused before its first step leaves no folder behind that a later run would stumble over. */
async function removeIfNothingHappened(folder: string): Promise<void> {
  const { RUN_FILES } = await import("../report/run_folder.ts");
  const { readEvents } = await import("../report/event_log.ts");
  const own: string[] = [RUN_FILES.config, RUN_FILES.events];
  const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  const events = await readEvents(join(folder, RUN_FILES.events));
  if (names.every((name) => own.includes(name)) && !events.some((event) => event.kind === "step")) {
    await Deno.remove(folder, { recursive: true });
  }
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
  io.out(resultsTables(outcome.results));
  for (const line of outcome.summary) io.out(`${line}\n`);
  for (const warning of outcome.warnings) io.out(`warning: ${warning}\n`);
  io.out(`Run folder: ${outcome.runFolder}\n`);
}
