import { join } from "@std/path";
import { writerOf } from "../config/run_lock.ts";
import { duration } from "../report/duration.ts";
import { isThere } from "../report/is_there.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import type { CellRunner } from "./cell_runner.ts";
import { EXPERIMENT_FILES, prepareCell } from "./experiment_folder.ts";
import { type Contender, droppedAt, type Standing } from "./halving.ts";
import type { CellFacts } from "./inspect.ts";
import type { Cell, Experiment } from "./plan.ts";
import { readCourse } from "./run_facts.ts";
import { openStageCache, type StageCache } from "./stage_cache.ts";

/** How an experiment is carried out. */
export interface ExecutionOptions {
  readonly folder: string;
  readonly facts: ReadonlyMap<Cell, CellFacts>;
  readonly runner: CellRunner;
  /** Runs at a time. */
  readonly parallel: number;
  /** Aborted to save the state of the runs under way and stop. */
  readonly signal: AbortSignal;
  /** Takes text for stderr, whole lines. */
  readonly say: (line: string) => void;
  /** ms between two looks at runs under way. */
  readonly lookEveryMs?: number;
}

/** What became of an experiment. */
export interface Execution {
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
  readonly failed: readonly { readonly cell: Cell; readonly message: string }[];
  /** Arms that were not trained to the end. */
  readonly dropped: readonly Dropped[];
}

/** An arm that was dropped by successive halving. */
export interface Dropped extends Standing {
  readonly data: string;
  /** Epochs after which it was dropped. */
  readonly epoch: number;
}

/** Runs every cell that has not finished; those that halving drops are left where they are. */
export async function execute(plan: Experiment, options: ExecutionOptions): Promise<Execution> {
  const { folder, say } = options;
  const failed = new Map<Cell, string>();
  const dropped: Dropped[] = [];
  let alive: readonly Cell[] = plan.cells;
  for (const rung of plan.halving?.rungs ?? []) {
    if (!await runCells(alive, rung, failed, options)) {
      return { stopped: true, failed: listed(failed), dropped };
    }
    for (const data of plan.data) {
      const here = alive.filter((cell) => cell.data === data && !failed.has(cell));
      const contenders = await Promise.all(
        [...Map.groupBy(here, ({ arm }) => arm)].map(async ([arm, cells]): Promise<Contender> => ({
          arm,
          runs: await Promise.all(
            cells.map(async (cell) => (await readCourse(join(folder, cell.folder))).epochs),
          ),
        })),
      );
      const { keep } = plan.halving!;
      for (const standing of droppedAt(rung, contenders, { keep, spared: [plan.baseline] })) {
        dropped.push({ ...standing, data, epoch: rung });
        const score = standing.score === null ? "none" : standing.score.toFixed(4);
        say(`dropped after epoch ${rung} on ${data}: ${standing.arm} (validation ${score})`);
        alive = alive.filter((cell) => cell.data !== data || cell.arm !== standing.arm);
      }
    }
  }
  const ended = await runCells(alive, null, failed, options);
  return { stopped: !ended, failed: listed(failed), dropped };
}

function listed(failed: ReadonlyMap<Cell, string>): Execution["failed"] {
  return Array.from(failed, ([cell, message]) => ({ cell, message }));
}

/**
 * Runs cells to their end, or until so many epochs of alignment are done. A stage that several of them share is run by
 * the first; the others wait for it.
 *
 * @returns whether all came as far
 */
