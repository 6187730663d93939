/** How the loops tell what happens. The command line draws it, the run folder keeps it, a test may ignore it. */
export interface Observer {
  /** A stage begins: `sft`, `prior`, `align`, `evaluate` … with so many steps. */
  stage(name: string, steps: number): void;
  /** One step of the stage is done. Becomes a line of `events.jsonl`; `step` counts from 1 within the stage. */
  step(event: StepEvent): void;
  /** A sentence for the user. Warnings are repeated in the summary and kept in the manifest. */
  note(level: "info" | "warning", message: string): void;
}

/** Numbers of one step, by name; units as docs/method.md defines them. */
export interface StepEvent {
  readonly stage: string;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}
