import { roundSignificant } from "../numerics/round_significant.ts";
import { requireCapacity, requireDiscount, requireRewards, requireWeight } from "./requirements.ts";

/** Atoms lighter than this are dropped at a visit: against a rollout's weight of 1 they say nothing. */
const WEIGHT_FLOOR = 1e-9;
const DEFAULT_MAX_ATOMS = 128;

/** What is known of one context's rewards: weighted atoms, in ascending order of reward, without repeats. */
export interface Evidence {
  /** The atoms as pairs, made when asked for. */
  readonly atoms: readonly (readonly [reward: number, weight: number])[];
  /** [atoms] rewards, rounded to 12 significant digits, strictly ascending. */
  readonly rewards: Float64Array;
  /** [atoms] weight of each, in observations. */
  readonly weights: Float64Array;
  /** [atoms] the part of the weight that stems from the prior. */
  readonly priorWeights: Float64Array;
  /** [atoms] visits since the reward was last observed. */
  readonly ages: Int32Array;
  /** At most so many atoms are kept. */
  readonly maxAtoms: number;
}

/** The arrays of an `Evidence`. */
export type AtomArrays = Pick<Evidence, "rewards" | "weights" | "priorWeights" | "ages">;

/** An `Evidence` around arrays that are valid already: ascending and of equal length. */
export function evidenceOf(arrays: AtomArrays, maxAtoms: number): Evidence {
  return {
    ...arrays,
    maxAtoms,
    get atoms() {
      return Array.from(arrays.rewards, (reward, i) => [reward, arrays.weights[i]!] as const);
    },
  };
}

/**
 * The evidence before the first visit: the reference's slates share the prior strength evenly, each at age 0.
 *
 * @param o.prior Rewards of the M reference slates; none is allowed, and is no evidence at all.
 * @param o.priorStrength α: weight of all of them together, in pseudo-observations, ≥ 0.
 * @param o.maxAtoms Distinct rewards that are remembered; 128 unless told.
 * @throws {BladeError} when a number is out of its range.
 *
 * @example
 * ```ts
 * import { createEvidence } from "./evidence.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(createEvidence({ prior: [1, 0, 0, 0], priorStrength: 8 }).atoms, [[0, 6], [1, 2]]);
 * ```
 */
export function createEvidence(
  o: { readonly prior: ArrayLike<number>; readonly priorStrength: number; readonly maxAtoms?: number },
): Evidence {
  const maxAtoms = o.maxAtoms ?? DEFAULT_MAX_ATOMS;
  requireCapacity(maxAtoms);
  requireWeight("target.priorStrength", o.priorStrength);
  requireRewards("prior", o.prior);
  const sorted = sortedRewards(o.prior);
  if (o.priorStrength === 0 || sorted.length === 0) return evidenceOf(emptyAtoms(), maxAtoms);
  const each = o.priorStrength / sorted.length;
  const { rewards, counts } = tally(sorted);
  const weights = counts.map((count) => count * each);
  const atoms = { rewards, weights, priorWeights: weights.slice(), ages: new Int32Array(rewards.length) };
  return evidenceOf(withinCapacity(atoms, maxAtoms), maxAtoms);
}

/**
 * The evidence after a visit: what was known fades by the discount, each rollout adds weight 1 (E ← λE ∪ {(r_j, 1)}).
 * Equal rewards merge. Atoms that have faded to nothing are dropped, and past the capacity the longest unobserved.
 *
 * @param rewards Rewards of the visit's rollouts. None is no visit: nothing fades.
 * @param o.discount λ in (0, 1] per visit.
 * @throws {BladeError} when the discount is out of range or a reward is no number.
 *
 * @example
 * ```ts
 * import { createEvidence, updateEvidence } from "./evidence.ts";
 * import { assertEquals } from "@std/assert";
 * const before = createEvidence({ prior: [0, 1], priorStrength: 2 });
 * assertEquals(updateEvidence(before, [1, 2], { discount: 0.5 }).atoms, [[0, 0.5], [1, 1.5], [2, 1]]);
 * ```
 */
