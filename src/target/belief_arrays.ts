import { BladeError } from "../core/errors.ts";
import { type Belief, type BeliefSettings, createBelief } from "./belief_state.ts";
import { type AtomArrays, evidenceOf } from "./evidence.ts";

/** A belief as named arrays, the form in which a checkpoint keeps it. */
export type BeliefArrays = Record<string, Float64Array | Int32Array>;

/** Kinds of target with how they count ties, by the number that stands for them. */
const KINDS: readonly Pick<BeliefSettings, "kind" | "ties">[] = [
  { kind: "bayesian" },
  { kind: "static" },
  { kind: "static", ties: "up-to" },
  { kind: "static", ties: "exact" },
];

/**
 * A belief as named arrays: the atoms of all contexts one after the other, and where each context's begin.
 *
 * @example
 * ```ts
 * import { createBelief, setPrior } from "./belief.ts";
 * import { deserializeBelief, serializeBelief } from "./belief_arrays.ts";
 * import { assertEquals } from "@std/assert";
 * const settings = { n: 4, priorStrength: 2, discount: 0.9, pooling: 0, maxAtoms: 128, columns: 1 };
 * const empty = createBelief({ kind: "bayesian", contexts: 2, ...settings });
 * const belief = setPrior(empty, [1], { values: [Float64Array.of(0, 1)], defined: Uint8Array.of(1, 1) }, 2);
 * assertEquals(deserializeBelief(serializeBelief(belief)).evidence[1]!.atoms, [[0, 1], [1, 1]]);
 * ```
 */
export function serializeBelief(belief: Belief): BeliefArrays {
  const { kind, ties, n, priorStrength, discount, pooling, maxAtoms, columns } = belief.settings;
  const contexts = belief.evidence.length;
  const offsets = new Int32Array(contexts + 1);
  belief.evidence.forEach((evidence, i) => offsets[i + 1] = offsets[i]! + evidence.weights.length);
  const atoms = offsets[contexts]!;
  const arrays = {
    settings: Float64Array.of(kindNumber(kind, ties), n, priorStrength, discount, pooling, maxAtoms, columns),
    offsets,
    capacities: Int32Array.from(belief.evidence, (evidence) => evidence.maxAtoms),
    values: new Float64Array(atoms * columns),
    weights: new Float64Array(atoms),
    priorWeights: new Float64Array(atoms),
    ages: new Int32Array(atoms),
    pool: belief.pool.values.slice(),
    poolNext: Int32Array.of(belief.pool.next),
  };
  belief.evidence.forEach((evidence, i) => {
    arrays.values.set(evidence.values, offsets[i]! * columns);
    arrays.weights.set(evidence.weights, offsets[i]!);
    arrays.priorWeights.set(evidence.priorWeights, offsets[i]!);
    arrays.ages.set(evidence.ages, offsets[i]!);
  });
  return arrays;
}

/**
 * The belief that `serializeBelief` wrote, number for number.
 *
 * @throws {BladeError} when an array is missing or does not fit the others.
 */
export function deserializeBelief(arrays: Readonly<BeliefArrays>): Belief {
  const settings = settingsFrom(floats(arrays, "settings", 7));
  const { columns } = settings;
  const capacities = integers(arrays, "capacities");
  const contexts = capacities.length;
  const offsets = integers(arrays, "offsets", contexts + 1);
  const atoms = offsets[contexts]!;
  const all: AtomArrays = {
    values: floats(arrays, "values", atoms * columns),
    weights: floats(arrays, "weights", atoms),
    priorWeights: floats(arrays, "priorWeights", atoms),
    ages: integers(arrays, "ages", atoms),
  };
  const evidence = Array.from(capacities, (capacity, i) => {
    const [start, end] = [offsets[i]!, offsets[i + 1]!];
    if (start < 0 || end < start) throw damaged("offsets", "must not fall");
    return evidenceOf(
      {
        values: all.values.slice(start * columns, end * columns),
        weights: all.weights.slice(start, end),
        priorWeights: all.priorWeights.slice(start, end),
        ages: all.ages.slice(start, end),
      },
      columns,
      capacity,
    );
  });
  const pool = { values: floats(arrays, "pool").slice(), columns, next: integers(arrays, "poolNext", 1)[0]! };
  return { ...createBelief({ ...settings, contexts: 0 }), evidence, pool };
}

function kindNumber(kind: BeliefSettings["kind"], ties: BeliefSettings["ties"]): number {
  const counted = ties === "half" ? undefined : ties;
  return KINDS.findIndex((each) =>
    each.kind === kind && each.ties === (kind === "static" ? counted : undefined)
  );
}

function settingsFrom(numbers: Float64Array): BeliefSettings {
  const [kindIndex, n, priorStrength, discount, pooling, maxAtoms, columns] = numbers;
  const kind = KINDS[kindIndex!];
  if (kind === undefined) throw damaged("settings", "must name a kind of target");
  return {
    ...kind,
    n: n!,
    priorStrength: priorStrength!,
    discount: discount!,
    pooling: pooling!,
    maxAtoms: maxAtoms!,
    columns: columns!,
  };
}

function floats(arrays: Readonly<BeliefArrays>, name: string, length?: number): Float64Array {
  const array = arrays[name];
  if (!(array instanceof Float64Array)) throw damaged(name, "must be an array of 64-bit floats");
  if (length !== undefined && array.length !== length) throw wrongLength(name, length, array.length);
  return array;
}

function integers(arrays: Readonly<BeliefArrays>, name: string, length?: number): Int32Array {
  const array = arrays[name];
  if (!(array instanceof Int32Array)) throw damaged(name, "must be an array of 32-bit integers");
  if (length !== undefined && array.length !== length) throw wrongLength(name, length, array.length);
  return array;
}

function wrongLength(name: string, expected: number, actual: number): BladeError {
  return damaged(name, `must have ${expected} entries`, actual);
}

function damaged(name: string, rule: string, ...value: [] | [number]): BladeError {
  return new BladeError({
    place: `checkpoint: belief.${name}`,
    rule,
    ...(value.length === 1 ? { value: value[0] } : {}),
    mend: "resume from an earlier checkpoint, this one is damaged",
  });
}
