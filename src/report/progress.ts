import cliProgress from "cli-progress";
import type { Observer, StepEvent } from "../core/observer.ts";
import { duration } from "./duration.ts";

/** Where progress goes. */
export interface ProgressOptions {
  /** Whether the reader sits at a terminal: a moving bar, else lines. */
  readonly terminal: boolean;
  /** Takes text for stderr. */
  readonly write: (text: string) => void;
  /** Milliseconds of a steady clock. */
  readonly now?: () => number;
  /** Least time between two lines of a stage, in milliseconds, where there is no bar. */
  readonly everyMs?: number;
}

/** An observer that draws; `close` ends the line in progress. */
export interface Progress extends Observer {
  close(): void;
}

/** Gauges worth a place in the line, the first three that a step has. */
const SHOWN = ["reward", "loss", "signal", "ndcg@10", "klToReference", "entropy"];

/**
 * Draws the progress of a run on stderr, with the time left.
 *
 * @example
 * ```ts
 * import { createProgress } from "./progress.ts";
 * import { assertEquals } from "@std/assert";
 * let text = "";
 * const progress = createProgress({ terminal: false, write: (part) => text += part, now: () => 0 });
 * progress.stage("sft", 2);
 * progress.note("warning", "The labels are few.");
 * progress.close();
 * assertEquals(text, "sft: 2 steps\nwarning: The labels are few.\nsft: stopped at step 0 of 2\n");
 * ```
 */
export function createProgress(options: ProgressOptions): Progress {
  const now = options.now ?? (() => performance.now());
  const draw = options.terminal ? barDrawing() : lineDrawing(options.write, now, options.everyMs ?? 10_000);
  return {
    stage(name, steps) {
      draw.stage(name, steps);
    },
    step(event) {
      draw.step(event);
    },
    note(level, message) {
      // The bar's line is left standing; what follows is drawn below it.
      draw.pause();
      options.write(level === "warning" ? `warning: ${message}\n` : `${message}\n`);
    },
    close() {
      draw.close();
    },
  };
}

interface Drawing {
  stage(name: string, steps: number): void;
  step(event: StepEvent): void;
  pause(): void;
  close(): void;
}

function lineDrawing(write: (text: string) => void, now: () => number, everyMs: number): Drawing {
  let stage = { name: "", steps: 0, done: 0, startMs: 0, firstStep: 1, lastLineMs: 0 };
  // A stage that another one follows has ended on its own account, early or not.
  const end = (followed: boolean) => {
    if (stage.name === "") return;
    const took = duration(now() - stage.startMs);
    const step = `step ${stage.done} of ${stage.steps}`;
    if (stage.done >= stage.steps) write(`${stage.name}: done in ${took}\n`);
    else write(`${stage.name}: ${followed ? `ended early at ${step} in ${took}` : `stopped at ${step}`}\n`);
  };
  return {
    stage(name, steps) {
      end(true);
      stage = { name, steps, done: 0, startMs: now(), firstStep: 0, lastLineMs: now() };
      write(`${name}: ${steps} ${steps === 1 ? "step" : "steps"}\n`);
    },
    step(event) {
      // A resumed stage starts at a later step: only the steps done here tell the speed.
      if (stage.firstStep === 0) stage.firstStep = event.step;
      stage.done = event.step;
      // The line of the last step is that of the stage's end.
      if (event.step >= stage.steps || now() - stage.lastLineMs < everyMs) return;
      stage.lastLineMs = now();
      const perStep = (now() - stage.startMs) / (event.step - stage.firstStep + 1);
      const left = duration(perStep * Math.max(0, stage.steps - event.step));
      const percent = Math.round((100 * event.step) / Math.max(1, stage.steps));
      const parts = [
        `step ${event.step} of ${stage.steps}, ${percent} %`,
        gauges(event),
        `about ${left} left`,
      ];
      write(`${stage.name}: ${parts.filter((part) => part !== "").join(", ")}\n`);
    },
    pause() {},
    close() {
      end(false);
      stage = { ...stage, name: "" };
    },
  };
}

function barDrawing(): Drawing {
  const bar = new cliProgress.SingleBar({
    format: "{stage} {bar} {percentage}% {value}/{total} {eta_formatted} left  {gauges}",
    barsize: 20,
    hideCursor: false,
    // The line is cut to the terminal's width: switched off instead, wrapping would stay off if the program were killed.
    linewrap: true,
    etaBuffer: 50,
    gracefulExit: false,
  }, cliProgress.Presets.shades_classic);
  let running = false;
  const stop = () => {
    if (running) bar.stop();
    running = false;
  };
  // The line of an epoch's end has no gauge of these: those of its last step stand.
  let shown = { name: "", steps: 0, gauges: "" };
  const start = (value: number) => {
    bar.start(shown.steps, value, { stage: shown.name.padEnd("sft-continued".length), gauges: shown.gauges });
    running = true;
  };
  return {
    stage(name, steps) {
      stop();
      shown = { name, steps, gauges: "" };
      start(0);
    },
    step(event) {
      shown.gauges = gauges(event) || shown.gauges;
      if (!running) start(event.step);
      bar.update(event.step, { gauges: shown.gauges });
    },
    pause: stop,
    close: stop,
  };
}

function gauges(event: StepEvent): string {
  return SHOWN.filter((name) => Number.isFinite(event.values[name])).slice(0, 3)
    .map((name) => `${name} ${event.values[name]!.toPrecision(4)}`).join(", ");
}
