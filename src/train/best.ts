import { copyParameters, type Parameters } from "../model/parameters.ts";
import { disposeTree } from "../optimizer/parameter_tree.ts";

/** The weights that did best on validation so far. */
export interface Best {
  readonly parameters: Parameters;
  readonly score: number;
  /** How far the constraints were violated in all, in their metrics' scales; 0 where they were kept. */
  readonly violation: number;
  /** From 1; 0 for the weights that the stage started from. */
  readonly epoch: number;
}

/** What a stage's state has in common with the other's. */
interface Training {
  readonly parameters: Parameters;
  /** Epochs that are done. */
  readonly epoch: number;
  readonly batch: number;
  readonly best: Best | null;
}

/** The state before its first epoch, which later ones have to beat. */
export function startBest<S extends Training>(state: S, score: number, violation = 0): S {
  return { ...state, best: { parameters: copyParameters(state.parameters), score, violation, epoch: 0 } };
}

/**
 * The state after an epoch: its weights are kept if they violate the constraints least on validation and, of those
 * that violate them as little, score best; ties keep the earlier ones, and any number is better than NaN, a measure
 * that had no value.
 */
export function endEpoch<S extends Training>(state: S, score: number, violation = 0): S {
  const epoch = state.epoch + 1;
  const next = { ...state, epoch, batch: 0 };
  if (state.best !== null && !isBetter({ score, violation }, state.best)) return next;
  if (state.best !== null) disposeTree(state.best.parameters);
  return {
    ...next,
    best: { parameters: copyParameters(state.parameters), score, violation, epoch },
  };
}

type Judged = Pick<Best, "score" | "violation">;

function isBetter({ score, violation }: Judged, than: Judged): boolean {
  if (violation !== than.violation) return violation < than.violation;
  return score > than.score || Number.isNaN(than.score) && !Number.isNaN(score);
}

/** The best weights, or the last where no epoch ended: a copy, the caller's to free. */
export function bestWeights({ best, parameters }: Training): Parameters {
  return copyParameters(best?.parameters ?? parameters);
}

/** The best so far as numbers of a checkpoint; none before the first validation. */
export function bestNumbers(best: Best | null): Record<string, number> {
  if (best === null) return {};
  return { bestScore: best.score, bestViolation: best.violation, bestEpoch: best.epoch };
}
