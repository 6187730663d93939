import type { RunApi } from "../config/run_api.ts";

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
  const writer = (stream: typeof Deno.stdout) => (text: string) => {
    const bytes = encoder.encode(text);
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
  };
  return {
    out: writer(Deno.stdout),
    err: writer(Deno.stderr),
    errIsTerminal: Deno.stderr.isTerminal(),
    runApi: () => import("../config/run.ts"),
  };
}

/** A JSON document on stdout. */
export function printJson(io: Io, value: unknown): void {
  io.out(JSON.stringify(value, null, 2) + "\n");
}
