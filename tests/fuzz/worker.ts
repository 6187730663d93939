/**
 * The thread that parsers are fuzzed in. It notes where it is before every input, so that the thread that watches it can
 * name the input that it does not come back from.
 *
 * @module
 */
import fc from "fast-check";
import type { Family, Parts } from "./family.ts";
import { Find, judge } from "./judge.ts";
import { CELL, inputAt } from "./supervise.ts";

/** What is to be done. */
export interface FuzzOrder {
  /** URL of the module that exports `FAMILIES`. */
  readonly module: string;
  readonly family: string;
  readonly seed: number;
  readonly inputs: number;
  readonly seconds: number;
  readonly path?: string;
  readonly folder: string;
  readonly cells: Float64Array;
}

/** What came of it. */
export interface FuzzReport {
  readonly inputs: number;
  readonly taken: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** Of one input: heap and buffers, garbage and all. */
  readonly largestMiB: number;
  readonly find: FoundInput | null;
}

/** An input that ended as none may. */
export interface FoundInput {
  readonly message: string;
  readonly seed: number;
  readonly path: string;
  /** Shrunk, where it could be. */
  readonly parts: Parts;
}

/** Inputs of one seed: a path into them is followed from the first. */
const ROUND = 500;

/** A find is made smaller for so long. */
const SHRINK_MS = 20_000;

/** This thread: its types are those of a page. */
const thread = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage">;

/** What libraries say of their input goes nowhere: only what comes back of it counts. */
console.warn = () => {};

thread.onmessage = async ({ data }: MessageEvent<FuzzOrder>) => {
  const { FAMILIES } = await import(data.module) as { FAMILIES: readonly Family[] };
  if (data.family === undefined) return thread.postMessage("ready");
  const family = FAMILIES.find(({ name }) => name === data.family)!;
  thread.postMessage(await fuzz(family, data));
};

async function fuzz(family: Family, order: FuzzOrder): Promise<FuzzReport> {
  const unheard: string[] = [];
  const hear = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unheard.push(String(event.reason));
  };
  globalThis.addEventListener("unhandledrejection", hear);
  try {
    const report = await rounds(family, order, unheard);
    // What nobody waits for is told when all else is done.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (report.find !== null || unheard.length === 0) return report;
    const [seed, run] = [order.cells[CELL.seed]!, order.cells[CELL.run]!];
    return {
      ...report,
      find: {
        message: forgotten(unheard),
        seed,
        path: String(run),
        parts: inputAt(family, seed, String(run)),
      },
    };
  } finally {
    globalThis.removeEventListener("unhandledrejection", hear);
  }
}

/** A promise that nobody waits for ends a program when it fails. */
function forgotten([first]: readonly string[]): string {
  return `left a promise that failed unheard, here or at the input before: ${first}`;
}

async function rounds(family: Family, order: FuzzOrder, unheard: readonly string[]): Promise<FuzzReport> {
  const { cells, folder, inputs, path } = order;
  const end = performance.now() + order.seconds * 1000;
  const counts = { inputs: 0, taken: 0, refused: 0, slowestMs: 0, largestMiB: 0 };
  for (let round = 0; counts.inputs < inputs && performance.now() < end; round++) {
    const seed = order.seed + round;
    let run = path === undefined ? 0 : Number(path.split(":")[0]);
    let found = false;
    let shrinkUntil = Infinity;
    cells[CELL.seed] = seed;
    const property = fc.asyncProperty(family.inputs, async (parts) => {
      // To be interrupted would leave an input under way beside the next one's.
      if (performance.now() > (found ? shrinkUntil : end)) return;
      // What is tried to shrink a find has no path of its own.
      if (!found) cells[CELL.run] = run++;
      cells[CELL.since] = Date.now();
      const { taken, ms, bytes } = await judge(family, parts, folder).catch((error) => {
        if (!found) shrinkUntil = performance.now() + SHRINK_MS;
        found = true;
        throw error;
      });
      cells[CELL.since] = 0;
      if (found) return;
      if (unheard.length > 0) throw new Find(forgotten(unheard));
      counts[taken ? "taken" : "refused"]++;
      cells[CELL.done] = ++counts.inputs;
      counts.slowestMs = Math.max(counts.slowestMs, ms);
      counts.largestMiB = Math.max(counts.largestMiB, bytes / 2 ** 20);
    });
    const details = await fc.check(property, {
      seed,
      numRuns: path === undefined ? Math.min(ROUND, inputs - counts.inputs) : 1,
      ...(path === undefined ? {} : { path, endOnFailure: true }),
    });
    cells[CELL.since] = 0;
    if (details.counterexample !== null) {
      const error = details.errorInstance;
      const message = error instanceof Find
        ? error.message
        : String(error instanceof Error ? error.stack : error);
      const find = { message, seed, path: details.counterexamplePath!, parts: details.counterexample[0] };
      return { ...counts, find };
    }
    if (path !== undefined) break;
  }
  return { ...counts, find: null };
}
