import { z } from "zod";
import { BladeError } from "../core/errors.ts";
import type { Observer, SavedState } from "../core/observer.ts";
import { checkedJson } from "./checked_json.ts";
import { isThere } from "./is_there.ts";
import { writeAtomically, writeAtomicallySync } from "./run_folder.ts";

/** One line of `events.jsonl`. `timeMs` counts from the start of the program's part of the run. */
export type RunEvent =
  | { readonly kind: "stage"; readonly timeMs: number; readonly stage: string; readonly steps: number }
  | {
    readonly kind: "step";
    readonly timeMs: number;
    readonly stage: string;
    readonly step: number;
    readonly values: Readonly<Record<string, number | null>>;
    readonly times?: Readonly<Record<string, number>>;
  }
  | {
    readonly kind: "note";
    readonly timeMs: number;
    readonly level: "info" | "warning";
    readonly message: string;
  }
  | { readonly kind: "saved"; readonly timeMs: number } & SavedState;

/** An open `events.jsonl`: each event is a whole line on return, so that an interrupted run keeps its log. */
export interface EventLog extends Disposable {
  append(event: RunEvent): void;
  /** Takes out what was told of the steps of a stage after one of them, 0 for all: they will be made again. */
  cut(from: { readonly stage: string; readonly step: number }): void;
  /** Waits until everything is on the disk. */
  sync(): void;
}

/** Whether an event still holds when a stage goes on from one of its steps. An epoch ends after its last step. */
export function holdsAfter(
  event: RunEvent,
  { stage, step }: { readonly stage: string; readonly step: number },
): boolean {
  if ((event.kind !== "step" && event.kind !== "saved") || event.stage !== stage) return true;
  if (step === 0) return false;
  const ofEpoch = event.kind === "step" && "epoch" in event.values && event.step > 0;
  return event.step < step || (event.step === step && !ofEpoch);
}

/**
 * Opens the event log for appending. A last line without an end, left by a program that died, is cut off first.
 * Numbers that JSON does not have (NaN, infinite) become null.
 *
 * @example
 * ```ts
 * import { openEventLog, readEvents } from "./event_log.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, '{"kind":"sta');
 * {
 *   using log = openEventLog(path);
 *   log.append({ kind: "step", timeMs: 5, stage: "sft", step: 1, values: { loss: 2, nothing: NaN } });
 * }
 * assertEquals(await readEvents(path), [
 *   { kind: "step", timeMs: 5, stage: "sft", step: 1, values: { loss: 2, nothing: null } },
 * ]);
 * await Deno.remove(path);
 * ```
 */
export function openEventLog(path: string): EventLog {
  const encoder = new TextEncoder();
  let file = openAtEnd(path);
  return {
    append(event) {
      const bytes = encoder.encode(JSON.stringify(event) + "\n");
      try {
        for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
      } catch (error) {
        // A full disk, say: the system does not tell which file did not fit.
        if (error instanceof Error) error.message += `: write '${path}'`;
        throw error;
      }
    },
    cut(from) {
      const lines = Deno.readTextFileSync(path).split("\n").slice(0, -1);
      const kept = lines.filter((line, at) => holdsAfter(eventOf(line, path, at), from));
      if (kept.length === lines.length) return;
      writeAtomicallySync(path, kept.map((line) => `${line}\n`).join(""));
      file.close();
      file = openAtEnd(path);
    },
    sync() {
      file.syncDataSync();
    },
    [Symbol.dispose]() {
      file.close();
    },
  };
}

/**
 * Takes lines out of a log that are no events: a power cut may leave zeros where they were to be. Nothing happens where
 * there is no log.
 *
 * @param path of the log, which nobody has open
 * @returns how many
 * @example
 * ```ts
 * import { dropDamagedLines, readEvents } from "./event_log.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * const line = (step: number) => `{"kind":"step","timeMs":0,"stage":"sft","step":${step},"values":{}}\n`;
 * await Deno.writeTextFile(path, line(1) + "\0\0\0\n" + line(2));
 * assertEquals(await dropDamagedLines(path), 1);
 * assertEquals((await readEvents(path)).length, 2);
 * await Deno.remove(path);
 * ```
 */
