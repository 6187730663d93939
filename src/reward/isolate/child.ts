/**
 * The process in which a stranger's plugin runs. It has no permission at all: its own modules are its static imports,
 * the plugin's come by stdin as text, answers go out by stdout. It ends when stdin does. `blade` is the module imported
 * below for its name alone, so that the plugin finds it loaded.
 *
 * @module
 */
import { BladeError } from "../../core/errors.ts";
import { type AnyFactory, isFactory } from "../plugin.ts";
import "../plugin_api.ts";
import { answerWith } from "./answer.ts";
import { decodePayload, encodeFrame, type Frame, HEADER_BYTES, readHeader } from "./frames.ts";
import { linkModules, type SourceModule } from "./source_module.ts";
import { CELL, startWatch } from "./watch.ts";

/** The first frame of a session. Its token is the session's. */
export interface Hello {
  readonly deadlineMs: number;
  readonly memoryBytes: number;
  /** Each after those that it imports; the plugin is the last. */
  readonly modules: readonly SourceModule[];
}

if (import.meta.main) await serve();

async function serve(): Promise<void> {
  // What is needed later is taken now: the plugin finds none of it.
  const { stdin, stdout, stderr, exit } = Deno;
  const hello = readFrame(stdin);
  if (hello === undefined) return exit(0);
  const { token } = hello;
  const cells = new Int32Array(new SharedArrayBuffer(12));
  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += stdout.writeSync(bytes.subarray(at));
  };
  const { modules, deadlineMs, memoryBytes } = hello.frame.message as unknown as Hello;
  guardConsole();
  const lastWords = () =>
    stderr.writeSync(new TextEncoder().encode(`\n${token.toHex()} exit ${cells[CELL.row]}\n`));
  globalThis.addEventListener("unload", lastWords);
  startWatch({ cells, token: token.toHex(), deadlineMs, memoryBytes });
  takeAway();
  cells[CELL.row] = -1;
  cells[CELL.question] = 1;
  const plugin = await load(modules);
  cells[CELL.question] = 0;
  if (plugin.factory === undefined) {
    write(encodeFrame(token, hello.sequence, { message: { failed: plugin.failed }, arrays: [] }));
    return exit(0);
  }
  write(encodeFrame(token, hello.sequence, { message: describe(plugin.factory), arrays: [] }));
  const answer = answerWith(plugin.factory, (row) => cells[CELL.row] = row);
  let question = 1;
  for (let asked = readFrame(stdin); asked !== undefined; asked = readFrame(stdin)) {
    cells[CELL.row] = -1;
    cells[CELL.question] = ++question;
    const bytes = answerBytes(answer, asked.frame, token, asked.sequence);
    cells[CELL.question] = 0;
    if (bytes !== undefined) write(bytes);
  }
  exit(0);
}

/** An answer as bytes, or why there is none: a plugin may have spoilt even the arrays that it was given. */
function answerBytes(
  answer: (frame: Frame) => Frame | undefined,
  asked: Frame,
  token: Uint8Array,
  sequence: number,
): Uint8Array | undefined {
  try {
    const answered = answer(asked);
    return answered && encodeFrame(token, sequence, answered);
  } catch (error) {
    return encodeFrame(token, sequence, { message: { failed: failureOf(error) }, arrays: [] });
  }
}

/** What a plugin prints goes to stderr, which the host keeps for the message when it fails. */
function guardConsole(): void {
  for (const name of ["log", "info", "debug", "dir", "table"] as const) console[name] = console.error;
  // Ctrl-C reaches the whole group of processes: the host may still want the answer for the step it finishes.
  Deno.addSignalListener("SIGINT", () => {});
}

/**
 * Takes away what any module may do without a permission, such as keeping things on the disk in Deno's own cache,
 * starting threads, or reaching Deno's inner functions. The import map keeps the modules of Node away.
 */
function takeAway(): void {
  const names = [
    "Deno",
    "process",
    "caches",
    "localStorage",
    "sessionStorage",
    "Worker",
    "BroadcastChannel",
    "GPU",
  ];
  for (const name of names) Reflect.deleteProperty(globalThis, name);
  for (const name of ["gpu", "storage"]) Reflect.deleteProperty(Object.getPrototypeOf(navigator), name);
}

async function load(
  modules: readonly SourceModule[],
): Promise<{ readonly factory?: AnyFactory; readonly failed?: Failed }> {
  try {
    const { default: factory } = await import(linkModules(modules));
    if (isFactory(factory)) return { factory };
    const found = factory === undefined ? "no default export" : typeof factory;
    return { failed: { rule: "must export defineMetric(…) as its default", found } };
  } catch (error) {
    return { failed: failureOf(error) };
  }
}

/** Why a plugin cannot be used, as the child sees it. */
export interface Failed {
  /** What must hold. */
  readonly rule: string;
  /** What was found. */
  readonly found?: unknown;
  /** What to do, where the contract says so. */
  readonly mend?: string;
  /** In the module. */
  readonly line?: number;
}

function failureOf(error: unknown): Failed {
  if (error instanceof BladeError) {
    const { place, rule, value, mend } = error.refusal;
    return { rule: `${place}: ${rule}`, found: value, mend };
  }
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const [, line] = /blob:[^:\s]+:(\d+):\d+/.exec(`${message}\n${stack}`) ?? [];
  const said = message.split("\n")[0]!.replace(/ from "blob:.*/, "");
  return {
    rule: `must be a module that can be imported without permissions; importing it said: ${said}`,
    ...(line === undefined ? {} : { line: Number(line) }),
  };
}

function describe({ spec }: AnyFactory): Frame["message"] {
  const { contract, name, summary, kind, direction, needs, formula, source, equals, options } = spec;
  return {
    spec: { contract, name, summary, kind, direction, needs, formula, source, equals },
    // An option without a default is undefined, which only an entry can hold.
    options: Object.entries(options ?? {}),
  };
}

/** The next frame of a stream; undefined when it is at its end. */
function readFrame(stream: typeof Deno.stdin) {
  const head = readExactly(stream, HEADER_BYTES);
  if (head === undefined) return undefined;
  const header = readHeader(head);
  const payload = readExactly(stream, header.jsonBytes + header.bodyBytes);
  if (payload === undefined) return undefined;
  return { token: header.token, sequence: header.sequence, frame: decodePayload(payload, header) };
}

function readExactly(stream: typeof Deno.stdin, length: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = stream.readSync(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}
