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

/** A mutant with the tests that may notice it, in the order to try them. */
export interface Trial {
  readonly mutant: number;
  readonly tests: readonly string[];
  /** Of each test, how often it reaches the mutant. */
  readonly hits: readonly number[];
  /** Milliseconds that all of them take without it. */
  readonly took: number;
  /** Whether it runs while modules are loaded, and so needs a process of its own. */
  readonly atLoad: boolean;
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
    let worker: Worker | undefined;
    let tried = 0;
    for (let next = trials.next(); !next.done; next = trials.next()) {
      const trial = next.value;
      if (trial.tests.length === 0) continue;
      if (trial.atLoad || tried >= TRIALS_PER_PROCESS) {
        await worker?.end();
        worker = undefined;
      }
      for (let again = false;;) {
        if (worker === undefined) {
          worker = await startWorker(trial.atLoad ? alone(trial, start) : start);
          tried = 0;
        }
        tried++;
        const { mutant, tests, hits } = trial;
        const answer: Answer | undefined = await worker?.ask(
          { mutant, tests, hits },
          15_000 + 8 * trial.took,
        );
        const heard = answer !== undefined && "mutant" in answer ? answer : undefined;
        // What does not load is noticed; what does not answer hangs.
        if (heard === undefined) report({ mutant, status: worker === undefined ? "killed" : "timeout" });
        if (heard === undefined || heard.spoilt || trial.atLoad) {
          await worker?.end();
          worker = undefined;
        }
        if (heard?.spoilt && !again && !trial.atLoad) {
          again = true;
          continue;
        }
        if (heard !== undefined) {
          report({ mutant, status: heard.status, ...(heard.by === undefined ? {} : { by: heard.by }) });
        }
        break;
      }
    }
    await worker?.end();
  };
  await Promise.all(Array.from({ length: processes }, work));
}

/** A process for one mutant needs the modules of its tests and no others. */
function alone({ mutant, tests }: Trial, start: Start): Start {
  return { ...start, mutant, modules: [...new Set(tests.map(moduleOf))] };
}

/** The module of a test. */
export function moduleOf(test: string): string {
  return test.replace(/#\d+$/, "");
}
