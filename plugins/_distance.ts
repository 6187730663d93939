import { perObject } from "./_memo.ts";

/** How far two items are from each other. */
export type DistanceName = "jaccard" | "cosine" | "hamming";

/** The distance of two sets by what they share and what each holds. */
const OF_SETS: Readonly<Record<DistanceName, SetDistance>> = {
  jaccard: (shared, a, b) => (a + b - 2 * shared) / (a + b - shared),
  hamming: (shared, a, b) => a + b - 2 * shared,
  cosine: (shared, a, b) => 1 - shared / Math.sqrt(a * b),
};

/**
 * The sum of the distances over all pairs of sets, each a row of bits.
 *
 * @param bits [sets · words] 32 members a word
 * @returns a function of the first `count` rows of a list
 * @example
 * ```ts
 * import { setDistances } from "./_distance.ts";
 * import { assertEquals } from "@std/assert";
 * const sum = setDistances("jaccard", Uint32Array.of(0b011, 0b110, 0b011), 1);
 * assertEquals(sum(Int32Array.of(0, 1, 2), 3), 2 / 3 + 0 + 2 / 3);
 * ```
 */
export function setDistances(
  name: DistanceName,
  bits: Uint32Array,
  words: number,
): (rows: Int32Array, count: number) => number {
  return words === 1 ? distancesOfWords(name, bits) : distancesOfRows(OF_SETS[name], bits, words);
}

type SetDistance = (shared: number, a: number, b: number) => number;

/** Every distance that there can be between sets of up to 32 members. */
interface Distances {
  /** One more than the greatest set has. */
  readonly most: number;
  /** [most · most · most] by the sizes of both and what they share. */
  readonly table: Float64Array;
}

/** By distance, worked out once for an array of sets. */
const distancesOf = perObject((bits: Uint32Array) => {
  const most = 1 + bits.reduce((most, word) => Math.max(most, ones(word)), 0);
  const of = (distance: SetDistance): Distances => ({
    most,
    table: Float64Array.from(
      { length: most * most * most },
      (_, at) => distance(at % most, Math.floor(at / most) % most, Math.floor(at / (most * most))),
    ),
  });
  return { jaccard: of(OF_SETS.jaccard), hamming: of(OF_SETS.hamming), cosine: of(OF_SETS.cosine) };
});

function distancesOfWords(name: DistanceName, bits: Uint32Array) {
  const { most, table } = distancesOf(bits)[name];
  let sets = new Int32Array(0);
  let sizes = new Int32Array(0);
  return (rows: Int32Array, count: number) => {
    if (sizes.length < count) {
      sets = new Int32Array(count);
      sizes = new Int32Array(count);
    }
    let sum = 0;
    for (let a = 0; a < count; a++) {
      const members = bits[rows[a]!]! | 0;
      const size = ones(members);
      const ofSize = size * most * most;
      for (let b = 0; b < a; b++) sum += table[ofSize + sizes[b]! + ones(members & sets[b]!)]!;
      sets[a] = members;
      sizes[a] = size * most;
    }
    return sum;
  };
}

/** Any number of members. */
function distancesOfRows(distance: SetDistance, bits: Uint32Array, words: number) {
  const shared = (a: number, b: number) => {
    let sum = 0;
    for (let word = 0; word < words; word++) sum += ones(bits[a * words + word]! & bits[b * words + word]!);
    return sum;
  };
  return (rows: Int32Array, count: number) => {
    let sum = 0;
    for (let a = 0; a < count; a++) {
      const row = rows[a]!;
      const size = shared(row, row);
      for (let b = 0; b < a; b++) sum += distance(shared(row, rows[b]!), size, shared(rows[b]!, rows[b]!));
    }
    return sum;
  };
}

/**
 * Distance of two vectors. For `jaccard` a component other than 0 is a member.
 *
 * @example
 * ```ts
 * import { vectorDistance } from "./_distance.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(vectorDistance("hamming", [0, 1, 2], [0, 1, 3]), 1);
 * assertEquals(vectorDistance("cosine", [1, 0], [0, 2]), 1);
 * ```
 */
export function vectorDistance(name: DistanceName, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, normA, normB, differing, both, either] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    dot += x * y;
    normA += x * x;
    normB += y * y;
    differing += Number(x !== y);
    both += Number(x !== 0 && y !== 0);
    either += Number(x !== 0 || y !== 0);
  }
  switch (name) {
    case "jaccard":
      return (either - both) / either;
    case "hamming":
      return differing;
    case "cosine":
      return 1 - dot / Math.sqrt(normA * normB);
  }
}

/** Bits set in 0 … 65,535. */
const ONES = new Uint8Array(1 << 16);
for (let word = 1; word < ONES.length; word++) ONES[word] = ONES[word >>> 1]! + (word & 1);

/** Bits set in a 32-bit word. */
function ones(word: number): number {
  return ONES[word & 0xffff]! + ONES[word >>> 16]!;
}
