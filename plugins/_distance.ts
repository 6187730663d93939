/** How far two items are from each other. */
export type DistanceName = "jaccard" | "cosine" | "hamming";

/** The distance of two sets by what they share and what each holds. */
const OF_SETS: Readonly<Record<DistanceName, (shared: number, a: number, b: number) => number>> = {
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
  const distance = OF_SETS[name];
  let sets = new Int32Array(0);
  let sizes = new Int32Array(0);
  return (rows, count) => {
    if (sizes.length < count) {
      sets = new Int32Array(count * words);
      sizes = new Int32Array(count);
    }
    for (let a = 0; a < count; a++) {
      sizes[a] = 0;
      for (let word = 0; word < words; word++) {
        const members = bits[rows[a]! * words + word]!;
        sets[a * words + word] = members;
        sizes[a]! += ones(members);
      }
    }
    let sum = 0;
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        let shared = 0;
        for (let word = 0; word < words; word++) {
          shared += ones(sets[a * words + word]! & sets[b * words + word]!);
        }
        sum += distance(shared, sizes[a]!, sizes[b]!);
      }
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

/** Bits set in a 32-bit word. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}
