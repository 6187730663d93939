import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Observer } from "../../src/core/observer.ts";
import { newAlarms, withAlarms } from "../../src/report/alarms.ts";
import type { Epoch } from "../../src/report/epochs.ts";
import type { RunEvent } from "../../src/report/event_log.ts";

const FINE = { reward: 0.5, signal: 1, tied: 0.1, klToReference: 3, entropy: 4 };
const epochs = (...changes: Record<string, number | null>[]): Epoch[] =>
  [{}, ...changes].map((change, at) => ({
    epoch: at + 1,
    gauges: { ...FINE, ...change },
    validation: 0.5,
    violation: 0,
  }));

Deno.test("each trouble has its alarm, which says the value, the epoch and what to try", () => {
  for (
    const [change, ...words] of [
      [{ tied: 0.95 }, "95 % of the groups", "epoch 2", "align.groupSize"],
      [{ signal: 0.09 }, "signal has gone: 0.090 nats in epoch 2, 1.000 in the first", "target.discount"],
      [{ klToReference: 20.5 }, "20.5 nats a slate in epoch 2", "align.klCoefficient"],
      [{ entropy: 0.3 }, "0.300 nats of entropy an item in epoch 2, 4.000 in the first", "diversity"],
    ] as const
  ) {
    const alarms = newAlarms(epochs(change), 10);
    assertEquals(alarms.length, 1, JSON.stringify(change));
    for (const word of words) assertStringIncludes(alarms[0]!, word);
  }
});

Deno.test("there is no alarm within bounds, without a value, or a second time", () => {
  assertEquals(newAlarms([], 10), []);
  assertEquals(newAlarms(epochs({ tied: 0.89, signal: 0.11, klToReference: 20, entropy: 0.41 }), 10), []);
  // Methods that draw nothing have no entropy; a step without a reward has nothing at all.
  assertEquals(newAlarms(epochs({ entropy: null, signal: null, tied: null, klToReference: null }), 10), []);
  assertEquals(newAlarms(epochs({ klToReference: 25 }, {}, { klToReference: 30 }), 10), []);
});

Deno.test("tied groups explain a signal that has gone", () => {
  const alarms = newAlarms(epochs({ tied: 1, signal: 0 }), 10);
  assertEquals(alarms.length, 1);
  assertStringIncludes(alarms[0]!, "100 %");
});

Deno.test("a run that goes on remembers its first epoch and what it has warned of", () => {
  const step = (number: number, values: Record<string, number>) => ({ stage: "align", step: number, values });
  const events: RunEvent[] = [
    step(1, FINE),
    step(1, { epoch: 1, validation: 0.5 }),
    step(2, { ...FINE, klToReference: 25 }),
    step(2, { epoch: 2, validation: 0.5 }),
  ].map((event) => ({ kind: "step", timeMs: 0, ...event }));
  const notes: string[] = [];
  const passed: number[] = [];
  const observer: Observer = {
    stage() {},
    step: (event) => void passed.push(event.step),
    note: (level, message) => void notes.push(`${level}: ${message}`),
  };
  const watching = withAlarms(observer, { cutoff: 10, events });
  watching.step({ stage: "sft", step: 9, values: { loss: 1 } });
  watching.step(step(3, { ...FINE, klToReference: 26, signal: 0.05 }));
  assertEquals(notes, []);
  watching.step(step(3, { epoch: 3, validation: 0.5 }));
  assertEquals(passed, [9, 3, 3]);
  assertEquals(notes.length, 1);
  assertStringIncludes(notes[0]!, "warning: The signal has gone: 0.050 nats in epoch 3");
});
