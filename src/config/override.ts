import { BladeError } from "../core/errors.ts";

/** One value given above what the file says, on the command line for instance. */
export interface Override {
  /** As typed, for messages: `--set align.cutoff=5`, `--seed 3`. */
  readonly place: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** Where relative paths in the value start; the working folder when left out. */
  readonly folder?: string;
}

/**
 * Reads `path=value`: the path's parts separated by dots, array places as numbers; the value as JSON where it is
 * JSON, else as a string.
 *
 * @throws {BladeError} when there is no `=` or the path is empty
 * @example
 * ```ts
 * import { readOverride } from "./override.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(readOverride("reward.terms.0.weight=1"), {
 *   place: "--set reward.terms.0.weight=1",
 *   path: ["reward", "terms", 0, "weight"],
 *   value: 1,
 * });
 * assertEquals(readOverride("device=cpu").value, "cpu");
 * ```
 */
export function readOverride(text: string): Override {
  const at = text.indexOf("=");
  const path = (at < 0 ? text : text.slice(0, at)).trim();
  if (at < 0 || !isConfigPath(path)) {
    throw new BladeError({
      place: `--set ${text}`,
      rule: "must be path=value",
      value: text,
      mend: "name the key with dots, then its value: --set align.cutoff=5",
    });
  }
  return {
    place: `--set ${text}`,
    path: configPath(path),
    value: jsonOrString(text.slice(at + 1)),
  };
}

/** Whether a text is a path: names separated by dots, none of them empty. */
export function isConfigPath(text: string): boolean {
  return !text.split(".").includes("");
}

/**
 * The parts of a path as users write it; array places become numbers.
 *
 * @example
 * ```ts
 * import { configPath } from "./override.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(configPath("reward.terms.0.weight"), ["reward", "terms", 0, "weight"]);
 * ```
 */
export function configPath(text: string): (string | number)[] {
  return text.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
}

/**
 * A copy of `document` with the override's value at its path. Objects on the way are made where missing; an array
 * that the document leaves out is taken from `defaults`, so that one element of it can be changed.
 *
 * @throws {BladeError} when the path goes through something that is no object or array, or past an array's end
 * @example
 * ```ts
 * import { applyOverride, readOverride } from "./override.ts";
 * import { assertEquals } from "@std/assert";
 * const document = { align: { cutoff: 10 } };
 * assertEquals(applyOverride(document, readOverride("align.cutoff=5"), {}), { align: { cutoff: 5 } });
 * assertEquals(document.align.cutoff, 10);
 * ```
 */
export function applyOverride(document: unknown, override: Override, defaults: unknown): unknown {
  return withValue(document, 0, override, defaults);
}

function withValue(node: unknown, depth: number, override: Override, defaults: unknown): unknown {
  if (depth === override.path.length) return override.value;
  const part = override.path[depth]!;
  const parent = override.path.slice(0, depth).join(".");
  const refuse = (rule: string, mend: string): never => {
    throw new BladeError({ place: override.place, rule, mend });
  };
  const base = node ?? (Array.isArray(defaults) ? defaults : {});
  if (Array.isArray(base)) {
    if (typeof part !== "number" || part > base.length) {
      refuse(
        `must name an entry of ${parent}, which has ${base.length}`,
        `use a number from 0 to ${base.length}, or give all of ${parent} as a JSON array`,
      );
    }
    const place = part as number;
    return base.toSpliced(place, 1, withValue(base[place], depth + 1, override, child(defaults, part)));
  }
  if (typeof base !== "object") {
    refuse(`must not go below ${parent}, which is a single value`, `give ${parent} itself a value`);
  }
  const entries = Object.entries(base as Record<string, unknown>).filter(([key]) => key !== String(part));
  const value = withValue(child(base, part), depth + 1, override, child(defaults, part));
  return Object.fromEntries([...entries, [String(part), value]]);
}

function child(node: unknown, part: string | number): unknown {
  if (typeof node !== "object" || node === null || !Object.hasOwn(node, part)) return undefined;
  return (node as Record<string | number, unknown>)[part];
}

function jsonOrString(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
