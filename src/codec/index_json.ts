import { BladeError } from "../core/errors.ts";
import { idsOfSequences, MAX_LEVELS, type SemanticIds, tokenName } from "./semantic_ids.ts";

/** A level's letter and a code of at most six digits: a damaged file must not ask for a table without bound. */
const TOKEN = /^<([a-z])_(0|[1-9]\d{0,5})>$/;
/** Names that a message tells at most. */
const TOLD = 5;

/**
 * Reads item ids as LC-Rec and MiniOneRec write them (`*.index.json`): an object with a list of tokens for each item
 * id, `{"0": ["<a_60>", "<b_159>", "<c_203>"], …}`, the letters in order from `a`. Lists may differ in length where
 * none begins another. Items of the same list are told apart by one more level; `shared` names them. Items that the
 * catalog does not have are left out.
 *
 * @param text of the file
 * @param ids of the catalog's items, in their order
 * @param place the file's name, for messages
 * @throws {BladeError} naming the items and what is wrong with them
 * @example
 * ```ts
 * import { parseIndexJson } from "./index_json.ts";
 * import { assertEquals } from "@std/assert";
 * const text = '{"tea": ["<a_1>", "<b_0>"], "cake": ["<a_1>", "<b_2>"]}';
 * assertEquals([...parseIndexJson(text, ["cake", "tea"], "food.index.json").codes], [1, 2, 1, 0]);
 * ```
 */
export function parseIndexJson(text: string, ids: readonly string[], place: string): SemanticIds {
  const lists = readLists(text, place);
  const sequences = new Map<string, number[]>();
  for (const [id, tokens] of lists) {
    sequences.set(id, codesOf(tokens, `${place}: item ${JSON.stringify(id)}`));
  }
  const missing = ids.filter((id) => !sequences.has(id));
  if (missing.length > 0) {
    throw new BladeError({
      place,
      rule: `must have tokens for each of the catalog's ${ids.length} items; ${missing.length} have none`,
      value: missing.slice(0, TOLD),
      mend: "make the file from the same items, with ids as the data set writes them",
    });
  }
  const rows = ids.map((id) => sequences.get(id)!);
  refusePrefixes(rows, ids, place);
  return idsOfSequences(rows);
}

function readLists(text: string, place: string): [string, unknown][] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BladeError({
      place,
      rule: "must be JSON",
      value: (error as Error).message,
      mend: "take the file from its source again",
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BladeError({
      place,
      rule: "must be an object with a list of tokens for each item id",
      value,
      mend: 'write it as {"item": ["<a_1>", "<b_2>"]}',
    });
  }
  return Object.entries(value);
}

function codesOf(tokens: unknown, place: string): number[] {
  if (!Array.isArray(tokens) || tokens.length === 0 || tokens.length >= MAX_LEVELS) {
    throw new BladeError({
      place,
      rule: `must be a list of 1 to ${MAX_LEVELS - 1} tokens`,
      value: tokens,
      mend: 'write it as ["<a_1>", "<b_2>"]',
    });
  }
  return tokens.map((token, level) => {
    const match = typeof token === "string" ? TOKEN.exec(token) : null;
    if (match === null || tokenName(level, Number(match[2])) !== token) {
      throw new BladeError({
        place,
        rule: `must have a token of the form ${tokenName(level, 12)}, up to ${tokenName(level, 999_999)}, ` +
          `at place ${level + 1}`,
        value: token,
        mend: "name the levels a, b, c … in order, and number their codes from 0",
      });
    }
    return Number(match[2]);
  });
}

/** In order of their codes, a sequence that begins others stands right before one of them. */
function refusePrefixes(rows: readonly (readonly number[])[], ids: readonly string[], place: string): void {
  const order = [...rows.keys()].sort((a, b) => compare(rows[a]!, rows[b]!));
  for (const [at, item] of order.entries()) {
    const next = order[at + 1];
    if (next === undefined) return;
    const [row, other] = [rows[item]!, rows[next]!];
    if (row.length < other.length && row.every((code, level) => code === other[level])) {
      throw new BladeError({
        place: `${place}: item ${JSON.stringify(ids[item])}`,
        rule: `must not have tokens that begin those of another item, ${JSON.stringify(ids[next])}`,
        value: row.map((code, level) => tokenName(level, code)).join(""),
        mend: "give both the same number of tokens, or different ones before the shorter list ends",
      });
    }
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
