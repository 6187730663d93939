import { assertEquals } from "@std/assert";
import { droppedAt } from "../../src/experiment/halving.ts";
import type { Epoch } from "../../src/report/epochs.ts";

const run = (...scores: (number | null | [score: number, violation: number])[]): Epoch[] =>
  scores.map((score, at) => ({
    epoch: at + 1,
    gauges: {},
    validation: Array.isArray(score) ? score[0] : score,
    violation: Array.isArray(score) ? score[1] : 0,
  }));
const of = (arms: Record<string, Epoch[][]>) => Object.entries(arms).map(([arm, runs]) => ({ arm, runs }));
const HALF = { keep: 0.5, spared: [] };
const names = (standings: readonly { readonly arm: string }[]) => standings.map(({ arm }) => arm);

Deno.test("the worse half goes, worst first, by the best epoch up to the rung", () => {
  const contenders = of({
    a: [run(0.5, 0.1)],
    b: [run(0.2, 0.4)],
    c: [run(0.1, 0.2, 9)],
    d: [run(0.3, 0.3)],
  });
  assertEquals(droppedAt(2, contenders, HALF), [
    { arm: "c", score: 0.2, violation: 0 },
    { arm: "d", score: 0.3, violation: 0 },
  ]);
});

Deno.test("an arm is judged by the mean over its seeds, and one without a value is the worst", () => {
  const contenders = of({ a: [run(0.1), run(0.5)], b: [run(0.2), run(0.2)], c: [run(0.9), run(null)] });
  assertEquals(names(droppedAt(1, contenders, { keep: 0.34, spared: [] })), ["c"]);
  assertEquals(names(droppedAt(1, contenders, { keep: 0.33, spared: [] })), ["c", "b"]);
});

Deno.test("keeping the constraints comes before the reward", () => {
  const contenders = of({ a: [run([0.9, 0.4])], b: [run([0.1, 0])] });
  assertEquals(names(droppedAt(1, contenders, HALF)), ["a"]);
});

Deno.test("the baseline stays and equal arms go in the order of the file; arms that do not align are not judged", () => {
  const contenders = of({ none: [[]], a: [run(0.1)], b: [run(0.3)], c: [run(0.3)], d: [run(0.3)] });
  assertEquals(names(droppedAt(1, contenders, { keep: 0.5, spared: ["a"] })), ["d"]);
});

Deno.test("a single arm is never dropped", () => {
  assertEquals(droppedAt(1, of({ a: [run(0.1)] }), { keep: 0.1, spared: [] }), []);
});
