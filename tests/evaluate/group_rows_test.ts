import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { groupRows } from "../../src/evaluate/group_rows.ts";

const rowsAndKeys = fc.array(fc.record({ group: fc.nat(4), key: fc.nat(5) }), { maxLength: 60 });

Deno.test("groupRows() is a stable sort by group, then by key", () => {
  fc.assert(fc.property(rowsAndKeys, (table) => {
    const groups = Int32Array.from(table, ({ group }) => group);
    const keys = Float64Array.from(table, ({ key }) => key);
    const numbered = table.map((row, at) => ({ ...row, at }));
    const { offsets, rows } = groupRows(groups, 5, keys);
    assertEquals(
      [...rows],
      numbered.toSorted((a, b) => a.group - b.group || a.key - b.key).map(({ at }) => at),
    );
    assertEquals(
      [...offsets],
      [0, 1, 2, 3, 4, 5].map((group) => table.filter((row) => row.group < group).length),
    );
    assertEquals(
      [...groupRows(groups, 5).rows],
      numbered.toSorted((a, b) => a.group - b.group).map(({ at }) => at),
    );
  }));
});
