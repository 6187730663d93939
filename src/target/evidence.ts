import { BladeError } from "../core/errors.ts";
import { compareRows, copyRow, type Observations, rowsOf, tallyRows } from "./observations.ts";
import { requireCapacity, requireDiscount, requireRewards, requireWeight } from "./requirements.ts";

/** Atoms lighter than this are dropped at a visit: against a rollout's weight of 1 they say nothing. */
const WEIGHT_FLOOR = 1e-9;
const DEFAULT_MAX_ATOMS = 128;

/**
 * What is known of one context's rewards: weighted atoms, ascending, without repeats. An atom holds the raw values of
 * the reward's metrics, so that history stays true when their weights change; a plain reward is one value.
 */
export interface Evidence {
  /** The atoms of a plain reward as pairs, made when asked for; of several metrics, by the first one's value. */
  readonly atoms: readonly (readonly [reward: number, weight: number])[];
  /** Metrics of an atom; 1 for a plain reward. */
  readonly columns: number;
  /** [atoms·columns] rounded to 12 significant digits; rows strictly ascending. */
  readonly values: Float64Array;
  /** [atoms] weight of each, in observations. */
  readonly weights: Float64Array;
  /** [atoms] the part of the weight that stems from the prior. */
  readonly priorWeights: Float64Array;
  /** [atoms] visits since the atom was last observed. */
  readonly ages: Int32Array;
  /** At most so many atoms are kept. */
  readonly maxAtoms: number;
}

/** The arrays of an `Evidence`. */
export type AtomArrays = Pick<Evidence, "values" | "weights" | "priorWeights" | "ages">;

/** An `Evidence` around arrays that are valid already: ascending and of lengths that fit. */
export function evidenceOf(arrays: AtomArrays, columns: number, maxAtoms: number): Evidence {
  return {
    ...arrays,
    columns,
    maxAtoms,
    get atoms() {
      return Array.from(arrays.weights, (weight, i) => [arrays.values[i * columns]!, weight] as const);
    },
  };
}

/**
 * The evidence before the first visit: the reference's slates share the prior strength evenly, each at age 0.
 *
 * @param o.prior Rewards of the M reference slates; none is allowed, and is no evidence at all. Of several metrics
 * [M·columns], slate by slate.
 * @param o.priorStrength α: weight of all of them together, in pseudo-observations, ≥ 0.
 * @param o.maxAtoms Distinct rewards that are remembered; 128 unless told.
 * @param o.columns Metrics; 1 unless told.
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
  o: {
    readonly prior: ArrayLike<number>;
    readonly priorStrength: number;
    readonly maxAtoms?: number;
    readonly columns?: number;
  },
): Evidence {
  const { maxAtoms = DEFAULT_MAX_ATOMS, columns = 1 } = o;
  requireCapacity(maxAtoms);
  requireWeight("target.priorStrength", o.priorStrength);
  requireRewards("prior", o.prior);
  const seen = tallyOf(o.prior, columns);
  const slates = o.prior.length / columns;
  if (o.priorStrength === 0 || slates === 0) return evidenceOf(emptyAtoms(), columns, maxAtoms);
  const weights = seen.weights.map((count) => count * (o.priorStrength / slates));
  const atoms = {
    values: seen.values,
    weights,
    priorWeights: weights.slice(),
    ages: new Int32Array(weights.length),
  };
  return evidenceOf(withinCapacity(atoms, columns, maxAtoms), columns, maxAtoms);
}

/**
 * The evidence after a visit: what was known fades by the discount, each rollout adds weight 1 (E ← λE ∪ {(r_j, 1)}).
 * Equal rewards merge. Atoms that have faded to nothing are dropped, and past the capacity the longest unobserved.
 *
 * @param rewards Rewards of the visit's rollouts, of several metrics [G·columns]. None is no visit: nothing fades.
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
  const { columns, maxAtoms } = evidence;
  requireDiscount(o.discount);
  requireRewards("rewards", rewards);
  if (rewards.length === 0) return evidence;
  const after = merged(evidence, tallyOf(rewards, columns), o.discount, columns);
  return evidenceOf(withinCapacity(after, columns, maxAtoms), columns, maxAtoms);
}

function tallyOf(rewards: ArrayLike<number>, columns: number): Observations {
  if (rewards.length % columns !== 0) {
    throw new BladeError({
      place: "rewards",
      rule: `must hold whole rows of ${columns} values`,
      value: rewards.length,
      mend: "give a value per metric and slate",
    });
  }
  return tallyRows(rowsOf([rewards], Array.from(rewards, (_, at) => at)), columns);
}

function emptyAtoms(capacity = 0, columns = 1): AtomArrays {
  return {
    values: new Float64Array(capacity * columns),
    weights: new Float64Array(capacity),
    priorWeights: new Float64Array(capacity),
    ages: new Int32Array(capacity),
  };
}

/** One pass over two ascending lists. */
function merged(old: AtomArrays, seen: Observations, discount: number, columns: number): AtomArrays {
  const [known, observed] = [old.weights.length, seen.weights.length];
  const out = emptyAtoms(known + observed, columns);
  let [i, j, size] = [0, 0, 0];
  while (i < known || j < observed) {
    const order = i === known ? 1 : j === observed ? -1 : compareRows(old.values, i, seen.values, j, columns);
    const weight = (order <= 0 ? old.weights[i]! * discount : 0) + (order >= 0 ? seen.weights[j]! : 0);
    if (weight >= WEIGHT_FLOOR) {
      if (order <= 0) copyRow(old.values, i, out.values, size, columns);
      else copyRow(seen.values, j, out.values, size, columns);
      out.weights[size] = weight;
      out.priorWeights[size] = order <= 0 ? old.priorWeights[i]! * discount : 0;
      out.ages[size] = order >= 0 ? 0 : old.ages[i]! + 1;
      size++;
    }
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return taken(out, Array.from({ length: size }, (_, at) => at), columns);
}

/** Drops the longest unobserved atoms that exceed the capacity; of equal age the lightest; of those, high and low alike. */
function withinCapacity(atoms: AtomArrays, columns: number, maxAtoms: number): AtomArrays {
  const size = atoms.weights.length;
  if (size <= maxAtoms) return atoms;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) =>
    atoms.ages[a]! - atoms.ages[b]! || atoms.weights[b]! - atoms.weights[a]! || scattered(a) - scattered(b)
  );
  return taken(atoms, order.slice(0, maxAtoms).sort((a, b) => a - b), columns);
}

/** An order of places that has nothing to do with the order of rewards. */
function scattered(index: number): number {
  return Math.imul(index + 1, 0x9e3779b1) >>> 0;
}

/** The named atoms, in that order. */
function taken(atoms: AtomArrays, places: readonly number[], columns: number): AtomArrays {
  const out = emptyAtoms(places.length, columns);
  places.forEach((from, to) => {
    copyRow(atoms.values, from, out.values, to, columns);
    out.weights[to] = atoms.weights[from]!;
    out.priorWeights[to] = atoms.priorWeights[from]!;
    out.ages[to] = atoms.ages[from]!;
  });
  return out;
}
