import type { Observer } from "../core/observer.ts";
import { type Checkpoint, readCheckpoint } from "../train/checkpoint.ts";

/**
 * The last sound state that a stage left when it was stopped, null where it begins. Damaged ones are told of, and what
 * the log says of steps that are made again is taken out of it.
 */
export async function lastState(
  { runFolder, observer }: { readonly runFolder: string; readonly observer: Observer },
  stage: string,
): Promise<Checkpoint | null> {
  const { checkpoint, damaged } = await readCheckpoint(runFolder, stage);
  const from = checkpoint === null ? "its beginning" : `step ${checkpoint.step}`;
  for (const { path, why } of damaged) {
    observer.note(
      "warning",
      `A checkpoint is damaged: ${why}. It was put aside as ${path}; ${stage} goes on from ${from}, to the same end.`,
    );
  }
  observer.resumed?.({ stage, step: checkpoint?.step ?? 0 });
  return checkpoint;
}
