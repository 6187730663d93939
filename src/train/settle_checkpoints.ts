import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { removeParts, RUN_FILES } from "../report/run_folder.ts";
import {
  checkpointFiles,
  checkpointFolder,
  readFinished,
  readWhole,
  removeFiles,
  type StepFile,
} from "./checkpoint_files.ts";

/** Behind the name of a checkpoint that was found damaged and put aside. */
const ASIDE = ".damaged";

/** Where the stages of a run stand. */
export interface Standing {
  /** Steps of a stage that stand, by its name: infinitely many of a finished one, none of one that is not named. */
  readonly steps: ReadonlyMap<string, number>;
  /** A sentence for each checkpoint that was damaged and is passed over. */
  readonly warnings: readonly string[];
}

/**
 * Makes the checkpoints of a run ready to go on from, however it ended: what was half written is removed, and every
 * file is read to its end. Of an unfinished stage a damaged checkpoint is put aside under another name and the one
 * before it stands. Nothing is repeated in silence: where no checkpoint of a stage is whole, or what a finished stage
 * left is damaged, the run is refused and everything left where it is.
 *
 * @throws {BladeError} naming the files, with what to delete to repeat the stage
 */
export async function settleCheckpoints(runFolder: string): Promise<Standing> {
  await removeParts(checkpointFolder(runFolder));
  const files = await checkpointFiles(runFolder);
  const steps = new Map<string, number>();
  const warnings: string[] = [];
  for (const [stage, of] of Map.groupBy(files, ({ stage }) => stage)) {
    const unfinished = of.filter((file): file is StepFile => file.step !== null);
    if (unfinished.length < of.length) {
      await readFinished(runFolder, stage);
      // Left by a run that died between the two.
      await removeFiles(runFolder, unfinished);
      steps.set(stage, Infinity);
      continue;
    }
    const { whole, damaged } = await newestWhole(runFolder, unfinished);
    if (whole === null) throw nothingWhole(runFolder, stage, damaged);
    for (const { file: { name }, why } of damaged) {
      const path = join(checkpointFolder(runFolder), name);
      await Deno.rename(path, path + ASIDE);
      warnings.push(
        `A damaged checkpoint is passed over: ${why}. It is kept as ${name}${ASIDE}; the run goes on from ` +
          `${whole.name}.`,
      );
    }
    steps.set(stage, whole.step);
  }
  return { steps, warnings };
}

interface Damaged {
  readonly file: StepFile;
  /** Place and what is wrong there. */
  readonly why: string;
}

/** The newest checkpoint that is whole, and the damaged ones after it. */
async function newestWhole(
  runFolder: string,
  files: readonly StepFile[],
): Promise<{ whole: StepFile | null; damaged: readonly Damaged[] }> {
  const damaged: Damaged[] = [];
  for (const file of files.toSorted((one, other) => other.step - one.step)) {
    try {
      await readWhole(runFolder, file);
      return { whole: file, damaged };
    } catch (error) {
      if (!(error instanceof BladeError)) throw error;
      damaged.push({ file, why: error.message.split(".\n")[0]! });
    }
  }
  return { whole: null, damaged };
}

function nothingWhole(runFolder: string, stage: string, damaged: readonly Damaged[]): BladeError {
  const names = damaged.map(({ file }) => file.name).join(" and ");
  return new BladeError({
    place: join(runFolder, RUN_FILES.checkpoints),
    rule: `must have a checkpoint of the stage ${stage} that is whole; ${
      damaged.map(({ why }) => why).join("; ")
    }`,
    mend:
      `bring one of them back from a copy, or delete ${names}: train --resume ${runFolder} then makes the stage ` +
      `${stage} again from its first step`,
  });
}
