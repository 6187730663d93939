import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Result } from "../../src/core/results.ts";
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

Deno.test("progress writes a line every ten seconds with the time left", () => {
  const { clock, lines, progress } = watched();
  progress.stage("align", 100);
  for (let step = 1; step <= 100; step++) {
    clock.ms += 400; // 40 s in all
    progress.step({ stage: "align", step, values: { reward: 0.5, gradientNorm: 3 } });
  }
  progress.close();
  assertEquals(lines, [
    "align: 100 steps\n",
    "align: step 25 of 100, 25 %, reward 0.5000, about 30 s left\n",
    "align: step 50 of 100, 50 %, reward 0.5000, about 20 s left\n",
    "align: step 75 of 100, 75 %, reward 0.5000, about 10 s left\n",
    "align: done in 40 s\n",
  ]);
});

Deno.test("a resumed stage tells the time left from the steps done now", () => {
  const { clock, lines, progress } = watched();
  progress.stage("sft", 1000);
  for (let step = 501; step <= 510; step++) {
    clock.ms += 1000;
    progress.step({ stage: "sft", step, values: {} });
  }
  assertEquals(lines[1], "sft: step 510 of 1000, 51 %, about 8 min 10 s left\n");
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
  const log: EventLog = {
    append: (event) => void events.push(event),
    cut() {},
    sync() {},
    [Symbol.dispose]() {},
  };
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

Deno.test("a table breaks its last column between words to keep its width", () => {
  const rows = [["ndcg", "a gain by rank"], ["x", "unbreakableword"], ["y", ""]];
  assertEquals(
    textTable(["m", "does"], rows, ["left", "left"], 15),
    "m     does\n────  ───────────────\nndcg  a gain by\n      rank\nx     unbreakableword\ny\n",
  );
});

Deno.test("result tables show a missing value as a dash, its users as left out, and a loss with its sign", () => {
  const text = resultsTables(manifestOf().results);
  assertMatch(text, /^best-of-n \(oracle\) +–$/m);
  assertStringIncludes(text, "Left out for want of a value: 2 users for ndcg@10?note=plain\n");
  assertStringIncludes(text, "−0.1000 [−0.1500, −0.0500]");
  assertEquals(resultsTables([]), "");
});

Deno.test("result tables stay within 100 columns with the default metrics, and wrap further ones below", () => {
  const results = resultsOf(["ndcg@10", "recall@10", "ild@10", "mgu@10", "coverage@10", "reward"]);
  const lines = resultsTables(results).split("\n");
  assertEquals(Math.max(...lines.map((line) => [...line].length)) <= 100, true);
  assertEquals(lines.filter((line) => line.startsWith("system ")).length, 1);
  const many = resultsOf(Array.from({ length: 12 }, (_, index) => `a-metric-${index}@10`));
  const wrapped = resultsTables(many).split("\n");
  assertEquals(Math.max(...wrapped.map((line) => [...line].length)) <= 100, true);
  for (let index = 0; index < 12; index++) {
    const heads = wrapped.filter((line) => line.startsWith("system ") && line.includes(`a-metric-${index}@`));
    assertEquals(heads.length, 1);
  }
});

Deno.test("only the trained systems are compared, with the reference and with each other, per metric", () => {
  const text = resultsTables(resultsOf(["ndcg@10", "coverage@10"]));
  const table = text.slice(text.indexOf("Differences"));
  assertStringIncludes(table, "sft-continued − reference");
  assertStringIncludes(table, "aligned − reference");
  assertStringIncludes(table, "aligned − sft-continued");
  assertMatch(table, /^ndcg@10 +\+0.0300 \S+ \S+ +\+0.0500 \S+ \S+ +\+0.0200 /m);
  assertEquals(table.includes("coverage@10"), false);
  assertEquals(table.includes("most-popular"), false);
});

/** Results of all systems; metrics of many lists together have no differences. */
function resultsOf(metrics: readonly string[]): Result[] {
  const pair = (difference: number) => ({
    difference,
    interval95: [difference - 0.01, difference + 0.01] as const,
    p: 0.002,
  });
  const gains = { "most-popular": -0.1, "sft-continued": 0.03, "best-of-n": 0.04, aligned: 0.05 };
  return (["most-popular", "item-knn", "reference", "sft-continued", "best-of-n", "aligned"] as const)
    .flatMap(
      (system) =>
        metrics.map((metric): Result => {
          const gain = system in gains && !metric.startsWith("coverage")
            ? gains[system as keyof typeof gains]
            : undefined;
          return {
            system,
            metric,
            split: "test",
            mean: 0.5,
            interval95: [0.45, 0.55],
            contexts: 400,
            undefined: 0,
            ...(gain === undefined ? {} : { versusReference: pair(gain) }),
            ...(gain === undefined || system !== "aligned" ? {} : { versusContinued: pair(0.02) }),
          };
        }),
    );
}
