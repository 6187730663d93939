import { join } from "@std/path";
import type { Observer } from "../core/observer.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { writeCheckpoint } from "../train/checkpoint.ts";
import { NonFiniteStep, sectionOf } from "../train/non_finite.ts";
import type { NonFiniteRules } from "../train/step_log.ts";
import type { BladeConfig } from "./schema.ts";

/**
 * Trains a stage; where it stops at a step whose loss is no number, the state before that step becomes its last
 * checkpoint, from which the run goes on.
 *
 * @throws {BladeError} that says where that state is, and whatever else `train` throws
 */
export async function keepingStateBefore<T>(
  runFolder: string,
  config: BladeConfig,
  train: () => Promise<T>,
): Promise<T> {
  try {
    return await train();
  } catch (error) {
    if (!(error instanceof NonFiniteStep)) throw error;
    const { keep } = config.checkpoint;
    if (error.before !== null) await writeCheckpoint(runFolder, await error.before(), keep);
    throw error.inRun(runFolder, join(runFolder, RUN_FILES.config), error.before !== null);
  }
}

/** What a stage does with batches whose loss is no number, and how it names their users. */
export function nonFiniteRules(
  config: BladeConfig,
  stage: string,
  { users }: { readonly users: readonly string[] },
): NonFiniteRules {
  return { on: config[sectionOf(stage)].nonFinite, userId: (user) => users[user]! };
}

/** A stage that goes on in smaller parts than configured says so once more: its warning was of another program. */
export function sayMicroBatch(
  observer: Observer,
  stage: string,
  { microBatch }: { readonly microBatch?: number },
): void {
  if (microBatch === undefined) return;
  observer.note(
    "warning",
    `${stage} goes on as with ${
      sectionOf(stage)
    }.microBatch ${microBatch}: the device had no memory for larger parts of ` +
      "a batch.",
  );
}
