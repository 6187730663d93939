import { join } from "@std/path";
import { RUN_FILES } from "../report/run_folder.ts";
import { writeCheckpoint } from "../train/checkpoint.ts";
import { NonFiniteStep } from "../train/non_finite.ts";

/**
 * Trains a stage; where it stops at a step whose loss is no number, the state before that step becomes its last
 * checkpoint, from which the run goes on.
 *
 * @param keep checkpoints kept of a stage
 * @throws {BladeError} that says where that state is, and whatever else `train` throws
 */
export async function keepingStateBefore<T>(
  runFolder: string,
  keep: number,
  train: () => Promise<T>,
): Promise<T> {
  try {
    return await train();
  } catch (error) {
    if (!(error instanceof NonFiniteStep)) throw error;
    if (error.before !== null) await writeCheckpoint(runFolder, await error.before(), keep);
    throw error.inRun(runFolder, join(runFolder, RUN_FILES.config), error.before !== null);
  }
}
