/** Random catalogs, no item of which is the beginning of another. */
import fc from "fast-check";

function isBeginning(one: readonly number[], other: readonly number[]): boolean {
  return one.every((token, at) => other[at] === token);
}

/** 1 to 12 sequences of tokens from 0 to 4, few enough that beginnings are shared. */
export const prefixFree: fc.Arbitrary<number[][]> = fc
  .array(fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((sequences) => {
    const kept: number[][] = [];
    for (const sequence of sequences) {
      if (!kept.some((other) => isBeginning(other, sequence) || isBeginning(sequence, other))) {
        kept.push(sequence);
      }
    }
    return kept;
  });
