import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { cutEvents, openEventLog, readEvents } from "../../src/report/event_log.ts";
import { temporaryFolder } from "../cli/_io.ts";

/** A line as another version may have written it: with a key that nobody reads and blanks. */
const step = (at: number) =>
  `{"kind": "step", "timeMs": 0, "stage": "sft", "step": ${at}, "values": {}, "more": 1}\n`;
const NOTE = '{"kind":"note","timeMs":1,"level":"info","message":"said"}\n';

Deno.test("events that are cut out leave the lines of the others as they were, byte by byte", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(path, step(1) + NOTE + step(2) + step(3) + '{"kind":"st');
  assertEquals(await cutEvents(path, (event) => event.kind !== "step" || event.step === 1), 0);
  assertEquals(await Deno.readTextFile(path), step(1) + NOTE);
  // Nothing to cut: the file is not written again, what it ends in is for the log to cut when it is opened.
  await Deno.writeTextFile(path, step(1) + '{"kind"');
  const before = (await Deno.stat(path)).ino;
  assertEquals(await cutEvents(path, () => true), 0);
  assertEquals((await Deno.stat(path)).ino, before);
  {
    using _log = openEventLog(path);
  }
  assertEquals(await Deno.readTextFile(path), step(1));
});

Deno.test("lines that are no events are cut out and counted; where there is no log there is nothing to cut", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(
    path,
    ["\0\0", "{", "null", "7", '{"kind":"other"}', ""].join("\n") + "\n" + step(4),
  );
  assertEquals(await cutEvents(path, () => true), 5);
  assertEquals(await Deno.readTextFile(path), step(4));
  assertEquals(await cutEvents(`${folder.path}/none`, () => true), 0);
  await assertRejects(() => Deno.stat(`${folder.path}/none`), Deno.errors.NotFound);
});

Deno.test("a log is not read past a line that is no event: file and line are named", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(path, step(1) + "\0\0\n" + step(2));
  await assertRejects(() => readEvents(path), BladeError, `${path}:2: must be an event as JSON`);
});
