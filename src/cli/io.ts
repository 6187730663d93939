import type { RunApi } from "../config/run_api.ts";
import { terminalText } from "./terminal_text.ts";

/** What a command touches of the world outside files: the two streams, and the code that computes. */
export interface Io {
  /** Text for stdout: the answer, and nothing else. */
  out(text: string): void;
  /** Text for stderr: progress, notes, errors. */
  err(text: string): void;
  /** Whether someone watches stderr at a terminal. */
  readonly errIsTerminal: boolean;
  /** Loads what computes, tfjs with it; called by the commands that need it and by no other. */
  runApi(): Promise<RunApi>;
}

/** The streams of this process. */
export function processIo(): Io {
  const encoder = new TextEncoder();
  const writer = (stream: typeof Deno.stdout, isGuarded: boolean) => (text: string) => {
    const bytes = encoder.encode(isGuarded ? terminalText(text) : text);
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
  };
  return {
    // In a file or a pipe, CSV and JSON are data: they hold what the data set holds.
    out: writer(Deno.stdout, Deno.stdout.isTerminal()),
    err: writer(Deno.stderr, true),
    errIsTerminal: Deno.stderr.isTerminal(),
    runApi: () => import("../config/run.ts"),
  };
}

/** A JSON document on stdout. */
export function printJson(io: Io, value: unknown): void {
  io.out(JSON.stringify(value, null, 2) + "\n");
}
