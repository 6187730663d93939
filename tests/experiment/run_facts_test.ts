import { assertEquals } from "@std/assert";
import type { RunEvent } from "../../src/report/event_log.ts";
import { courseOf, readCourse } from "../../src/experiment/run_facts.ts";

const stage = (name: string, timeMs: number): RunEvent => ({ kind: "stage", timeMs, stage: name, steps: 4 });
const step = (
  of: string,
  timeMs: number,
  number: number,
  values: Record<string, number | null>,
): RunEvent => ({
  kind: "step",
  timeMs,
  stage: of,
  step: number,
  values,
});

Deno.test("courseOf() means reward and signal over the steps of each epoch, without those that have no reward", () => {
  const { epochs, bestOfN } = courseOf([
    step("prior", 0, 1, { reward: 0.3 }),
    step("prior", 0, 1, { bestOfN: 0.4 }),
    step("align", 0, 0, { epoch: 0, validation: 0.1 }),
    step("align", 0, 1, { reward: 0.2, signal: 1 }),
    step("align", 0, 2, { reward: null, signal: 9 }),
    step("align", 0, 2, { epoch: 1, validation: 0.2, violation: 0.5 }),
    step("align", 0, 3, { reward: 0.5, signal: 3 }),
    step("align", 0, 4, { reward: 1, signal: 5 }),
    step("align", 0, 4, { epoch: 2, validation: null }),
    step("align", 0, 5, { reward: 7, signal: 7 }),
  ]);
  assertEquals(bestOfN, 0.4);
  assertEquals(epochs, [
    { epoch: 1, gauges: { reward: 0.2, signal: 1 }, validation: 0.2, violation: 0.5 },
    { epoch: 2, gauges: { reward: 0.75, signal: 4 }, validation: null, violation: 0 },
  ]);
});

Deno.test("a step that a resumed run repeats counts once", () => {
  const { epochs, rollouts } = courseOf([
    step("align", 10, 1, { reward: 0, signal: 0, rollouts: 8 }),
    step("align", 1, 1, { reward: 1, signal: 2, rollouts: 8 }),
    step("align", 2, 1, { epoch: 1, validation: 0.3 }),
  ]);
  assertEquals([epochs[0]!.gauges, rollouts], [{ reward: 1, signal: 2, rollouts: 8 }, 8]);
});

Deno.test("seconds are those between the events of a stage and the next, in each process of the run", () => {
  const { seconds } = courseOf([
    { kind: "note", timeMs: 500, level: "info", message: "device" },
    stage("sft", 1000),
    step("sft", 3000, 1, {}),
    stage("align", 3500),
    step("align", 5500, 1, {}),
    // Another process goes on: what it did before the stage is not the stage's.
    { kind: "note", timeMs: 400, level: "info", message: "device" },
    stage("align", 900),
    step("align", 1900, 2, {}),
    stage("evaluate", 2000),
    step("evaluate", 2250, 1, {}),
  ]);
  assertEquals(seconds, { sft: 2.5, align: 3.1, evaluate: 0.25 });
});

Deno.test("a folder without events is a run that has not begun", async () => {
  assertEquals((await readCourse("no/such/folder")).epochs, []);
});