async function runCells(
  cells: readonly Cell[],
  rung: number | null,
  failed: Map<Cell, string>,
  { folder, facts, runner, parallel, signal, say, lookEveryMs = 300 }: ExecutionOptions,
): Promise<boolean> {
  const cache = openStageCache(join(folder, EXPERIMENT_FILES.cache));
  const waiting: Cell[] = [];
  for (const cell of cells) {
    if (!failed.has(cell) && !await hasCome(join(folder, cell.folder), rung)) waiting.push(cell);
  }
  const running = new Map<Cell, Promise<void>>();
  const startMs = performance.now();
  const toDo = waiting.length;
  let done = 0;
  const ready = cells.length - toDo;
  if (ready > 0 && toDo > 0) say(`${ready} of ${cells.length} runs are ${goal(rung)} already`);

  const runCell = async (cell: Cell, label: string) => {
    await writersGone(join(folder, cell.folder), signal, lookEveryMs, (line) => say(`${label} ${line}`));
    if (signal.aborted) return;
    const path = await prepareCell(folder, cell);
    const { stages } = facts.get(cell)!;
    const given = await cache.give(path, stages);
    say(`${label} ${inWords(cell)}${given.length === 0 ? "" : ` (shared: ${given.join(", ")})`}`);
    using stop = stopAt(path, rung, signal, lookEveryMs);
    const cellStartMs = performance.now();
    const end = await runner({
      folder: path,
      config: cell.config,
      signal: stop.signal,
      say: (line) => say(`${label} ${line}`),
    });
    await cache.keep(path, stages);
    if (end.kind === "failed") {
      failed.set(cell, end.message);
      say(`${label} failed: ${end.message}`);
    }
    if (end.kind === "stopped" && signal.aborted) return;
    done++;
    const took = duration(performance.now() - cellStartMs);
    const left = (performance.now() - startMs) / done * (toDo - done);
    const how = end.kind === "stopped" ? goal(rung) : end.kind;
    say(`${label} ${how} in ${took}${done < toDo ? `, about ${duration(left)} left in all` : ""}`);
  };

  let started = 0;
  while (!signal.aborted && (waiting.length > 0 || running.size > 0)) {
    while (running.size < parallel && !signal.aborted) {
      const at = await firstReady(waiting, [...running.keys()], facts, cache);
      if (at < 0) break;
      const [cell] = waiting.splice(at, 1);
      started++;
      const label = `[${started}/${toDo}]`;
      running.set(cell!, runCell(cell!, label).finally(() => running.delete(cell!)));
    }
    const look = delay(lookEveryMs);
    await Promise.race([...running.values(), look.passed]).finally(look.cancel);
    for (const cell of running.keys()) await cache.keep(join(folder, cell.folder), facts.get(cell)!.stages);
  }
  await Promise.all(running.values());
  return !signal.aborted;
}

/** Waits for the run of an experiment that was killed: in a process of its own, it may still be at work. */
async function writersGone(
  folder: string,
  signal: AbortSignal,
  everyMs: number,
  say: (line: string) => void,
): Promise<void> {
  for (let told = false; !signal.aborted; told = true) {
    const writer = writerOf(folder);
    if (writer === null) return;
    if (!told) say(`waits for ${writer}, which still writes into ${folder}`);
    await delay(everyMs).passed;
  }
}

function goal(rung: number | null): string {
  return rung === null ? "finished" : `at epoch ${rung}`;
}

/** Whether a run has finished, or done so many epochs of alignment. */
async function hasCome(folder: string, rung: number | null): Promise<boolean> {
  if (await isThere(join(folder, RUN_FILES.manifest))) return true;
  if (rung === null) return false;
  return ((await readCourse(folder)).epochs.at(-1)?.epoch ?? 0) >= rung;
}

/** The first cell none of whose stages another is at work on. */
async function firstReady(
  waiting: readonly Cell[],
  running: readonly Cell[],
  facts: ReadonlyMap<Cell, CellFacts>,
  cache: StageCache,
): Promise<number> {
  const keysOf = (cell: Cell) => facts.get(cell)!.stages.map(({ key }) => key);
  const taken = new Set(running.flatMap(keysOf));
  for (const [at, cell] of waiting.entries()) {
    const open = await Promise.all(keysOf(cell).map(async (key) => taken.has(key) && !await cache.has(key)));
    if (!open.includes(true)) return at;
  }
  return -1;
}

/** A signal that is aborted with another one, and once a run has done so many epochs of alignment. */
function stopAt(
  folder: string,
  rung: number | null,
  signal: AbortSignal,
  everyMs: number,
): { readonly signal: AbortSignal } & Disposable {
  if (rung === null) return { signal, [Symbol.dispose]() {} };
  const controller = new AbortController();
  const timer = setInterval(async () => {
    const { epochs } = await readCourse(folder);
    if ((epochs.at(-1)?.epoch ?? 0) >= rung) controller.abort();
  }, everyMs);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function delay(ms: number): { readonly passed: Promise<void>; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  return { passed, cancel: () => clearTimeout(timer) };
}

function inWords({ arm, data, seed, folder }: Cell): string {
  return `${arm}, ${data}, seed ${seed}: ${folder}`;
}
