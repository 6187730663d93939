import type { Observer } from "../core/observer.ts";
import type { Result, SystemName } from "../core/results.ts";
import type { Constraint } from "../reward/constraints.ts";
import type { AlignmentFacts } from "./stages.ts";

/**
 * What the user should know of a finished run beside the numbers: closing sentences, and warnings (through the
 * observer) where the reference is weak or the reward says little.
 */
export function adviceOn(
  n: number,
  constraints: readonly Constraint[],
  results: readonly Result[],
  facts: AlignmentFacts | null,
  observer: Observer,
): string[] {
  warnOfWeakReference(results, observer);
  if (facts === null) return ["Supervised only: align.method is sft."];
  const first = facts.course.epochs[0];
  const last = facts.course.epochs.at(-1);
  if (first === undefined || last === undefined) return ["Nothing was aligned: align.epochs is 0."];
  const passed = last.reward > facts.bestOfN ? "past" : "not past";
  const learned = facts.online
    ? [
      `Training reward ${first.reward.toFixed(4)} in the first epoch, ${
        last.reward.toFixed(4)
      } in the last: ` +
      `${passed} best-of-${n} of the reference, ${facts.bestOfN.toFixed(4)}.`,
      `Signal ${first.signal.toFixed(3)} nats in the first epoch, ${last.signal.toFixed(3)} in the last.`,
    ]
    : [
      "Learned from slates of the reference, whose training reward does not move; best-of-" +
      `${n} of them is ${facts.bestOfN.toFixed(4)}.`,
    ];
  return [
    ...learned,
    keptWeights(facts),
    ...constraints.map((constraint, i) =>
      keptConstraint(constraint, facts.multipliers[i]!, results, observer)
    ),
  ];
}

/** How a constraint did on test. It is kept in training; that it holds for other users has to be seen. */
function keptConstraint(
  { metric: { spec }, side, bound }: Constraint,
  multiplier: number,
  results: readonly Result[],
  observer: Observer,
): string {
  const level = (system: SystemName) =>
    results.find((result) => result.system === system && result.metric === spec)?.mean ?? null;
  const words = `${spec} ${side === "atMost" ? "at most" : "at least"} ${bound}`;
  const [aligned, reference] = [level("aligned"), level("reference")];
  const shown = (mean: number | null) => mean === null ? "without a value" : mean.toFixed(4);
  const kept = aligned !== null && (side === "atMost" ? aligned <= bound : aligned >= bound);
  if (aligned !== null && !kept) {
    observer.note(
      "warning",
      `The constraint ${words} does not hold on test: ${
        shown(aligned)
      }. Ask for more than is needed, train longer ` +
        "(align.epochs), or raise reward.multiplierRate.",
    );
  }
  return `Constraint ${words}: ${shown(aligned)} on test, the reference ${shown(reference)}; ` +
    `multiplier ${multiplier.toFixed(2)} at the end.`;
}

function keptWeights({ bestEpoch, course: { epochs } }: AlignmentFacts): string {
  return bestEpoch === 0
    ? `No epoch of ${epochs.length} did better on validation than the reference, whose weights were kept.`
    : `The weights of epoch ${bestEpoch} of ${epochs.length} did best on validation and were kept.`;
}

function warnOfWeakReference(results: readonly Result[], observer: Observer): void {
  const ndcg = (system: SystemName) =>
    results.find((result) => result.system === system && result.metric === "ndcg@10")?.mean ?? null;
  const reference = ndcg("reference");
  if (reference === null) return;
  for (const baseline of ["most-popular", "item-knn"] as const) {
    const other = ndcg(baseline);
    if (other === null || reference > other) continue;
    observer.note(
      "warning",
      `The reference's ndcg@10 on test, ${reference.toFixed(4)}, does not beat ${baseline} (${
        other.toFixed(4)
      }): gains ` +
        "from aligning it count for little. Train it longer (sft.epochs, sft.patience), larger (model.width, " +
        "model.layers), or on more data (data.kCore, data.minRating).",
    );
  }
}
