/** The candidate with the smallest edit distance to the given word. */
export function closestString(
  givenWord: string,
  possibleWords: readonly string[],
  options?: {
    caseSensitive?: boolean;
    compareFn?: (a: string, b: string) => number;
  },
): string;
