import { randomKey } from "../numerics/random.ts";
import { roundSignificant } from "../numerics/round_significant.ts";
import { pow } from "../numerics/power.ts";

/** A method of an experiment: changes of the base configuration. */
export interface Arm {
  readonly name: string;
  /** Name of the arm as the file has it. */
  readonly written: string;
  readonly set: readonly Change[];
}

/** One value by its configuration path. */
export interface Change {
  readonly path: string;
  readonly value: unknown;
  /** Where the file gives it, a path into the document. */
  readonly at: readonly (string | number)[];
}

/** A range that numbers are drawn from. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** Evenly over the logarithm. */
  readonly log: boolean;
  /** Whole numbers only. */
  readonly whole: boolean;
}

/** The parts of an experiment file that say which arms there are. */
export interface WrittenArms {
  readonly arms: readonly { readonly name: string; readonly set: Readonly<Record<string, unknown>> }[];
  readonly grid?: Readonly<Record<string, readonly unknown[]>>;
  /** By configuration path what to draw from, beside `trials` and `seed`. */
  readonly random?: RandomDraws;
}

/** How arms are drawn. */
export interface RandomDraws {
  readonly trials: number;
  readonly seed: number;
  readonly [path: string]: number | readonly unknown[] | Range;
}

/**
 * Every arm with every combination of the grid, and with every random draw. What was written stands first, so that
 * grid and draws win. The same file gives the same arms in the same order.
 *
 * @example
 * ```ts
 * import { expandArms } from "./expand.ts";
 * import { assertEquals } from "@std/assert";
 * const arms = expandArms({
 *   arms: [{ name: "blade", set: { "target.n": 4 } }],
 *   grid: { "align.groupSize": [2, 4] },
 * });
 * assertEquals(arms.map(({ name }) => name), ["blade align.groupSize=2", "blade align.groupSize=4"]);
 * assertEquals(arms[1]?.set.map(({ value }) => value), [4, 4]);
 * ```
 */
export function expandArms({ arms, grid = {}, random }: WrittenArms): Arm[] {
  const combinations = Object.entries(grid).reduce<Change[][]>(
    (before, [path, values]) =>
      before.flatMap((changes) =>
        values.map((value, at) => [...changes, { path, value, at: ["grid", path, at] }])
      ),
    [[]],
  );
  const draws = random === undefined ? [[]] : drawsOf(random);
  return distinct(arms.flatMap(({ name, set }, place) => {
    const written = changesOf(set, ["arms", place, "set"]);
    return combinations.flatMap((combination) =>
      draws.map((draw): Arm => {
        const added = [...combination, ...draw];
        return { name: [name, ...added.map(inWords)].join(" "), written: name, set: [...written, ...added] };
      })
    );
  }));
}

/** Arms without those that were drawn before; what is not alike has names of its own. */
function distinct(arms: readonly Arm[]): Arm[] {
  const known = new Set<string>();
  const names = new Map<string, number>();
  return arms.flatMap((arm) => {
    const what = JSON.stringify([arm.written, arm.set.map(({ path, value }) => [path, value])]);
    if (known.has(what)) return [];
    known.add(what);
    const alike = (names.get(arm.name) ?? 0) + 1;
    names.set(arm.name, alike);
    return [alike === 1 ? arm : { ...arm, name: `${arm.name} (${alike})` }];
  });
}

/** The changes of a `set`. */
export function changesOf(
  set: Readonly<Record<string, unknown>>,
  at: readonly (string | number)[],
): Change[] {
  return Object.entries(set).map(([path, value]) => ({ path, value, at: [...at, path] }));
}

function drawsOf({ trials, seed, ...ranges }: RandomDraws): Change[][] {
  const key = randomKey(seed).split("trials");
  return Array.from({ length: trials }, (_, trial) =>
    Object.entries(ranges).map(([path, from]): Change => {
      const uniform = key.split(path).uniform(trial);
      return { path, value: drawn(from, uniform), at: ["random", path] };
    }));
}

/** Digits that a drawn number has: more would say nothing and be hard to read. */
const DIGITS = 4;

function drawn(from: Range | readonly unknown[] | number, uniform: number): unknown {
  if (typeof from === "number") return from;
  if (Array.isArray(from)) return from[Math.floor(uniform * from.length)];
  const { min, max, log, whole } = from as Range;
  // A whole number stands for the unit around it, so that both ends are as likely as the others.
  const [low, high] = whole ? [Math.ceil(min), Math.floor(max) + 1] : [min, max];
  const value = log ? low * pow(high / low, uniform) : low + (high - low) * uniform;
  if (whole) return Math.min(high - 1, Math.floor(value));
  return Math.min(max, Math.max(min, roundSignificant(value, DIGITS)));
}

function inWords({ path, value }: Change): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `${path}=${text.length > 40 ? `${text.slice(0, 39)}…` : text}`;
}
