/**
 * One process of `deno task mutate`, in the instrumented tree: it loads all tests once, then runs those it is told, with
 * the mutant it is told. It is asked by lines of JSON on stdin and answers on stdout, each answer after a mark.
 *
 * @module
 */
import fc from "fast-check";
import { TextLineStream } from "@std/streams/text-line-stream";
import { mutants } from "./switch.ts";

/** Begins an answer; a test may print as well. */
export const MARK = "\u0001";

/** What a process is asked. */
export type Question =
  /** Which mutants each test reaches. */
  | { readonly dry: true }
  /** Whether one of the tests notices a mutant, tried in this order. */
  | { readonly mutant: number; readonly tests: readonly string[]; readonly hits: readonly number[] };

/** What it answers. */
export type Answer =
  /** How many tests there are, and the mutants that were reached while modules were loaded. */
  | { readonly loaded: number; readonly atLoad: AtLoad }
  | { readonly tests: readonly DryTest[] }
  | { readonly mutant: number; readonly status: Status; readonly by?: string; readonly spoilt?: boolean };

/** The mutants that a module reaches as it is loaded: in sources that it is the first to import, and in its own body. */
export type AtLoad = readonly (readonly [module: string, mutants: readonly number[]])[];

/** Whether a mutant was noticed. */
export type Status = "killed" | "timeout" | "survived";

/** A test without a mutant. */
export interface DryTest {
  /** Its module and its place there, `tests/a_test.ts#1`. */
  readonly test: string;
  readonly name: string;
  readonly passed: boolean;
  /** Milliseconds. */
  readonly took: number;
  /** Mutant → how often it was reached. */
  readonly reached: readonly (readonly [mutant: number, hits: number])[];
  /** Whether it started another process. */
  readonly children: boolean;
}

type Run = (context: unknown) => void | Promise<void>;

const tests = new Map<string, { readonly name: string; readonly run: Run }>();

/** Takes the tests of a module, which is registering them now. */
function register(module: string, ...given: unknown[]): void {
  const options = given.find((each) => typeof each === "object") as
    | { name?: string; fn?: Run; ignore?: boolean }
    | undefined;
  const run = given.find((each) => typeof each === "function") as Run | undefined ?? options?.fn;
  const name = given.find((each) => typeof each === "string") as string | undefined ?? options?.name ??
    run?.name;
  if (run === undefined || options?.ignore) return;
  let place = 1;
  while (tests.has(`${module}#${place}`)) place++;
  tests.set(`${module}#${place}`, { name: name ?? "", run });
}

const context = {
  name: "",
  origin: "",
  async step(...given: unknown[]): Promise<boolean> {
    const options = given.find((each) => typeof each === "object") as
      | { fn?: Run; ignore?: boolean }
      | undefined;
    const run = given.find((each) => typeof each === "function") as Run | undefined ?? options?.fn;
    if (run !== undefined && !options?.ignore) await run(context);
    return true;
  },
};

/** How many hits beyond those of the test without the mutant are an endless loop. */
const PATIENCE = { factor: 50, more: 20_000 };

async function passes(test: string): Promise<boolean> {
  let unhandled = false;
  const listen = (event: Event) => {
    event.preventDefault();
    unhandled = true;
  };
  globalThis.addEventListener("unhandledrejection", listen);
  try {
    await tests.get(test)!.run(context);
    return !unhandled;
  } catch {
    return false;
  } finally {
    globalThis.removeEventListener("unhandledrejection", listen);
  }
}

async function dryRun(spawned: () => number): Promise<Answer> {
  const done: DryTest[] = [];
  for (const [test, { name }] of tests) {
    mutants.reached = new Map();
    const [from, children] = [performance.now(), spawned()];
    const passed = await passes(test);
    const took = performance.now() - from;
    done.push({ test, name, passed, took, reached: [...mutants.reached], children: spawned() > children });
  }
  mutants.reached = undefined;
  return { tests: done };
}

async function tryMutant(
  { mutant, tests: chosen, hits }: Extract<Question, { mutant: number }>,
): Promise<Answer> {
  for (const [at, test] of chosen.entries()) {
    mutants.active = mutant;
    mutants.hits = 0;
    mutants.hitLimit = PATIENCE.more + PATIENCE.factor * hits[at]!;
    const passed = await passes(test);
    const endless = mutants.hits > mutants.hitLimit;
    mutants.hitLimit = Infinity;
    if (passed && !endless) continue;
    mutants.active = 0;
    // A test that fails without the mutant as well has found something that the mutant left behind.
    const spoilt = !await passes(test);
    return { mutant, status: endless ? "timeout" : "killed", by: test, spoilt };
  }
  mutants.active = 0;
  return { mutant, status: "survived" };
}

if (import.meta.main) {
  const { stdout } = Deno;
  const say = async (answer: Answer) => {
    const bytes = new TextEncoder().encode(`\n${MARK}${JSON.stringify(answer)}\n`);
    for (let at = 0; at < bytes.length;) at += await stdout.write(bytes.subarray(at));
  };
  for (const name of ["log", "info", "warn", "error", "debug"] as const) console[name] = () => {};
  // A seed makes two runs try the same cases; that a case fails is enough, the smallest one is not looked for.
  fc.configureGlobal({ seed: 1, endOnFailure: true });
  Object.defineProperty(Deno, "test", {
    value: Object.assign(register, { ignore: () => {}, only: register }),
  });
  let children = 0;
  const Command = Deno.Command;
  Object.defineProperty(Deno, "Command", {
    value: class extends Command {
      constructor(command: string | URL, options: Deno.CommandOptions = {}) {
        children++;
        const { args = [] } = options;
        const ours = mutants.active !== 0 && args.at(-1)?.endsWith("/isolate/child.ts");
        super(command, ours ? { ...options, args: [...args, `--mutant=${mutants.active}`] } : options);
      }
    },
  });
  const atLoad: [string, number[]][] = [];
  for (const path of Deno.args.filter((text) => !text.startsWith("--"))) {
    mutants.reached = new Map();
    const take = (...given: unknown[]) => register(path, ...given);
    Object.defineProperty(Deno, "test", {
      configurable: true,
      value: Object.assign(take, { ignore: () => {} }),
    });
    await import(new URL(path, `file://${Deno.cwd()}/`).href);
    atLoad.push([path, [...mutants.reached.keys()]]);
  }
  mutants.reached = undefined;
  await say({ loaded: tests.size, atLoad });
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const question: Question = JSON.parse(line);
    await say("dry" in question ? await dryRun(() => children) : await tryMutant(question));
  }
  Deno.exit(0);
}
