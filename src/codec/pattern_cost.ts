import { pow } from "../numerics/power.ts";

/** How a part of a pattern may match: in so many ways, `factor · n^degree` on n letters. */
interface Ways {
  readonly factor: number;
  readonly degree: number;
}

/** One part of a sequence. */
interface Part {
  readonly ways: Ways;
  /** Whether a text must have something for it, so that what stands before may be tried again. */
  readonly needed: boolean;
}

const ONCE: Ways = { factor: 1, degree: 0 };

/** More repetitions than this count as any number. */
const MANY = 16;

/**
 * In how many ways a pattern can match at one place of a text before it fails: `factor · n^degree` on n letters, an upper
 * bound. What nothing needed follows is tried once. A repetition of what can itself match in more than one way has no
 * such bound: 2^n of `(a+)+`. Patterns of tokenizers have degree 1 and a small factor.
 *
 * @param pattern as Oniguruma or ECMAScript write one; what is no pattern is not told from one that is
 *
 * @example
 * ```ts
 * import { patternCost } from "./pattern_cost.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(patternCost(" ?\\p{L}+|\\s+(?!\\S)"), { factor: 3, degree: 1 });
 * assertEquals(patternCost("a*a*b").degree, 2);
 * assertEquals(patternCost("(a+)+b").degree, Infinity);
 * ```
 */
export function patternCost(pattern: string): Ways {
  let at = 0;
  let depth = 0;

  /** Parts up to a `)` or the end, the ways of each branch added up. */
  function branches(isOuter: boolean): Ways {
    let all: Ways = { factor: 0, degree: 0 };
    for (;;) {
      all = either(all, sequence(isOuter));
      if (pattern[at] !== "|") return all;
      at++;
    }
  }

  function sequence(isOuter: boolean): Ways {
    const parts: Part[] = [];
    while (at < pattern.length && pattern[at] !== "|") {
      if (pattern[at] === ")") {
        if (!isOuter || depth > 0) break;
        at++; // closes nothing: the pattern is refused where it is compiled
        continue;
      }
      const ways = atom();
      parts.push(repeated(ways));
    }
    // Within a group anything may follow.
    const last = isOuter ? parts.findLastIndex(({ needed }) => needed) : parts.length;
    return parts.slice(0, last).reduce((product, { ways }) => both(product, ways), ONCE);
  }

  function atom(): Ways {
    const letter = pattern[at];
    if (letter === "(") return group();
    if (letter === "[") skipClass();
    else if (letter === "\\") {
      // What a group has matched may be as long as the text.
      if (/[1-9k]/.test(pattern[at + 1] ?? "")) {
        at += 2;
        return { factor: 1, degree: 1 };
      }
      at += /^\\[pPuxN]\{/.test(pattern.slice(at, at + 3)) ? afterBrace(at) - at : 2;
    } else at += letter !== undefined && letter > "\ud7ff" && letter < "\udc00" ? 2 : 1;
    return ONCE;
  }

  function group(): Ways {
    at += /^\((\?(<[=!]|[=!:>]|<[^>]*>|[a-z-]*[:)]))?/i.exec(pattern.slice(at, at + 200))![0].length;
    if (pattern[at - 1] === ")") return ONCE; // (?i)
    if (depth >= DEEPEST) {
      at = pattern.length;
      return { factor: 1, degree: Infinity };
    }
    depth++;
    const ways = branches(false);
    depth--;
    at++;
    return ways;
  }

  function skipClass(): void {
    let open = 0;
    for (; at < pattern.length; at++) {
      if (pattern[at] === "\\") at++;
      else if (pattern[at] === "[") open++;
      else if (pattern[at] === "]" && --open === 0) break;
    }
    at++;
  }

  function afterBrace(from: number): number {
    const end = pattern.indexOf("}", from);
    return end < 0 ? pattern.length : end + 1;
  }

  /** What follows an atom: `?`, `*`, `+`, `{2,3}`, with a `?` or `+` of their own, one after another. */
  function repeated(ways: Ways): Part {
    let part: Part = { ways, needed: true };
    for (;;) {
      const [whole, mark, least, comma, most] =
        /^(?:([?*+])|\{(\d*)(,?)(\d*)\})/.exec(pattern.slice(at, at + 40)) ?? [];
      if (whole === undefined || whole === "{}" || whole === "{,}") return part;
      at += whole.length;
      const from = mark === undefined ? Number(least || 0) : mark === "+" ? 1 : 0;
      const to = mark === undefined
        ? comma === "" ? from : most === "" ? Infinity : Number(most)
        : mark === "?"
        ? 1
        : Infinity;
      // A lazy or possessive mark right after is no repetition of its own; a + after braces is one.
      if (pattern[at] === "?" || (pattern[at] === "+" && mark !== undefined)) at++;
      part = { ways: times(part.ways, from, to), needed: part.needed && from > 0 };
    }
  }

  return branches(true);
}

/** Groups in groups: deeper ones are nobody's. */
const DEEPEST = 50;

function times(ways: Ways, from: number, to: number): Ways {
  const isOne = ways.factor === 1 && ways.degree === 0;
  if (to <= 1) return { factor: ways.factor + (from === 0 ? 1 : 0), degree: ways.degree };
  if (!isOne) return to > MANY ? { factor: 1, degree: Infinity } : power(ways, from, to);
  return to > MANY && to !== from ? { factor: 1, degree: 1 } : { factor: to - from + 1, degree: 0 };
}

function power({ factor, degree }: Ways, from: number, to: number): Ways {
  return { factor: (to - from + 1) * pow(factor, to), degree: degree * to };
}

function either(one: Ways, other: Ways): Ways {
  return { factor: one.factor + other.factor, degree: Math.max(one.degree, other.degree) };
}

function both(one: Ways, other: Ways): Ways {
  return { factor: one.factor * other.factor, degree: one.degree + other.degree };
}
