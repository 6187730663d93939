/** Runs parsers on inputs in a thread of its own, which is ended when an input takes too long or too much. */
import fc from "fast-check";
import { bytesIn, type Family, type Parts, SLOW_MS } from "./family.ts";
import { deadlineOf } from "./judge.ts";
import type { FuzzOrder, FuzzReport } from "./worker.ts";

/** What a parser was put to, and how it ended. */
export interface FamilyReport extends FuzzReport {
  readonly family: string;
  /** MiB of the process above what it had at the start, at its largest. */
  readonly peakMiB: number;
}

/** How much is tried. */
export interface FuzzBudget {
  readonly seed: number;
  readonly inputs: number;
  readonly seconds: number;
  /** Path of one input in the seed, as a find names it. */
  readonly path?: string;
  /** An existing folder that is written to. */
  readonly folder: string;
  /** An input of 64 KiB hangs after so long: three tries, as `judge` makes them, and as much again. */
  readonly patienceMs?: number;
}

/** What the thread says of the input that it is at. */
export const CELL = { since: 0, seed: 1, run: 2, done: 3 } as const;

/** The process may grow by so much while one parser is fuzzed: garbage is taken away late. */
const GROWTH_MIB = 768;

const LOOK_EVERY_MS = 10;

const PATIENCE_MS = 6 * SLOW_MS;

/** Thread that fuzzes one parser after the other. */
export interface Supervisor extends Disposable {
  fuzz(family: Family, budget: FuzzBudget): Promise<FamilyReport>;
}

/**
 * Starts a supervisor.
 *
 * @param module that exports `FAMILIES`, from which the thread takes a family by its name
 */
export function supervisor(module: string): Supervisor {
  let worker: Worker | undefined;
  const end = () => {
    worker?.terminate();
    worker = undefined;
  };
  return {
    async fuzz(family, { patienceMs = PATIENCE_MS, ...budget }) {
      worker ??= await started(module);
      const cells = new Float64Array(new SharedArrayBuffer(8 * 4));
      const start = Deno.memoryUsage().rss;
      let peak = start;
      const order: FuzzOrder = { module, family: family.name, cells, ...budget };
      const { promise, resolve } = Promise.withResolvers<FuzzReport>();
      worker.onmessage = ({ data }: MessageEvent<FuzzReport>) => resolve(data);
      const kill = (what: string) => {
        const [seed, run, done] = [cells[CELL.seed]!, cells[CELL.run]!, cells[CELL.done]!];
        end();
        const parts = inputAt(family, seed, String(run));
        resolve({
          inputs: done,
          refused: 0,
          taken: 0,
          slowestMs: 0,
          largestMiB: 0,
          find: { message: what, seed, path: String(run), parts },
        });
      };
      // A promise that nobody waits for ends the program as well.
      worker.onerror = (event) => {
        event.preventDefault();
        kill(`ended the program, at this input or right after the one before: ${event.message}`);
      };
      worker.postMessage(order);
      const watch = setInterval(() => {
        peak = Math.max(peak, Deno.memoryUsage().rss);
        const since = cells[CELL.since]!;
        if (since === 0) return;
        const ms = Date.now() - since;
        // The input is made anew only where it may be a long one.
        if (
          ms > patienceMs &&
          ms > patienceMs / SLOW_MS * deadlineOf(inputAt(family, cells[CELL.seed]!, String(cells[CELL.run]!)))
        ) {
          kill(`still not at its end after ${Math.round(ms / 1000)} s`);
        } else if (peak - start > GROWTH_MIB * 2 ** 20) {
          kill(`took more than ${GROWTH_MIB} MiB`);
        }
      }, LOOK_EVERY_MS);
      try {
        const report = await promise;
        return { family: family.name, ...report, peakMiB: Math.round((peak - start) / 2 ** 20) };
      } finally {
        clearInterval(watch);
      }
    },
    [Symbol.dispose]: end,
  };
}

/** A thread that has loaded the parsers, which takes memory of its own. */
async function started(module: string): Promise<Worker> {
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onmessage = resolve;
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`The thread that fuzzes did not start: ${event.message}`));
  };
  worker.postMessage({ module });
  await promise;
  return worker;
}

/** The input that a seed and a path give. */
export function inputAt(family: Family, seed: number, path: string): Parts {
  return fc.sample(family.inputs, { seed, path, numRuns: 1 })[0]!;
}

/** An input for people: texts as JSON, bytes as numbers, both cut. */
export function shown(parts: Parts): string {
  const one = (part: string | Uint8Array) =>
    typeof part === "string" ? cut(JSON.stringify(part)) : `Uint8Array.of(${cut(part.join())})`;
  return `${bytesIn(parts)} bytes: { ${
    Object.entries(parts).map(([name, part]) => `${JSON.stringify(name)}: ${one(part)}`).join(", ")
  } }`;
}

/** Characters of a part that are printed. */
const SHOWN = 1500;

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text;
}
