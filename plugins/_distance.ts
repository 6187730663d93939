/** How far two items are from each other; undefined when it cannot be said of one of them. */
export type Distance = (a: number, b: number) => number;

export type DistanceName = "jaccard" | "cosine" | "hamming";

/**
 * Distances between sets, each a row of bits, by their rows.
 *
 * @param bits [sets · words] 32 members a word
 * @example
 * ```ts
 * import { setDistance } from "./_distance.ts";
 * import { assertEquals } from "@std/assert";
 * const between = setDistance("jaccard", Uint32Array.of(0b011, 0b110), 1);
 * assertEquals(between(0, 1), 2 / 3);
 * ```
 */
export function setDistance(name: DistanceName, bits: Uint32Array, words: number): Distance {
  const overlap = (a: number, b: number) => {
    let [both, onlyA, onlyB] = [0, 0, 0];
    for (let word = 0; word < words; word++) {
      const x = bits[a * words + word]!;
      const y = bits[b * words + word]!;
      both += ones(x & y);
      onlyA += ones(x & ~y);
      onlyB += ones(y & ~x);
    }
    return { both, onlyA, onlyB };
  };
  return (a, b) => {
    const { both, onlyA, onlyB } = overlap(a, b);
    switch (name) {
      case "jaccard":
        return (onlyA + onlyB) / (both + onlyA + onlyB);
      case "hamming":
        return onlyA + onlyB;
      case "cosine":
        return 1 - both / Math.sqrt((both + onlyA) * (both + onlyB));
    }
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
