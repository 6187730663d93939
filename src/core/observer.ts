/** How the loops tell what happens. The command line draws it, the run folder keeps it, a test may ignore it. */
export interface Observer {
  /** A stage begins: `sft`, `prior`, `align`, `evaluate` … with so many steps. */
  stage(name: string, steps: number): void;
  /** One step of the stage is done. Becomes a line of `events.jsonl`; `step` counts from 1 within the stage. */
  step(event: StepEvent): void;
  /** A sentence for the user. Warnings are repeated in the summary and kept in the manifest. */
  note(level: "info" | "warning", message: string): void;
  /** The state of a stage after one of its steps is on the disk. */
  saved?(state: SavedState): void;
  /** A stage goes on from one of its steps, 0 for its beginning: what was told of later ones is told again. */
  resumed?(from: { readonly stage: string; readonly step: number }): void;
}

/** A state that was saved, by what it holds. */
export interface SavedState {
  /** The stage that is under way. */
  readonly stage: string;
  /** Steps of the stage that are done. */
  readonly step: number;
  /** SHA-256 of every number of it, hexadecimal digits: the same state has the same. */
  readonly sha256: string;
}

/** One step of a stage, and what was measured in it. */
export interface StepEvent {
  /** The stage that is under way. */
  readonly stage: string;
  /** From 1 within the stage. */
  readonly step: number;
  /** Numbers of the step; units as docs/method.md defines them. */
  readonly values: Readonly<Record<string, number>>;
  /** Where the step's time went, ms by part: no part of what a run computes, and never the same twice. */
  readonly times?: Readonly<Record<string, number>>;
}
