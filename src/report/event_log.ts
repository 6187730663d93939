import { BladeError } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { writeAtomically } from "./run_folder.ts";

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
  };

/** An open `events.jsonl`: each event is a whole line on return, so that an interrupted run keeps its log. */
export interface EventLog extends Disposable {
  append(event: RunEvent): void;
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
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  const end = endOfLastLine(file);
  file.truncateSync(end);
  file.seekSync(end, Deno.SeekMode.Start);
  const encoder = new TextEncoder();
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
    [Symbol.dispose]() {
      file.close();
    },
  };
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
 * const observer = recordEvents({ append: (event) => void events.push(event), [Symbol.dispose]() {} }, () => 7);
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
  };
}

/**
 * Reads the events of a run; an unfinished last line is left out.
 *
 * @throws {BladeError} naming the line that is no event
 */
export async function readEvents(path: string): Promise<RunEvent[]> {
  return wholeLines(await Deno.readTextFile(path)).map((line, at) => {
    const event = eventOf(line);
    if (event !== null) return event;
    throw new BladeError({
      place: `${path}:${at + 1}`,
      rule: "must be an event as JSON",
      value: line,
      mend: "the log is damaged: take the file from a copy, or delete that line",
    });
  });
}

/**
 * Takes events out of a log, all at once; lines that are no events go too. Nothing happens where there is no log.
 *
 * @param path of the log, which nobody has open
 * @param stands whether an event stays
 * @returns how many lines were no events
 * @example
 * ```ts
 * import { cutEvents, readEvents } from "./event_log.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * const line = (step: number) => `{"kind":"step","timeMs":0,"stage":"sft","step":${step},"values":{}}\n`;
 * await Deno.writeTextFile(path, line(1) + "\0\0\0\n" + line(2));
 * assertEquals(await cutEvents(path, (event) => event.kind !== "step" || event.step < 2), 1);
 * assertEquals(await readEvents(path), [{ kind: "step", timeMs: 0, stage: "sft", step: 1, values: {} }]);
 * await Deno.remove(path);
 * ```
 */
export async function cutEvents(path: string, stands: (event: RunEvent) => boolean): Promise<number> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
  const lines = wholeLines(text).map((line) => ({ line, event: eventOf(line) }));
  const kept = lines.filter(({ event }) => event !== null && stands(event));
  if (kept.length < lines.length) await writeAtomically(path, kept.map(({ line }) => `${line}\n`).join(""));
  return lines.filter(({ event }) => event === null).length;
}

function wholeLines(text: string): string[] {
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
}

function eventOf(line: string): RunEvent | null {
  try {
    const event: RunEvent | null = JSON.parse(line);
    return event !== null && ["stage", "step", "note"].includes(event.kind) ? event : null;
  } catch {
    return null;
  }
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
