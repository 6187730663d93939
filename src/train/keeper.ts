import { BladeError, EXIT } from "../core/errors.ts";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.ts";

/** Keeps a run's state while a stage goes on. */
export interface Keeper {
  /**
   * To be called after every step. Writes a checkpoint when one is due, and when the user asked to stop: then it
   * throws, the state being safe.
   */
  afterStep(stage: string, step: number, state: () => Promise<Checkpoint>): Promise<void>;
}

export interface KeeperOptions {
  readonly runFolder: string;
  readonly everySteps: number;
  /** Checkpoints kept of a stage. */
  readonly keep: number;
  readonly signal: AbortSignal;
}

/** A keeper that writes into the run folder. */
export function createKeeper({ runFolder, everySteps, keep, signal }: KeeperOptions): Keeper {
  return {
    async afterStep(stage, step, state) {
      // Lets the event loop see a pending Ctrl-C: the steps themselves never yield to it on the CPU.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (signal.aborted || step % everySteps === 0) await writeCheckpoint(runFolder, await state(), keep);
      if (signal.aborted) {
        throw new BladeError({
          place: runFolder,
          rule: `interrupted in ${stage} after step ${step}; the state is saved`,
          mend: `go on with: train --resume ${runFolder}`,
          exitCode: EXIT.interrupted,
        });
      }
    },
  };
}
