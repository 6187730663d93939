import type { Flags, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";

/** One command of the command line. */
export interface Command {
  /** One or two words: `train`, `metrics list`. */
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** Positional arguments, in capitals; `…` ends one that may be given several times, then `?` one that may be left out. */
  readonly positionals: readonly string[];
  readonly flags: readonly FlagSpec[];
  /** Further help, whole sentences. */
  readonly details?: string;
  readonly examples: readonly Example[];
  /**
   * Does the work.
   *
   * @returns the exit code
   * @throws {BladeError} for what the user can mend
   */
  run(input: CommandInput, io: Io): Promise<number>;
}

/** A line that a user can run, without the program's name, and what it does. */
export interface Example {
  readonly line: string;
  readonly about: string;
}

/** What was typed, checked against the command's flags and positionals. */
export interface CommandInput {
  readonly positionals: readonly string[];
  readonly flags: Flags;
}
