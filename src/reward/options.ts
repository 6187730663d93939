import { BladeError } from "../core/errors.ts";

/** An option that takes one of a few words; the first is the default. Made by `oneOf`. */
export interface Choice<T extends string> {
  /** The words, the default first. */
  readonly choices: readonly [T, ...T[]];
}

/** An option that takes a number between bounds, both allowed. */
export interface Bounded {
  /** When nobody sets it; left out: the option has no value then. */
  readonly standard?: number;
  /** Least number. */
  readonly least: number;
  /** Greatest number. */
  readonly greatest: number;
}

/** A default that an option may have. */
export type OptionDefault =
  | number
  | string
  | boolean
  | undefined
  | readonly string[]
  | Choice<string>
  | Bounded;

/** Options by name, each as its default. */
export type OptionSpecs = { readonly [name: string]: OptionDefault };

/** The type of value that an option with this default takes. */
export type ValueOf<D> = D extends Choice<infer T> ? T
  : D extends { readonly standard: number } ? number
  : D extends Bounded ? number | undefined
  : D extends boolean ? boolean
  : D extends number ? number
  : D extends string ? string
  : D;

/** The options that a metric is given: those it declares, and always `cutoff`. */
export type OptionValues<O extends OptionSpecs> =
  & { readonly [K in keyof O]: ValueOf<O[K]> }
  & { readonly cutoff: number | undefined };

/**
 * An option that takes one of a few words; the first is the default.
 *
 * @example
 * ```ts
 * import { oneOf } from "blade";
 * import { assertEquals } from "@std/assert";
 * assertEquals(oneOf("linear", "binary").choices[0], "linear");
 * ```
 */
export function oneOf<T extends string>(first: T, ...others: T[]): Choice<T> {
  return { choices: [first, ...others] };
}

/**
 * Every option's value: the given one, else the default.
 *
 * @throws {BladeError} for an option that is not declared, or a value of the wrong type.
 *
 * @example
 * ```ts
 * import { oneOf, resolveOptions } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 * const declared = { gain: oneOf("linear", "binary"), threshold: 0 };
 * assertEquals(resolveOptions("ndcg", declared, { threshold: 3 }), {
 *   gain: "linear",
 *   threshold: 3,
 *   cutoff: undefined,
 * });
 * ```
 */
export function resolveOptions<O extends OptionSpecs>(
  metric: string,
  declared: O,
  given: Readonly<Record<string, unknown>>,
): OptionValues<O> {
  const all: OptionSpecs = { cutoff: undefined, ...declared };
  const values: Record<string, unknown> = {};
  for (const [name, standard] of Object.entries(all)) values[name] = defaultOf(standard);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(all, name)) throw unknownOption(metric, name, all);
    if (value === undefined) continue;
    const expected = expectation(name, all[name]);
    if (!expected.fits(value)) {
      throw new BladeError({
        place: `metric ${metric}: option ${name}`,
        rule: `must be ${expected.words}`,
        value,
        mend: `give ${expected.words}, or leave it out`,
      });
    }
    values[name] = value;
  }
  return values as OptionValues<O>;
}

/**
 * The options of a spec's text as values of the declared types: `threshold=3` → 3, `categories=a|b` → ["a", "b"].
 *
 * @throws {BladeError} for an option that is not declared, or a text that does not read as its type.
 *
 * @example
 * ```ts
 * import { readOptions } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 * const declared = { threshold: 0, categories: [] as readonly string[] };
 * assertEquals(readOptions("mgu", declared, { categories: "a|b" }), { categories: ["a", "b"] });
 * ```
 */
export function readOptions(
  metric: string,
  declared: OptionSpecs,
  texts: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(texts)) {
    if (!Object.hasOwn(declared, name)) throw unknownOption(metric, name, declared);
    values[name] = readText(declared[name], text);
  }
  return values;
}

/**
 * The value that an option has when nobody sets it.
 *
 * @example
 * ```ts
 * import { defaultOf, oneOf } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(defaultOf(oneOf("share", "count")), "share");
 * assertEquals(defaultOf(0.1), 0.1);
 * ```
 */
export function defaultOf(standard: OptionDefault): unknown {
  return isChoice(standard) ? standard.choices[0] : isBounded(standard) ? standard.standard : standard;
}

/**
 * The words that an option takes, where it is a choice.
 *
 * @example
 * ```ts
 * import { choicesOf, oneOf } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(choicesOf(oneOf("share", "count")), ["share", "count"]);
 * assertEquals(choicesOf(3), undefined);
 * ```
 */
export function choicesOf(standard: OptionDefault): readonly string[] | undefined {
  return isChoice(standard) ? standard.choices : undefined;
}

/**
 * The bounds of an option, where it has some.
 *
 * @example
 * ```ts
 * import { boundsOf } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(boundsOf({ standard: 0.1, least: 0, greatest: 1 }), [0, 1]);
 * assertEquals(boundsOf(0.1), undefined);
 * ```
 */
export function boundsOf(standard: OptionDefault): readonly [least: number, greatest: number] | undefined {
  return isBounded(standard) ? [standard.least, standard.greatest] : undefined;
}

function isChoice(standard: OptionDefault): standard is Choice<string> {
  return typeof standard === "object" && "choices" in standard;
}

function isBounded(standard: OptionDefault): standard is Bounded {
  return typeof standard === "object" && "least" in standard;
}

/** A text that does not read as the type stays a text: `resolveOptions` then refuses it by name. */
function readText(standard: OptionDefault, text: string): unknown {
  if (Array.isArray(standard)) return text === "" ? [] : text.split("|");
  if (typeof standard === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (typeof standard === "number" || standard === undefined || isBounded(standard)) {
    const number = text.trim() === "" ? NaN : Number(text);
    return Number.isNaN(number) ? text : number;
  }
  return text;
}

interface Expectation {
  readonly words: string;
  readonly fits: (value: unknown) => boolean;
}

function expectation(name: string, standard: OptionDefault): Expectation {
  if (name === "cutoff") {
    return { words: "a whole number from 1 on", fits: (v) => Number.isInteger(v) && (v as number) >= 1 };
  }
  if (isChoice(standard)) {
    const choices = standard.choices;
    return {
      words: `one of ${choices.join(", ")}`,
      fits: (v) => typeof v === "string" && choices.includes(v),
    };
  }
  if (isBounded(standard)) {
    const { least, greatest } = standard;
    return {
      words: `a number from ${least} ${greatest === Infinity ? "on" : `to ${greatest}`}`,
      fits: (v) => typeof v === "number" && Number.isFinite(v) && v >= least && v <= greatest,
    };
  }
  if (Array.isArray(standard)) {
    return {
      words: "a list of texts",
      fits: (v) => Array.isArray(v) && v.every((text) => typeof text === "string"),
    };
  }
  switch (typeof standard) {
    case "number":
      return { words: "a finite number", fits: (v) => Number.isFinite(v) };
    case "boolean":
      return { words: "true or false", fits: (v) => typeof v === "boolean" };
    case "string":
      return { words: "a text", fits: (v) => typeof v === "string" };
    default:
      return {
        words: "a number or a text",
        fits: (v) => typeof v === "string" || Number.isFinite(v),
      };
  }
}

function unknownOption(metric: string, name: string, declared: OptionSpecs): BladeError {
  const known = Object.keys(declared).filter((option) => option !== "cutoff");
  return new BladeError({
    place: `metric ${metric}`,
    rule: "takes only the options it declares",
    value: name,
    mend: known.length === 0
      ? "leave the option out: this metric has none"
      : `use one of its options: ${known.join(", ")}`,
  });
}
