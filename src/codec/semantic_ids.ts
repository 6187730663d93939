import { BladeError } from "../core/errors.ts";

/**
 * Sequences of codes that stand for items: no two are equal, none begins another, so that whoever reads codes one
 * after another knows where an item ends. Compressed rows: item i owns codes[offsets[i]] … codes[offsets[i + 1] − 1].
 */
export interface SemanticIds {
  /** [items + 1] */
  readonly offsets: Int32Array;
  /** Code of each level, item after item. */
  readonly codes: Int32Array;
  /** The items that share their codes with others but for a last level that numbers them, rising. */
  readonly shared: Int32Array;
}

/** Levels have letters for names. */
export const MAX_LEVELS = 26;

/**
 * Sequences of codes, one an item and each its own. Where items have all their codes in common, every item gets one
 * more level that numbers those that share: 0, 1, 2 … by item, and 0 for an item that shares with none (Rajput et al.
 * 2023, section 3.1). So all sequences are of one length.
 *
 * @param codes [items, levels] whole numbers >= 0
 * @throws {BladeError} when there are no levels or more than letters, or codes do not come in rows of `levels`
 * @example
 * ```ts
 * import { semanticIds } from "./semantic_ids.ts";
 * import { assertEquals } from "@std/assert";
 * const ids = semanticIds(Int32Array.of(7, 2, 7, 3, 7, 2), { levels: 2 });
 * assertEquals([...ids.codes], [7, 2, 0, 7, 3, 0, 7, 2, 1]);
 * assertEquals([...ids.shared], [0, 2]);
 * ```
 */
export function semanticIds(codes: Int32Array, { levels }: { readonly levels: number }): SemanticIds {
  if (!Number.isInteger(levels) || levels < 1 || levels >= MAX_LEVELS) {
    throw new BladeError({
      place: "semantic ids",
      rule: `levels must be a whole number from 1 to ${MAX_LEVELS - 1}`,
      value: levels,
      mend: "use as many levels as letters name, with one to spare for items that share their codes",
    });
  }
  if (codes.length % levels !== 0) {
    throw new BladeError({
      place: "semantic ids",
      rule: `must have ${levels} codes for every item`,
      value: codes.length,
      mend: "give the codes of one quantisation",
    });
  }
  const rows = Array.from(
    { length: codes.length / levels },
    (_, item) => [...codes.subarray(item * levels, (item + 1) * levels)],
  );
  const numbers = numbersAmongEqual(rows);
  const shared = itemsThatShare(numbers);
  return packed(shared.length === 0 ? rows : rows.map((row, item) => [...row, numbers[item] ?? 0]), shared);
}

/**
 * The ids of sequences that another program made, of one length or not. Where items have the same sequence, they
 * alone get one more level that numbers them: the other items keep the codes that a model may know already.
 *
 * @param rows one for each item, not empty, of at most `MAX_LEVELS` − 1 codes where it has an equal; none begins a
 * longer one
 * @example
 * ```ts
 * import { idsOfSequences } from "./semantic_ids.ts";
 * import { assertEquals } from "@std/assert";
 * const ids = idsOfSequences([[7], [8, 1], [8, 1]]);
 * assertEquals([...ids.codes], [7, 8, 1, 0, 8, 1, 1]);
 * assertEquals([...ids.offsets], [0, 1, 4, 7]);
 * ```
 */
export function idsOfSequences(rows: readonly (readonly number[])[]): SemanticIds {
  const numbers = numbersAmongEqual(rows);
  return packed(
    rows.map((row, item) => numbers[item] === undefined ? row : [...row, numbers[item]]),
    itemsThatShare(numbers),
  );
}

/**
 * The name of a code as LC-Rec and MiniOneRec write it: a letter for the level, then the code.
 *
 * @example
 * ```ts
 * import { tokenName } from "./semantic_ids.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([tokenName(0, 12), tokenName(3, 0)], ["<a_12>", "<d_0>"]);
 * ```
 */
export function tokenName(level: number, code: number): string {
  return `<${String.fromCharCode("a".charCodeAt(0) + level)}_${code}>`;
}

/** For each row its number among those equal to it; undefined where there is no other. */
function numbersAmongEqual(rows: readonly (readonly number[])[]): (number | undefined)[] {
  const groups = new Map<string, number[]>();
  for (const [item, row] of rows.entries()) {
    const name = row.join();
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  const numbers = new Array<number | undefined>(rows.length).fill(undefined);
  for (const group of groups.values()) {
    if (group.length > 1) group.forEach((item, number) => numbers[item] = number);
  }
  return numbers;
}

function itemsThatShare(numbers: readonly (number | undefined)[]): Int32Array {
  return Int32Array.from([...numbers.keys()].filter((item) => numbers[item] !== undefined));
}

function packed(rows: readonly (readonly number[])[], shared: Int32Array): SemanticIds {
  const offsets = new Int32Array(rows.length + 1);
  for (const [item, row] of rows.entries()) offsets[item + 1] = offsets[item]! + row.length;
  const codes = new Int32Array(offsets[rows.length]!);
  for (const [item, row] of rows.entries()) codes.set(row, offsets[item]!);
  return { offsets, codes, shared };
}
