import { builtinModules } from "node:module";
import { BladeError } from "../../core/errors.ts";
import { decodePayload, encodeFrame, type Frame, HEADER_BYTES, readHeader, TOKEN_BYTES } from "./frames.ts";

/** What a child is held to. */
export interface Limits {
  /** For one answer, and for starting. */
  readonly deadlineMs: number;
  /** Of memory in all. */
  readonly memoryMiB: number;
}

/** A process without permissions that answers frames, one at a time. */
export interface Child {
  /** Hands something over that has no answer. */
  send(frame: Frame): Promise<void>;
  /**
   * Asks and waits for the answer.
   *
   * @param answerBytes what an answer can have at most
   * @param patienceMs by default the deadline
   * @throws {ChildFailure} when none comes; the process is gone then.
   */
  ask(frame: Frame, answerBytes: number, patienceMs?: number): Promise<Frame>;
  /** Ends the process, whatever it does, and waits until it is gone. */
  end(): Promise<void>;
}

/** Why a child did not answer. */
export class ChildFailure extends Error {
  /**
   * @param rule what a plugin must do instead
   * @param found what it did
   * @param row of the batch, where the watch saw it
   * @param lost whether somebody else ended the process, and the plugin did nothing
   */
  constructor(readonly rule: string, readonly found: string, readonly row?: number, readonly lost = false) {
    super(`${rule}, got ${found}`);
  }
}

/** How long the watch in the child, which knows the row, may take beyond the deadline. */
const GRACE_MS = 500;

/** What a process may take to start on a busy machine, beside what its plugin takes to load: that is no plugin's fault. */
export const START_MS = 20_000;

/** How long a process whose stdout is closed may take to end by itself, and to say how. */
const END_MS = 1000;

