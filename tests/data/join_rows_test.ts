import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { type GivenRow, joinRows } from "../../src/data/join_rows.ts";

const row = (user: string | undefined, ...items: number[]): GivenRow => ({ user, items, targets: 1 });
const anyone = (...items: number[]) => row(undefined, ...items);
const itemsOf = (...rows: GivenRow[]) => joinRows(rows).map(({ items }) => items);

Deno.test("joinRows() counts an interaction once that stands in many histories of its user", () => {
  assertEquals(itemsOf(row("a", 1, 2), row("a", 1, 2, 3), row("a", 1, 2, 3, 4)), [[1, 2, 3, 4]]);
  // Histories of at most two items.
  assertEquals(itemsOf(row("a", 1, 2, 3), row("b", 2, 3, 9), row("a", 2, 3, 4)), [[1, 2, 3, 4], [2, 3, 9]]);
});

Deno.test("joinRows() keeps what a user repeats, and adds nothing for a row that is there already", () => {
  assertEquals(itemsOf(row("a", 1, 1), row("a", 1, 1, 1)), [[1, 1, 1]]);
  assertEquals(itemsOf(row("a", 1, 2), row("a", 1, 2, 1), row("a", 1, 2, 1, 2)), [[1, 2, 1, 2]]);
  assertEquals(itemsOf(row("a", 1, 2, 3), row("a", 1, 2), row("a", 2, 3)), [[1, 2, 3]]);
  assertEquals(itemsOf(row("a", 1, 2), row("a", 1, 2)), [[1, 2]]);
});

Deno.test("joinRows() goes over a row that is missing: by what overlaps, else one after the other", () => {
  assertEquals(itemsOf(row("a", 1, 2, 3, 4), row("a", 3, 4, 5, 6)), [[1, 2, 3, 4, 5, 6]]);
  assertEquals(itemsOf(row("a", 1, 2), row("a", 7, 8)), [[1, 2, 7, 8]]);
  assertEquals(itemsOf(row("a", 1), row("a", 2)), [[1, 2]]);
});

Deno.test("joinRows() takes a user's rows by time where they have one, and keeps times and ratings", () => {
  const timed = (times: number[], ...items: number[]) => ({
    user: "a",
    items,
    targets: 1,
    times,
    ratings: times.map((time) => time / 10),
  });
  const [walk] = joinRows([timed([20, 30, 40], 2, 3, 4), timed([10, 20, 30], 1, 2, 3)]);
  assertEquals(walk, {
    user: "a",
    row: 1,
    items: [1, 2, 3, 4],
    times: [10, 20, 30, 40],
    ratings: [1, 2, 3, 4],
  });
  assertEquals(joinRows([row("a", 1, 2)])[0], {
    user: "a",
    row: 0,
    items: [1, 2],
    times: [0, 0],
    ratings: [NaN, NaN],
  });
});

Deno.test("joinRows() without users joins a row to one that is its whole history, whatever its length", () => {
  assertEquals(itemsOf(anyone(1, 2), anyone(1, 2, 3), anyone(1, 2, 3, 4)), [[1, 2, 3, 4]]);
  // Two people began alike: one of them goes on.
  assertEquals(itemsOf(anyone(1, 2), anyone(1, 2), anyone(1, 2, 3)), [[1, 2], [1, 2, 3]]);
  // A walk that has gone on does not go on from where it was.
  assertEquals(itemsOf(anyone(1, 2), anyone(1, 2, 3), anyone(1, 2, 4)), [[1, 2, 3], [1, 2, 4]]);
});

Deno.test("joinRows() without users slides a history only where five items say that it is one person's", () => {
  assertEquals(itemsOf(anyone(1, 2, 3, 4, 5, 6), anyone(2, 3, 4, 5, 6, 7)), [[1, 2, 3, 4, 5, 6, 7]]);
  assertEquals(itemsOf(anyone(1, 2, 3, 4, 5), anyone(2, 3, 4, 5, 6)), [[1, 2, 3, 4, 5], [2, 3, 4, 5, 6]]);
  assertEquals(itemsOf(anyone(1, 2), anyone(2, 3)), [[1, 2], [2, 3]]);
});

Deno.test("joinRows() adds all targets of a row", () => {
  const two = (user: string | undefined, ...items: number[]) => ({ user, items, targets: 2 });
  assertEquals(itemsOf(two("a", 1, 2, 3), two("a", 1, 2, 3, 4, 5)), [[1, 2, 3, 4, 5]]);
  assertEquals(itemsOf(two(undefined, 1, 2, 3), two(undefined, 1, 2, 3, 4, 5)), [[1, 2, 3, 4, 5]]);
});

/** Rows as the published programs cut them from each person's items, person after person, mixed in time. */
function cut(people: readonly (readonly number[])[], most: number, named: boolean): GivenRow[] {
  const rows: GivenRow[] = [];
  const longest = Math.max(...people.map((items) => items.length));
  for (let at = 1; at < longest; at++) {
    people.forEach((items, person) => {
      if (at >= items.length) return;
      rows.push(row(named ? `u${person}` : undefined, ...items.slice(Math.max(0, at - most), at + 1)));
    });
  }
  return rows;
}

Deno.test("joinRows() gives back the items of everyone, cut into rows with histories of any length", () => {
  const people = fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 20 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(people, fc.integer({ min: 1, max: 10 }), (walks, most) => {
    assertEquals(itemsOf(...cut(walks, most, true)), walks);
  }));
});

Deno.test("joinRows() gives back the items of everyone without names, where people differ", () => {
  const lengths = fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(lengths, fc.integer({ min: 5, max: 10 }), (sizes, most) => {
    const walks = sizes.map((size, person) => Array.from({ length: size }, (_, i) => 100 * person + i));
    assertEquals(itemsOf(...cut(walks, most, false)), walks);
  }));
});

Deno.test("joinRows() is done with a hundred thousand rows of one user in no time", () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => row("a", i % 9_973, (7 * i + 1) % 9_967));
  assertEquals(joinRows(rows).length, 1);
});
