import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  boardOf,
  closeBoard,
  createBoardBuffer,
  MAX_PARTS,
  runJob,
  serveJobs,
} from "../../../src/device/wasm/jobs.ts";

Deno.test("a job's parts cover every unit once, whatever the cut", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 }), (units, wanted) => {
      const parts = Math.min(units, wanted);
      const done = new Uint8Array(units);
      const board = boardOf(createBoardBuffer());
      runJob(board, { kernel: 3, values: [1.5, 2 ** 32 - 1], units, parts }, (kernel, values, from, to) => {
        assertEquals([kernel, ...values], [3, 1.5, 2 ** 32 - 1]);
        for (let unit = from; unit < to; unit++) done[unit]!++;
      });
      assertEquals(done, new Uint8Array(units).fill(1));
    }),
  );
});

Deno.test("generations go on past the counter's end", () => {
  const board = boardOf(createBoardBuffer());
  board.cells[0] = -1 & ~MAX_PARTS; // the last generation, nothing left
  let units = 0;
  for (let job = 0; job < 3; job++) {
    runJob(board, { kernel: 0, values: [], units: 7, parts: 2 }, (_, __, from, to) => units += to - from);
  }
  assertEquals(units, 21);
});

Deno.test("a helper leaves a closed board, and finds no parts of a finished job", () => {
  const board = boardOf(createBoardBuffer());
  runJob(board, { kernel: 0, values: [], units: 4, parts: 4 }, () => {});
  closeBoard(board);
  let ran = 0;
  serveJobs(board, () => ran++);
  assertEquals(ran, 0);
});
