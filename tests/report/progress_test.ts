import { assertEquals, assertStringIncludes } from "@std/assert";
import { type EventLog, recordEvents, type RunEvent } from "../../src/report/event_log.ts";
import { createProgress } from "../../src/report/progress.ts";
import { resultsTables } from "../../src/report/results_table.ts";
import { textTable } from "../../src/report/table.ts";
import { manifestOf } from "./_manifest.ts";

/** Progress without a terminal, at a clock that the test moves. */
function watched() {
  const clock = { ms: 0 };
  const lines: string[] = [];
  const progress = createProgress({
    terminal: false,
    write: (text) => void lines.push(text),
    now: () => clock.ms,
  });
  return { clock, lines, progress };
}

Deno.test("progress writes a line every few seconds with the time left", () => {
  const { clock, lines, progress } = watched();
  progress.stage("align", 100);
  for (let step = 1; step <= 100; step++) {
    clock.ms += 200; // 20 s in all
    progress.step({ stage: "align", step, values: { reward: 0.5, gradientNorm: 3 } });
  }
  progress.close();
  assertEquals(lines, [
    "align: 100 steps\n",
    "align: 25/100 25 % reward 0.5000 15 s left\n",
    "align: 50/100 50 % reward 0.5000 10 s left\n",
    "align: 75/100 75 % reward 0.5000 5 s left\n",
    "align: 100/100 100 % reward 0.5000 0 s left\n",
    "align: done in 20 s\n",
  ]);
});

Deno.test("a resumed stage tells the time left from the steps done now", () => {
  const { clock, lines, progress } = watched();
  progress.stage("sft", 1000);
  for (let step = 501; step <= 510; step++) {
    clock.ms += 1000;
    progress.step({ stage: "sft", step, values: {} });
  }
  assertEquals(lines[1], "sft: 505/1000 51 % 8 min 15 s left\n");
});

Deno.test("a stage that ends early and one that is stopped say where, and in different words", () => {
  const { clock, lines, progress } = watched();
  progress.stage("sft", 3);
  clock.ms = 2000;
  progress.step({ stage: "sft", step: 1, values: {} });
  progress.stage("align", 2);
  progress.step({ stage: "align", step: 1, values: {} });
  progress.close();
  progress.close();
  assertEquals(lines, [
    "sft: 3 steps\n",
    "sft: ended early at step 1 of 3 in 2 s\n",
    "align: 2 steps\n",
    "align: stopped at step 1 of 2\n",
  ]);
});

Deno.test("every event is kept with its time, notes among them", () => {
  const events: RunEvent[] = [];
  const log: EventLog = { append: (event) => void events.push(event), [Symbol.dispose]() {} };
  const clock = { ms: 20 };
  const observer = recordEvents(log, () => clock.ms);
  observer.stage("sft", 1);
  clock.ms = 1520.4;
  observer.step({ stage: "sft", step: 1, values: { loss: 2 } });
  observer.note("warning", "Rewards nearly all tied.");
  assertEquals(events, [
    { kind: "stage", timeMs: 0, stage: "sft", steps: 1 },
    { kind: "step", timeMs: 1500, stage: "sft", step: 1, values: { loss: 2 } },
    { kind: "note", timeMs: 1500, level: "warning", message: "Rewards nearly all tied." },
  ]);
});

Deno.test("progress says notes at once, warnings as such", () => {
  const { lines, progress } = watched();
  progress.note("info", "device: wasm");
  progress.note("warning", "Rewards nearly all tied.");
  assertEquals(lines, ["device: wasm\n", "warning: Rewards nearly all tied.\n"]);
});

Deno.test("a table pads by characters, not by code units", () => {
  assertEquals(textTable(["a", "b"], [["𝔸é", "1"], ["x", "22"]]), "a    b\n──  ──\n𝔸é   1\nx   22\n");
});

Deno.test("result tables show a missing value as a dash and a loss with its sign", () => {
  const text = resultsTables(manifestOf().results);
  assertStringIncludes(text, "best-of-n (oracle)");
  assertStringIncludes(text, "–");
  assertStringIncludes(text, "−0.1000 [−0.1500, −0.0500]");
  assertEquals(resultsTables([]), "");
});