/** How others end a process; a plugin has no means to send itself one. */
const FROM_OUTSIDE: readonly (string | null)[] = ["SIGKILL", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Stands in for the modules of Node, some of which do things without asking for a permission. */
const WITHHELD = "data:text/javascript,throw new Error('modules of Node are not there for a plugin')";

/** What a pipe holds at most, and so a read gives. */
const PIPE_BYTES = 65536;

/** What a plugin printed last is kept up to here. */
const KEPT_CHARACTERS = 4000;

/**
 * Starts a child with a module of ours. It may read nothing, write nothing, reach nothing: its modules are its static
 * imports. It is killed when an answer is late, when this process ends, and by `end`.
 *
 * @param place the plugin, for messages
 * @param module URL of the child's main module
 * @param blade URL of the module that its plugin knows as `blade`
 * @throws {BladeError} when this process may not start another.
 */
export async function startChild(
  place: string,
  module: string,
  blade: string,
  { deadlineMs, memoryMiB }: Limits,
): Promise<Child> {
  const command = Deno.execPath();
  await checkMayRun(place, command);
  const withheld = Object.fromEntries(
    builtinModules.map((name) => [`node:${name.replace(/^node:/, "")}`, WITHHELD]),
  );
  const imports = JSON.stringify({ imports: { ...withheld, blade } });
  const importMap = `data:application/json,${encodeURIComponent(imports)}`;
  const child = new Deno.Command(command, {
    args: [
      "run",
      ...["--no-prompt", "--no-config", "--no-lock", "--no-npm", "--cached-only", "--deny-import", "--quiet"],
      ...(module.startsWith("file:") ? ["--no-remote"] : []),
      `--v8-flags=--max-old-space-size=${memoryMiB}`,
      `--import-map=${importMap}`,
      module,
    ],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  child.unref();
  const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  let killedHere = false;
  const kill = () => {
    killedHere = true;
    try {
      child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
  };
  /** Keeps this process alive until the child is gone. */
  const hold = () => {
    try {
      child.ref();
    } catch {
      // It is gone already.
    }
  };
  globalThis.addEventListener("unload", kill);
  let endedByItself = false;
  const ended = child.status.finally(() => {
    endedByItself = !killedHere;
    globalThis.removeEventListener("unload", kill);
  });
  const hearing = hear(child.stderr, token.toHex(), kill);
  const reader = child.stdout.getReader({ mode: "byob" });
  const writer = child.stdin.getWriter();
  writer.closed.catch(() => {});
  let sequence = 0;

  const fail = async (late: boolean): Promise<ChildFailure> => {
    hold();
    // Killed at once it could not say any more how it ended.
    if (!late && !killedHere) await withinMs(END_MS, ended);
    kill();
    const { signal, code } = await ended;
    const heard = await hearing;
    const row = heard.row === undefined || heard.row < 0 ? undefined : heard.row;
    const overflow = /out of memory|heap limit/i.test(heard.printed);
    if (heard.report === "memory" || overflow) {
      return new ChildFailure("must fit in memory", `more than ${memoryMiB} MiB`, row);
    }
    if (late || heard.report === "late") {
      return new ChildFailure("must answer in time", `no answer after ${deadlineMs / 1000} s`, row);
    }
    const lines = heard.printed.split("\n").map(printable).filter((line) => line.trim() !== "");
    const last = lines.findLast((line) => line.startsWith("error: ")) ?? lines.at(-1);
    return new ChildFailure(
      "must not end its process",
      `${signal ?? `exit code ${code}`}${last === undefined ? "" : `, having printed: ${last}`}`,
      row,
      endedByItself && FROM_OUTSIDE.includes(signal),
    );
  };

  // Header and payload mostly come together: what was read beyond the one is kept for the other.
  let rest = new Uint8Array(0);
  const readExactly = async (length: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const bytes = new Uint8Array(length);
    for (let at = 0;;) {
      const part = rest.subarray(0, length - at);
      bytes.set(part, at);
      rest = rest.subarray(part.length);
      at += part.length;
      if (at === length) return bytes;
      const { value, done } = await reader.read(new Uint8Array(PIPE_BYTES));
      if (done || value === undefined) return undefined;
      rest = value;
    }
  };

  const answerTo = async (asked: number, answerBytes: number): Promise<Frame | undefined> => {
    const head = await readExactly(HEADER_BYTES);
    if (head === undefined) return undefined;
    const header = readHeader(head);
    if (header.token.toHex() !== token.toHex() || header.sequence !== asked) {
      throw new ChildFailure("must leave stdout to the program", "something else than an answer");
    }
    if (header.jsonBytes + header.bodyBytes > answerBytes) {
      throw new ChildFailure("must answer what it was asked", `${header.jsonBytes + header.bodyBytes} bytes`);
    }
    const payload = await readExactly(header.jsonBytes + header.bodyBytes);
    if (payload === undefined) return undefined;
    try {
      return decodePayload(payload, header);
    } catch {
      throw new ChildFailure("must answer what it was asked", "an answer that cannot be read");
    }
  };

  const write = async (frame: Frame): Promise<void> => {
    try {
      await writer.write(encodeFrame(token, ++sequence, frame));
    } catch {
      throw await fail(false);
    }
  };

  return {
    send: write,
    async ask(frame, answerBytes, patienceMs = deadlineMs + GRACE_MS) {
      let late = false;
      // The timer also keeps this process alive, which a child alone does not.
      const timer = setTimeout(() => {
        late = true;
        kill();
        hold();
      }, patienceMs);
      try {
        await write(frame);
        const answer = await answerTo(sequence, answerBytes);
        if (answer === undefined) throw await fail(late);
        return answer;
      } catch (error) {
        kill();
        hold();
        await ended;
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    async end() {
      kill();
      hold();
      await Promise.allSettled([ended, hearing, reader.cancel(), writer.abort()]);
    },
  };
}

/** Waits for something, but not for ever. */
async function withinMs(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

/** What a child wrote on stderr: what it printed, and what its watch reported. */
interface Heard {
  readonly printed: string;
  readonly report?: string;
  readonly row?: number;
}

/** Reads stderr to its end, and kills the child when its watch reports that it is late or too large. */
async function hear(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  token: string,
  kill: () => void,
): Promise<Heard> {
  let printed = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    printed = (printed + text).slice(-KEPT_CHARACTERS);
    const report = reportIn(printed, token);
    if (report?.report === "late" || report?.report === "memory") kill();
  }
  return { ...reportIn(printed, token), printed: printed.replaceAll(new RegExp(`${token}.*\n`, "g"), "") };
}

function reportIn(text: string, token: string): Omit<Heard, "printed"> | undefined {
  const [, report, row] = new RegExp(`${token} (\\w+) (-?\\d+)\n`).exec(text) ?? [];
  return report === undefined ? undefined : { report, row: Number(row) };
}

/** Text of a stranger, fit for a terminal: one line, no control character, not long, no advice of Deno's to permit it. */
export function printable(given: unknown): string {
  const text = typeof given === "string" ? given : asJson(given);
  const plain = text.replace(/, run again with the --allow-\w+ flag/, "");
  return plain.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 300);
}

/** What should have been a text may be too deep to be written. */
function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "nothing";
  } catch {
    return "a value without JSON";
  }
}

/** Refuses early, and with the flag, where this process may not start deno. */
export async function checkMayRun(place: string, command: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "run", command });
  if (state === "granted") return;
  throw new BladeError({
    place,
    rule: "must run in a process of its own, which this program has no permission to start",
    mend:
      `start it as: deno run -P --allow-run=deno main.ts … (where another deno comes first on the PATH: ` +
      `--allow-run=${command}); or, if you trust the plugin with all that the program may do: --isolate never`,
  });
}
