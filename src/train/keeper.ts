import { setImmediate } from "node:timers";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { writeCheckpoint } from "./checkpoint_files.ts";

/** Keeps a run's state while a stage goes on. */
export interface Keeper {
  /**
   * To be called after every step. Writes a checkpoint when one is due, and when the user asked to stop: then it
   * throws, the state being safe.
   */
  afterStep(stage: string, step: number, state: () => Promise<Checkpoint>): Promise<void>;
  /**
   * To be called after every part of a stage that keeps no state of its own and starts again when the run goes on:
   * throws when the user asked to stop. The stages before it are safe.
   */
  afterPart(stage: string): Promise<void>;
}

export interface KeeperOptions {
  readonly runFolder: string;
  readonly everySteps: number;
  /** Checkpoints kept of a stage. */
  readonly keep: number;
  readonly signal: AbortSignal;
  /** Hears of every checkpoint that is safe, with its digest. */
  readonly written?: (stage: string, step: number, digest: string) => void;
}

/** A keeper that writes into the run folder. */
export function createKeeper({ runFolder, everySteps, keep, signal, written }: KeeperOptions): Keeper {
  // Lets the event loop see a pending Ctrl-C: the steps themselves never yield to it on the CPU.
  const hearSignals = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async afterStep(stage, step, state) {
      await hearSignals();
      if (signal.aborted || step % everySteps === 0) {
        const digest = await writeCheckpoint(runFolder, await state(), keep);
        written?.(stage, step, digest);
      }
      if (signal.aborted) throw interrupted(runFolder, `in ${stage} after step ${step}; the state is saved`);
    },
    async afterPart(stage) {
      await hearSignals();
      if (signal.aborted) throw interrupted(runFolder, `in ${stage}; the stages before it are saved`);
    },
  };
}

function interrupted(runFolder: string, where: string): BladeError {
  return new BladeError({
    place: runFolder,
    rule: `interrupted ${where}`,
    mend: `go on with: train --resume ${runFolder}`,
    exitCode: EXIT.interrupted,
  });
}
