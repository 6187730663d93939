import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import {
  dropDamagedLines,
  holdsAfter,
  openEventLog,
  readEvents,
  type RunEvent,
} from "../../src/report/event_log.ts";
import { temporaryFolder } from "../cli/_io.ts";

/** A line as another version may have written it: with a key that nobody reads and blanks. */
const step = (at: number) =>
  `{"kind": "step", "timeMs": 0, "stage": "sft", "step": ${at}, "values": {}, "more": 1}\n`;
const NOTE = '{"kind":"note","timeMs":1,"level":"info","message":"said"}\n';

Deno.test("events that are cut out leave the lines of the others as they were, byte by byte", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(path, step(1) + NOTE + step(2) + step(3) + '{"kind":"st');
  using log = openEventLog(path);
  log.cut({ stage: "align", step: 0 });
  assertEquals(await Deno.readTextFile(path), step(1) + NOTE + step(2) + step(3));
  log.cut({ stage: "sft", step: 1 });
  assertEquals(await Deno.readTextFile(path), step(1) + NOTE);
  log.append({ kind: "note", timeMs: 1, level: "info", message: "said" });
  assertEquals(await Deno.readTextFile(path), step(1) + NOTE + NOTE);
  log.cut({ stage: "sft", step: 0 });
  assertEquals(await Deno.readTextFile(path), NOTE + NOTE);
});

Deno.test("what was measured at the end of an epoch is made again after its last step, what was before the first is not", () => {
  const at = (step: number, values: Record<string, number>) =>
    ({ kind: "step", timeMs: 0, stage: "sft", step, values }) as const;
  const holds = (event: RunEvent) => holdsAfter(event, { stage: "sft", step: 3 });
  assertEquals([at(0, { epoch: 0 }), at(2, { epoch: 1 }), at(3, { loss: 1 })].map(holds), [true, true, true]);
  assertEquals([at(3, { epoch: 2 }), at(4, { loss: 1 })].map(holds), [false, false]);
  assertEquals(holdsAfter(at(0, { epoch: 0 }), { stage: "sft", step: 0 }), false);
  const saved = { kind: "saved", timeMs: 0, stage: "sft", sha256: "aa" } as const;
  assertEquals([{ ...saved, step: 3 }, { ...saved, step: 4 }].map(holds), [true, false]);
});

Deno.test("lines that are no events are cut out and counted; where there is no log there is nothing to cut", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(
    path,
    ["\0\0", "{", "null", "7", '{"kind":"other"}', ""].join("\n") + "\n" + step(4),
  );
  assertEquals(await dropDamagedLines(path), 5);
  assertEquals(await Deno.readTextFile(path), step(4));
  assertEquals(await dropDamagedLines(`${folder.path}/none`), 0);
  await assertRejects(() => Deno.stat(`${folder.path}/none`), Deno.errors.NotFound);
});

Deno.test("a log is not read past a line that is no event: file and line are named", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(path, step(1) + "\0\0\n" + step(2));
  await assertRejects(() => readEvents(path), BladeError, `${path}:2: must be JSON`);
});
