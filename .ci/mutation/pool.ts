/** Processes that try mutants: started anew when one hangs, ends or is spoilt. */
import { TextLineStream } from "@std/streams/text-line-stream";
import { type Answer, type AtLoad, MARK, type Question, type Status } from "./worker.ts";

/** A process of `worker.ts`. */
export interface Worker {
  /** Mutants that were reached while its tests were loaded. */
  readonly atLoad: AtLoad;
  /** @returns undefined when the process ended, or did not answer in time and was ended. */
  ask(question: Question, patienceMs: number): Promise<Answer | undefined>;
  end(): Promise<void>;
}

/** How to start one. */
export interface Start {
  /** Of the instrumented tree. */
  readonly folder: string;
  /** Test modules, relative to it. */
  readonly modules: readonly string[];
  /** Whether what it prints on stderr is shown. */
  readonly heard?: boolean;
  /** On from the start, for what runs while modules are loaded. */
  readonly mutant?: number;
}

/** For loading all tests. */
const LOAD_MS = 120_000;

/** @returns undefined when the tests cannot be loaded. */
export async function startWorker({ folder, modules, mutant, heard }: Start): Promise<Worker | undefined> {
  const child = new Deno.Command("nice", {
    args: [
      ...["-n", "10", Deno.execPath(), "run", "-P=test", "--no-check", "--quiet", ".ci/mutation/worker.ts"],
      ...modules,
      ...(mutant === undefined ? [] : [`--mutant=${mutant}`]),
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: heard ? "inherit" : "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const writer = child.stdin.getWriter();
  writer.closed.catch(() => {});
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
  };
  const hear = async (patienceMs: number): Promise<Answer | undefined> => {
    const timer = setTimeout(kill, patienceMs);
    try {
      for (;;) {
        const { value, done } = await lines.read();
        if (done) return undefined;
        if (value.startsWith(MARK)) return JSON.parse(value.slice(MARK.length));
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const end = async () => {
    kill();
    await Promise.allSettled([child.status, lines.cancel(), writer.abort()]);
  };
  const first = await hear(LOAD_MS);
  if (first === undefined || !("loaded" in first)) {
    await end();
    return undefined;
  }
  return {
    atLoad: first.atLoad,
    async ask(question, patienceMs) {
      try {
        await writer.write(new TextEncoder().encode(`${JSON.stringify(question)}\n`));
      } catch {
        return undefined;
      }
      return await hear(patienceMs);
    },
    end,
  };
}

/** Tests to try, in this order, and how often each reaches the mutant. */
export interface Chosen {
  readonly tests: readonly string[];
  readonly hits: readonly number[];
  /** Milliseconds that all of them take without it. */
  readonly took: number;
}

/** A mutant with the tests that may notice it. */
export interface Trial {
  readonly mutant: number;
  /** Those that reach it as they run. */
  readonly running: Chosen;
  /** Those whose modules reach it as they are loaded: if the others do not notice it, these may in a process of its own. */
  readonly loading: Chosen;
}

/** What became of a mutant. */
export interface Outcome {
  readonly mutant: number;
  readonly status: Status;
  /** The test that noticed. */
  readonly by?: string;
}

/** A process is replaced after so many mutants: what they left behind adds up. */
const TRIALS_PER_PROCESS = 200;

/** Tries mutants in `processes` processes; `report` hears of each as it is done. */
export async function tryAll(
  trials: Iterator<Trial>,
  start: Start,
  processes: number,
  report: (outcome: Outcome) => void,
): Promise<void> {
  const work = async () => {
    const shared = sharedWorker(start);
    for (let next = trials.next(); !next.done; next = trials.next()) {
      const { mutant, running, loading } = next.value;
      let outcome: Outcome = { mutant, status: "survived" };
      if (running.tests.length > 0) outcome = await shared.tried(mutant, running);
      if (outcome.status === "survived" && loading.tests.length > 0) {
        outcome = await alone(mutant, loading, start);
      }
      if (running.tests.length + loading.tests.length > 0) report(outcome);
    }
    await shared.end();
  };
  await Promise.all(Array.from({ length: processes }, work));
}

/** A process that tries one mutant after the other. */
function sharedWorker(start: Start) {
  let worker: Worker | undefined;
  let tried = 0;
  const end = async () => {
    await worker?.end();
    worker = undefined;
  };
  const attempt = async (mutant: number, chosen: Chosen, again: boolean): Promise<Outcome> => {
    if (++tried > TRIALS_PER_PROCESS) await end();
    if (worker === undefined) tried = 1;
    worker ??= await startWorker(start);
    if (worker === undefined) throw new Error("The tests cannot be loaded any more.");
    const answer = await outcomeOf(worker, mutant, chosen);
    if (answer === undefined || answer.spoilt) await end();
    if (answer === undefined) return { mutant, status: "timeout" };
    return answer.spoilt && !again ? await attempt(mutant, chosen, true) : answer;
  };
  return { end, tried: (mutant: number, chosen: Chosen) => attempt(mutant, chosen, false) };
}

/** What does not load with a mutant is noticed. A process for one mutant loads the modules of its tests and no others. */
async function alone(mutant: number, chosen: Chosen, { folder }: Start): Promise<Outcome> {
  const modules = [...new Set(chosen.tests.map(moduleOf))];
  const worker = await startWorker({ folder, mutant, modules });
  if (worker === undefined) return { mutant, status: "killed" };
  const answer = await outcomeOf(worker, mutant, chosen);
  await worker.end();
  return answer ?? { mutant, status: "timeout" };
}

/** @returns undefined when the process hangs or has ended. */
async function outcomeOf(
  worker: Worker,
  mutant: number,
  { tests, hits, took }: Chosen,
): Promise<Outcome & { readonly spoilt?: boolean } | undefined> {
  const answer = await worker.ask({ mutant, tests, hits }, 15_000 + 8 * took);
  return answer !== undefined && "mutant" in answer ? answer : undefined;
}

/** The module of a test. */
export function moduleOf(test: string): string {
  return test.replace(/#\d+$/, "");
}
