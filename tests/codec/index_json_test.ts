import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseIndexJson } from "../../src/codec/index_json.ts";
import { type SemanticIds, tokenName } from "../../src/codec/semantic_ids.ts";
import { BladeError } from "../../src/core/errors.ts";

const rowsOf = ({ offsets, codes }: SemanticIds): number[][] =>
  Array.from(
    { length: offsets.length - 1 },
    (_, item) => [...codes.subarray(offsets[item], offsets[item + 1])],
  );
const parse = (text: string, ids: string[]) => parseIndexJson(text, ids, "x.index.json");
const refused = (file: unknown, ids: string[], ...says: string[]) => {
  const text = typeof file === "string" ? file : JSON.stringify(file);
  const error = assertThrows(() => parse(text, ids), BladeError);
  for (const said of ["x.index.json", ...says]) {
    assert(error.message.includes(said), `${error.message}\nlacks ${said}`);
  }
};

Deno.test("a file as MiniOneRec publishes it becomes codes in the catalog's order", () => {
  const text = '{"0": ["<a_60>", "<b_159>", "<c_203>"], "1": ["<a_204>", "<b_229>", "<c_36>"], ' +
    '"2": ["<a_120>", "<b_190>", "<c_110>"]}';
  const ids = parse(text, ["2", "0"]);
  assertEquals(rowsOf(ids), [[120, 190, 110], [60, 159, 203]]);
  assertEquals([...ids.shared], []);
});

Deno.test("items of the same tokens are told apart by a level of their own and named in the order of the catalog", () => {
  const same = ["<a_102>", "<b_13>", "<c_0>"];
  const ids = parse(JSON.stringify({ x: same, y: ["<a_102>", "<b_13>", "<c_1>"], z: same }), ["z", "y", "x"]);
  assertEquals(rowsOf(ids), [[102, 13, 0, 0], [102, 13, 1], [102, 13, 0, 1]]);
  assertEquals([...ids.shared], [0, 2]);
});

Deno.test("lists may differ in length, as where MiniOneRec has told equal ones apart", () => {
  const file = { p: ["<a_1>", "<b_2>", "<c_1>"], q: ["<a_1>", "<b_2>", "<c_2>"], r: ["<a_1>", "<b_3>"] };
  assertEquals(rowsOf(parse(JSON.stringify(file), ["p", "q", "r"])), [[1, 2, 1], [1, 2, 2], [1, 3]]);
});

Deno.test("items without tokens are refused with their number and their names", () => {
  refused({ b: ["<a_1>"] }, ["a", "b", "c"], "each of the catalog's 3 items; 2 have none", '["a","c"]');
  refused({}, ["__proto__"], "1 have none");
  assertEquals(rowsOf(parse('{"__proto__": ["<a_3>"]}', ["__proto__"])), [[3]]);
});

Deno.test("tokens of another form are refused with item and place", () => {
  for (
    const token of [
      "a_1",
      "<a_01>",
      "<a_-1>",
      "<a_1.0>",
      "<A_1>",
      "<a_>",
      "<b_1>",
      "<a_1> ",
      "<a_1000000>",
      "<a1>",
      1,
      null,
    ]
  ) {
    refused({ one: ["<a_1>"], two: [token] }, ["one"], 'item "two"', "form <a_12>", "at place 1");
  }
  refused({ one: ["<a_1>", "<c_1>"] }, ["one"], "form <b_12>", "at place 2");
  assertEquals(rowsOf(parse('{"one": ["<a_999999>", "<b_0>"]}', ["one"])), [[999_999, 0]]);
});

Deno.test("an entry that is no list of 1 to 25 tokens is refused", () => {
  for (
    const tokens of [
      [],
      "<a_1>",
      null,
      7,
      { a: 1 },
      Array.from({ length: 26 }, (_, i) => tokenName(i, 0)),
    ]
  ) {
    refused({ one: tokens }, ["one"], 'item "one"', "must be a list of 1 to 25 tokens");
  }
});

Deno.test("a list that begins another one is refused with both items, even among equal ones", () => {
  const [short, long] = [["<a_1>", "<b_2>"], ["<a_1>", "<b_2>", "<c_0>"]];
  refused({ s: short, l: long }, ["l", "s"], 'item "s"', 'another item, "l"', "<a_1><b_2>");
  refused({ s: short, t: short, l: long, k: ["<a_1>", "<b_1>"] }, ["l", "s", "k", "t"], 'another item, "l"');
  // Of no concern where the catalog does not have the other one.
  assertEquals(rowsOf(parse(JSON.stringify({ s: short, l: long }), ["s"])), [[1, 2]]);
});

Deno.test("a file that is no JSON, or no object, is refused", () => {
  refused("{", ["one"], "must be JSON");
  refused("", [], "must be JSON");
  for (const value of [[], [["<a_1>"]], null, 3, '"text"']) refused(value, ["one"], "must be an object");
});

Deno.test("what is written is read again, and no two sequences begin alike to their end", () => {
  const sequence = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 });
  fc.assert(fc.property(fc.dictionary(fc.string(), sequence, { maxKeys: 12 }), (codes) => {
    const ids = Object.keys(codes);
    const file = Object.fromEntries(
      ids.map((id) => [id, codes[id]!.map((code, level) => tokenName(level, code))]),
    );
    const begins = (a: readonly number[], b: readonly number[]) =>
      a.every((code, level) => code === b[level]);
    const clash = ids.some((a) =>
      ids.some((b) => codes[a]!.length < codes[b]!.length && begins(codes[a]!, codes[b]!))
    );
    if (clash) return refused(file, ids, "must not have tokens that begin those of another item");
    const rows = rowsOf(parse(JSON.stringify(file), ids));
    ids.forEach((id, item) => assertEquals(rows[item]!.slice(0, codes[id]!.length), codes[id]));
    rows.forEach((row, a) => rows.forEach((other, b) => assertEquals(a !== b && begins(row, other), false)));
  }));
});

Deno.test("no text ends otherwise than in ids or in a refusal", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.string(), fc.anything()).map((x) => {
      try {
        return JSON.stringify(x) ?? "";
      } catch {
        return "";
      }
    }),
  );
  fc.assert(fc.property(texts, fc.array(fc.string()), (text, ids) => {
    try {
      parse(text, ids);
    } catch (error) {
      assert(error instanceof BladeError, String(error));
    }
  }));
});
