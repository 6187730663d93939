/**
 * What the instrumented copies of the sources call: which mutant is on, and which were reached. One process tries many
 * mutants, so this is the one place that keeps a state; it is never imported by the sources themselves.
 */

/** The state of one process. Mutants are numbered from 1; 0 is none. */
export interface Switch {
  active: number;
  /** While set, every mutant that is reached is counted here: its number → how often. */
  reached: Map<number, number> | undefined;
  /** How often the active mutant was reached. */
  hits: number;
  /** Beyond so many hits a loop counts as endless. */
  hitLimit: number;
}

/** A child of a test is given its mutant as an argument, since it may read no variable of the environment. */
const ARGUMENT = "--mutant=";

/** The switch of this process. */
export const mutants: Switch = {
  active: Number(Deno.args.find((text) => text.startsWith(ARGUMENT))?.slice(ARGUMENT.length) ?? 0),
  reached: undefined,
  hits: 0,
  hitLimit: Infinity,
};

/** Whether a mutant is on. The name is what the instrumenter writes. */
export function stryMutAct_9fa48(mutant: number): boolean {
  if (mutants.active !== mutant) return false;
  if (++mutants.hits > mutants.hitLimit) throw new Error("a loop without an end");
  return true;
}

/** Counts mutants that are reached. The name is what the instrumenter writes. */
export function stryCov_9fa48(...reached: number[]): void {
  if (mutants.reached === undefined) return;
  for (const mutant of reached) mutants.reached.set(mutant, (mutants.reached.get(mutant) ?? 0) + 1);
}
