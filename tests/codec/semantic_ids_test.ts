import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  idsOfSequences,
  MAX_LEVELS,
  type SemanticIds,
  semanticIds,
  tokenName,
} from "../../src/codec/semantic_ids.ts";
import { BladeError } from "../../src/core/errors.ts";

const rowsOf = ({ offsets, codes }: SemanticIds): number[][] =>
  Array.from(
    { length: offsets.length - 1 },
    (_, item) => [...codes.subarray(offsets[item], offsets[item + 1])],
  );

/** Pairs of items of which the first one's sequence is or begins the second one's. */
function beginnings(rows: readonly (readonly number[])[]): [number, number][] {
  return rows.flatMap((row, a) =>
    rows.flatMap((other, b): [number, number][] =>
      a !== b && row.every((code, level) => code === other[level]) ? [[a, b]] : []
    )
  );
}

Deno.test("items with codes of their own keep them, without another level", () => {
  const ids = semanticIds(Int32Array.of(1, 2, 1, 3, 0, 2), { levels: 2 });
  assertEquals(rowsOf(ids), [[1, 2], [1, 3], [0, 2]]);
  assertEquals([...ids.shared], []);
});

Deno.test("where items share their codes, a last level numbers them and is 0 for the others", () => {
  const ids = semanticIds(Int32Array.of(5, 5, 1, 5, 5, 5, 1, 5, 5, 5), { levels: 2 });
  assertEquals(rowsOf(ids), [[5, 5, 0], [1, 5, 0], [5, 5, 1], [1, 5, 1], [5, 5, 2]]);
  assertEquals([...ids.shared], [0, 1, 2, 3, 4]);
  assertEquals(rowsOf(semanticIds(Int32Array.of(4, 6, 4), { levels: 1 })), [[4, 0], [6, 0], [4, 1]]);
});

Deno.test("codes whose digits run together are told apart", () => {
  assertEquals([...semanticIds(Int32Array.of(1, 11, 11, 1), { levels: 2 }).shared], []);
});

Deno.test("every item's sequence is its own and begins no other, of one length, whatever the codes", () => {
  const input = fc.integer({ min: 1, max: 4 }).chain((levels) =>
    fc.record({
      levels: fc.constant(levels),
      rows: fc.array(fc.array(fc.nat({ max: 2 }), { minLength: levels, maxLength: levels }), {
        maxLength: 40,
      }),
    })
  );
  fc.assert(fc.property(input, ({ levels, rows }) => {
    const ids = semanticIds(Int32Array.from(rows.flat()), { levels });
    const found = rowsOf(ids);
    assertEquals(beginnings(found), []);
    assertEquals(found.map((row) => row.slice(0, levels)), rows);
    const shares = rows.map((row, a) => rows.some((other, b) => a !== b && other.join() === row.join()));
    assertEquals([...ids.shared], [...rows.keys()].filter((item) => shares[item]));
    found.forEach((row) => assertEquals(row.length, levels + (shares.includes(true) ? 1 : 0)));
  }));
});

Deno.test("equal sequences of another program get a level of their own, and the others stay as they are", () => {
  const ids = idsOfSequences([[3, 1], [2], [3, 1], [3, 2, 2]]);
  assertEquals(rowsOf(ids), [[3, 1, 0], [2], [3, 1, 1], [3, 2, 2]]);
  assertEquals([...ids.shared], [0, 2]);
});

Deno.test("levels are named by letters, the last of them z", () => {
  assertEquals([0, 1, 2, 3, MAX_LEVELS - 1].map((level) => tokenName(level, 7)), [
    "<a_7>",
    "<b_7>",
    "<c_7>",
    "<d_7>",
    "<z_7>",
  ]);
});

Deno.test("levels that are none, too many, or do not fit the codes are refused", () => {
  for (const levels of [0, 2.5, 26]) {
    assertThrows(
      () => semanticIds(new Int32Array(26), { levels }),
      BladeError,
      "levels must be a whole number from 1 to 25",
    );
  }
  assertThrows(
    () => semanticIds(new Int32Array(7), { levels: 2 }),
    BladeError,
    "2 codes for every item, got 7",
  );
});
