/** Cells that the plugin's thread shares with its watch. */
export const CELL = {
  /** The row of the batch that the plugin is asked about; −1 when it is asked about all at once. */
  row: 0,
  /** The question that the plugin is at, from 1; 0 between questions. */
  question: 1,
  /** 1 once the watch is awake. */
  awake: 2,
} as const;

/** What a watch needs to know. */
export interface Watched {
  /** As `CELL` says. */
  readonly cells: Int32Array<SharedArrayBuffer>;
  /** Begins the lines that the watch writes on stderr. */
  readonly token: string;
  /** A question that takes longer is reported. */
  readonly deadlineMs: number;
  /** Of resident memory; more is reported. */
  readonly memoryBytes: number;
}

/**
 * Starts a second thread in this process, out of a looping plugin's reach: it reports on stderr the row at which the
 * deadline passed or memory grew too large, for the parent to act on. Where the parent is gone it ends the process, in
 * the one way that a thread without permissions has: it runs out of memory. Returns when it is awake, so that nothing
 * of the plugin runs unwatched.
 */
export function startWatch(watched: Watched): void {
  const source = new Blob([`(${watch})()`], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source), { type: "module" });
  worker.postMessage(watched);
  Atomics.wait(watched.cells, CELL.awake, 0);
}

/** Runs in the worker, from its text: nothing outside it can be named here. */
function watch(): void {
  globalThis.addEventListener("message", (event) => {
    const { cells, token, deadlineMs, memoryBytes } = (event as MessageEvent<Watched>).data;
    const report = (what: string) =>
      Deno.stderr.writeSync(new TextEncoder().encode(`\n${token} ${what} ${cells[0]}\n`));
    const parent = Deno.ppid;
    Atomics.store(cells, 2, 1);
    Atomics.notify(cells, 2);
    let question = 0;
    let since = 0;
    setInterval(() => {
      if (Deno.ppid !== parent) {
        const memory: unknown[] = [];
        for (;;) memory.push(new Array(1e6).fill(0));
      }
      if (Deno.memoryUsage().rss > memoryBytes) report("memory");
      const now = performance.now();
      if (cells[1] !== question) {
        question = cells[1]!;
        since = now;
      }
      if (question !== 0 && now - since > deadlineMs) report("late");
    }, 20);
  });
}