export async function dropDamagedLines(path: string): Promise<number> {
  if (!await isThere(path)) return 0;
  const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1).filter((line) => line !== "");
  const kept = lines.filter((line, at) => {
    try {
      eventOf(line, path, at);
      return true;
    } catch (error) {
      if (error instanceof BladeError) return false;
      throw error;
    }
  });
  if (kept.length < lines.length) await writeAtomically(path, kept.map((line) => `${line}\n`).join(""));
  return lines.length - kept.length;
}

/** Opens a log behind its last whole line. */
function openAtEnd(path: string): Deno.FsFile {
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  const end = endOfLastLine(file);
  file.truncateSync(end);
  file.seekSync(end, Deno.SeekMode.Start);
  return file;
}

/**
 * An observer that keeps every event in a log.
 *
 * @param now milliseconds of a steady clock; the events count from this call on
 *
 * @example
 * ```ts
 * import { recordEvents, type RunEvent } from "./event_log.ts";
 * import { assertEquals } from "@std/assert";
 * const events: RunEvent[] = [];
 * const log = { append: (event: RunEvent) => void events.push(event), cut() {}, sync() {}, [Symbol.dispose]() {} };
 * const observer = recordEvents(log, () => 7);
 * observer.stage("sft", 20);
 * assertEquals(events, [{ kind: "stage", timeMs: 0, stage: "sft", steps: 20 }]);
 * ```
 */
export function recordEvents(log: EventLog, now: () => number = () => performance.now()): Observer {
  const startMs = now();
  const timeMs = () => Math.round(now() - startMs);
  return {
    stage: (name, steps) => log.append({ kind: "stage", timeMs: timeMs(), stage: name, steps }),
    step: (event) => log.append({ kind: "step", timeMs: timeMs(), ...event }),
    note: (level, message) => log.append({ kind: "note", timeMs: timeMs(), level, message }),
    saved: (state) => {
      log.append({ kind: "saved", timeMs: timeMs(), ...state });
      log.sync();
    },
    resumed: (from) => log.cut(from),
  };
}

const timeMs = z.number();

const eventSchema: z.ZodType<RunEvent> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stage"), timeMs, stage: z.string(), steps: z.int().min(0) }),
  z.object({
    kind: z.literal("step"),
    timeMs,
    stage: z.string(),
    step: z.int().min(0),
    values: z.record(z.string(), z.number().nullable()),
    times: z.record(z.string(), z.number()).exactOptional(),
  }),
  z.object({ kind: z.literal("note"), timeMs, level: z.enum(["info", "warning"]), message: z.string() }),
  z.object({ kind: z.literal("saved"), timeMs, stage: z.string(), step: z.int().min(0), sha256: z.string() }),
]);

/**
 * Reads the events of a run; an unfinished last line is left out.
 *
 * @throws {BladeError} with the line that is no event
 */
export async function readEvents(path: string): Promise<RunEvent[]> {
  const text = await Deno.readTextFile(path);
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").flatMap((line, at) =>
    line === "" ? [] : [eventOf(line, path, at)]
  );
}

function eventOf(line: string, path: string, at: number): RunEvent {
  const mend = "take the line out, or start the run anew: its figures are made of these lines";
  return checkedJson(line, `${path}:${at + 1}`, eventSchema, mend);
}

/** Offset after the last line end, read backwards in blocks. */
function endOfLastLine(file: Deno.FsFile): number {
  const block = new Uint8Array(4096);
  for (let end = file.statSync().size; end > 0;) {
    const begin = Math.max(0, end - block.length);
    file.seekSync(begin, Deno.SeekMode.Start);
    const read = file.readSync(block.subarray(0, end - begin)) ?? 0;
    const newline = block.subarray(0, read).lastIndexOf(0x0a);
    if (newline >= 0) return begin + newline + 1;
    end = begin;
  }
  return 0;
}