export function updateEvidence(
  evidence: Evidence,
  rewards: ArrayLike<number>,
  o: { readonly discount: number },
): Evidence {
  requireDiscount(o.discount);
  requireRewards("rewards", rewards);
  if (rewards.length === 0) return evidence;
  const seen = tally(sortedRewards(rewards));
  return evidenceOf(withinCapacity(merged(evidence, seen, o.discount), evidence.maxAtoms), evidence.maxAtoms);
}

/** Rewards rounded to 12 significant digits, ascending. */
export function sortedRewards(rewards: ArrayLike<number>): Float64Array {
  return Float64Array.from(rewards, (reward) => roundSignificant(reward)).sort();
}

/** Distinct values of a sorted array, with how often each occurs. */
export function tally(sorted: Float64Array): { rewards: Float64Array; counts: Float64Array } {
  const rewards = new Float64Array(sorted.length);
  const counts = new Float64Array(sorted.length);
  let last = -1;
  for (const reward of sorted) {
    if (last < 0 || reward !== rewards[last]) rewards[++last] = reward;
    counts[last]! += 1;
  }
  return { rewards: rewards.slice(0, last + 1), counts: counts.slice(0, last + 1) };
}

function emptyAtoms(capacity = 0): AtomArrays {
  return {
    rewards: new Float64Array(capacity),
    weights: new Float64Array(capacity),
    priorWeights: new Float64Array(capacity),
    ages: new Int32Array(capacity),
  };
}

/** One pass over two ascending lists. */
function merged(
  old: AtomArrays,
  seen: { readonly rewards: Float64Array; readonly counts: Float64Array },
  discount: number,
): AtomArrays {
  const out = emptyAtoms(old.rewards.length + seen.rewards.length);
  let [i, j, size] = [0, 0, 0];
  while (i < old.rewards.length || j < seen.rewards.length) {
    const known = j === seen.rewards.length ||
      (i < old.rewards.length && old.rewards[i]! <= seen.rewards[j]!);
    const observed = i === old.rewards.length ||
      (j < seen.rewards.length && seen.rewards[j]! <= old.rewards[i]!);
    const weight = (known ? old.weights[i]! * discount : 0) + (observed ? seen.counts[j]! : 0);
    if (weight >= WEIGHT_FLOOR) {
      out.rewards[size] = known ? old.rewards[i]! : seen.rewards[j]!;
      out.weights[size] = weight;
      out.priorWeights[size] = known ? old.priorWeights[i]! * discount : 0;
      out.ages[size] = observed ? 0 : old.ages[i]! + 1;
      size++;
    }
    if (known) i++;
    if (observed) j++;
  }
  return sliced(out, size);
}

/** Drops the longest unobserved atoms that exceed the capacity; of equal age the lightest; of those, high and low alike. */
function withinCapacity(atoms: AtomArrays, maxAtoms: number): AtomArrays {
  const size = atoms.rewards.length;
  if (size <= maxAtoms) return atoms;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) =>
    atoms.ages[a]! - atoms.ages[b]! || atoms.weights[b]! - atoms.weights[a]! || scattered(a) - scattered(b)
  );
  const kept = order.slice(0, maxAtoms).sort((a, b) => a - b);
  const out = emptyAtoms(maxAtoms);
  kept.forEach((from, to) => {
    out.rewards[to] = atoms.rewards[from]!;
    out.weights[to] = atoms.weights[from]!;
    out.priorWeights[to] = atoms.priorWeights[from]!;
    out.ages[to] = atoms.ages[from]!;
  });
  return out;
}

/** An order of places that has nothing to do with the order of rewards. */
function scattered(index: number): number {
  return Math.imul(index + 1, 0x9e3779b1) >>> 0;
}

function sliced(atoms: AtomArrays, size: number): AtomArrays {
  if (size === atoms.rewards.length) return atoms;
  return {
    rewards: atoms.rewards.slice(0, size),
    weights: atoms.weights.slice(0, size),
    priorWeights: atoms.priorWeights.slice(0, size),
    ages: atoms.ages.slice(0, size),
  };
}
