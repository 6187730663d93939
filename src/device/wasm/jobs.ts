/**
 * How the main thread and its helpers share one job, lock-free on a small shared buffer.
 *
 * Cell 0 holds generation·2¹² + parts left. Claiming a part is one compare-and-swap that lowers it: a helper that wakes
 * late finds either no parts left or another generation, and the swap fails. A job's fields are only read after a
 * claim, and only written when all parts of the job before are done.
 */
const TICKET = 0, DONE = 1, KERNEL = 2, UNITS = 3, PARTS = 4, ARGUMENT_COUNT = 5, CLOSED = 6;
const CELLS = 8, ARGUMENTS = 20, LEFT_BITS = 12;
const SPINS = 4000;

/** The most parts that a job may be cut into. */
export const MAX_PARTS = (1 << LEFT_BITS) - 1;

/** Runs kernel number `kernel` with `values` on units from … to−1. */
export type RunPart = (kernel: number, values: number[], from: number, to: number) => void;

/** A view of the shared buffer; every thread has its own. */
export interface JobBoard {
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly values: Float64Array<SharedArrayBuffer>;
}

/** A buffer for `boardOf`. */
export function createBoardBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * 4 + ARGUMENTS * 8);
}

export function boardOf(buffer: SharedArrayBuffer): JobBoard {
  return { cells: new Int32Array(buffer, 0, CELLS), values: new Float64Array(buffer, CELLS * 4, ARGUMENTS) };
}

/** Main thread: publishes a job of `units` in `parts`, works on it, and returns when all of it is done. */
export function runJob(
  { cells, values }: JobBoard,
  job: { kernel: number; values: number[]; units: number; parts: number },
  run: RunPart,
): void {
  values.set(job.values);
  cells[KERNEL] = job.kernel;
  cells[UNITS] = job.units;
  cells[PARTS] = job.parts;
  cells[ARGUMENT_COUNT] = job.values.length;
  Atomics.store(cells, DONE, 0);
  const generation = (Atomics.load(cells, TICKET) >>> LEFT_BITS) + 1;
  Atomics.store(cells, TICKET, generation << LEFT_BITS | job.parts);
  Atomics.notify(cells, TICKET);
  takeParts({ cells, values }, run);
  for (let spin = 0, done; (done = Atomics.load(cells, DONE)) < job.parts; spin++) {
    if (spin > SPINS) Atomics.wait(cells, DONE, done);
  }
}

/** Helper thread: works on every job until the board is closed. Blocks its thread. */
export function serveJobs(board: JobBoard, run: RunPart): void {
  const { cells } = board;
  while (Atomics.load(cells, CLOSED) === 0) {
    takeParts(board, run);
    const idle = Atomics.load(cells, TICKET);
    // The next job of a training step is microseconds away; sleeping and waking would cost more.
    let spin = 0;
    while (spin < SPINS && Atomics.load(cells, TICKET) === idle) spin++;
    if (spin === SPINS && Atomics.load(cells, CLOSED) === 0) Atomics.wait(cells, TICKET, idle);
  }
}

/** Main thread: lets every helper return. */
export function closeBoard({ cells }: JobBoard): void {
  Atomics.store(cells, CLOSED, 1);
  Atomics.store(cells, TICKET, ((Atomics.load(cells, TICKET) >>> LEFT_BITS) + 1) << LEFT_BITS);
  Atomics.notify(cells, TICKET);
}

function takeParts({ cells, values }: JobBoard, run: RunPart): void {
  for (;;) {
    const ticket = Atomics.load(cells, TICKET);
    const left = ticket & MAX_PARTS;
    if (left === 0) return;
    if (Atomics.compareExchange(cells, TICKET, ticket, ticket - 1) !== ticket) continue;
    const units = cells[UNITS]!, parts = cells[PARTS]!;
    const part = parts - left;
    run(
      cells[KERNEL]!,
      Array.from(values.subarray(0, cells[ARGUMENT_COUNT]!)),
      Math.floor(part * units / parts),
      Math.floor((part + 1) * units / parts),
    );
    if (Atomics.add(cells, DONE, 1) + 1 === parts) Atomics.notify(cells, DONE);
  }
}
