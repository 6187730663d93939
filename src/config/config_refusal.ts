import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { z } from "zod";
import { BladeError } from "../core/errors.ts";
import { configSchema } from "./schema.ts";

/** Tells where a configuration path was written: `run.jsonc:7`, or the flag that gave it. */
export type PlaceOf = (path: readonly (string | number)[]) => string;

/**
 * The message for a configuration that the schema refuses: the first problem in full, the others by path.
 *
 * @param error what zod found
 * @param input the raw document, for the values
 * @param placeOf where a path was written
 * @param schema that refused it; of a run when left out
 * @example
 * ```ts
 * import { configRefusal } from "./config_refusal.ts";
 * import { configSchema } from "./schema.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const input = { align: { cutof: 5 } };
 * const result = configSchema.safeParse(input);
 * const refusal = configRefusal(result.error!, input, () => "run.jsonc:1");
 * assertStringIncludes(refusal.message, 'did you mean "align.cutoff"?');
 * ```
 */
export function configRefusal(
  error: z.ZodError,
  input: unknown,
  placeOf: PlaceOf,
  schema: z.ZodType = configSchema,
): BladeError {
  const problems = error.issues.flatMap((issue) => problemsOf(issue, input, schema));
  const first = problems[0]!;
  const others = [...new Set(problems.slice(1).map((problem) => problem.path.join(".")))];
  const also = others.length === 0
    ? ""
    : `; also look at ${others.slice(0, 5).join(", ")}${others.length > 5 ? " …" : ""}`;
  return new BladeError({
    place: `${placeOf(first.path)}: ${first.path.length === 0 ? "the document" : first.path.join(".")}`,
    rule: first.rule,
    ...("value" in first ? { value: first.value } : {}),
    mend: first.mend + also,
  });
}

interface Problem {
  readonly path: readonly (string | number)[];
  readonly rule: string;
  readonly value?: unknown;
  readonly mend: string;
}

function problemsOf(issue: z.core.$ZodIssue, input: unknown, schema: z.ZodType): Problem[] {
  const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path, schema);
    return issue.keys.map((key) => ({
      path: [...path, key],
      rule: "is not a known key",
      mend: `${suggestion(path, key, known, schema)}known here: ${known.join(", ")}`,
    }));
  }
  const found = valueAt(input, path);
  const value = found === undefined ? {} : { value: found };
  const mend = mendOf(issue, path, found, schema);
  if (found === undefined && issue.code === "invalid_type") return [{ path, rule: "must be given", mend }];
  return [{ path, rule: ruleOf(issue), ...value, mend }];
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case "too_small": {
      const bound = Number(issue.minimum);
      if (issue.origin === "array") return `must have at least ${bound} ${bound === 1 ? "entry" : "entries"}`;
      if (issue.origin === "string") return "must not be empty";
      return `must be ${issue.inclusive ? "at least" : "more than"} ${bound}`;
    }
    case "too_big":
      return `must be ${issue.inclusive ? "at most" : "less than"} ${Number(issue.maximum)}`;
    case "invalid_value":
      return `must be one of ${issue.values.join(", ")}`;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  array: "an array",
  object: "an object",
};

function mendOf(
  issue: z.core.$ZodIssue,
  path: readonly (string | number)[],
  found: unknown,
  schema: z.ZodType,
): string {
  if (issue.code === "custom" && typeof issue.params?.mend === "string") return issue.params.mend;
  const node = schemaAt(path, schema);
  const about = node?.description;
  const correct = about === undefined ? "correct it" : `correct it (${about})`;
  const names = issue.code === "invalid_value" ? issue.values.map(String) : namesOf(node);
  if (names.length === 0 || typeof found !== "string") return correct;
  return `did you mean "${closestString(found, names, { caseSensitive: false })}"? Else ${correct}`;
}

/** The names that a value may have beside others that follow a pattern. */
function namesOf(node: z.ZodType | undefined): string[] {
  if (!(node instanceof z.ZodUnion)) return [];
  return node.options.flatMap((option) => option instanceof z.ZodEnum ? option.options.map(String) : []);
}

/** The nearest known key: the same name elsewhere in the schema, else the closest spelling at this level. */
function suggestion(
  path: readonly (string | number)[],
  key: string,
  known: readonly string[],
  schema: z.ZodType,
): string {
  const inPlace = known.length === 0 ? undefined : closestString(key, known, { caseSensitive: false });
  const near = inPlace !== undefined && distance(key, inPlace) <= Math.max(2, key.length / 3);
  const elsewhere = allPaths(schema).filter((other) => other.at(-1) === key);
  const best = near
    ? [...path, inPlace]
    : elsewhere.length === 1
    ? elsewhere[0]!
    : inPlace && [...path, inPlace];
  return best ? `did you mean "${best.join(".")}"? ` : "";
}

function distance(a: string, b: string): number {
  return levenshteinDistance(a.toLowerCase(), b.toLowerCase());
}

function allPaths(schema: z.core.$ZodType): (string | number)[][] {
  const object = unwrap(schema);
  if (!(object instanceof z.ZodObject)) return [];
  return Object.entries(object.shape).flatMap(([key, value]) => [
    [key],
    ...allPaths(value as z.core.$ZodType).map((rest) => [key, ...rest]),
  ]);
}

function knownKeys(path: readonly (string | number)[], schema: z.ZodType): string[] {
  const node = schemaAt(path, schema);
  const object = node && unwrap(node);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** The schema of the value at a path, with its description; undefined for a path that does not exist. */
function schemaAt(path: readonly (string | number)[], schema: z.ZodType): z.ZodType | undefined {
  let node = schema;
  for (const part of path) {
    const inner = unwrap(node);
    const next: unknown = inner instanceof z.ZodObject
      ? inner.shape[part]
      : inner instanceof z.ZodArray
      ? inner.element
      : undefined;
    if (!(next instanceof z.ZodType)) return undefined;
    node = next;
  }
  return node;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let node = schema;
  while (
    node instanceof z.ZodDefault || node instanceof z.ZodPrefault || node instanceof z.ZodOptional ||
    node instanceof z.ZodExactOptional || node instanceof z.ZodNullable
  ) node = node.unwrap();
  return node;
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let node = input;
  for (const part of path) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, part)) return undefined;
    node = (node as Record<string | number, unknown>)[part];
  }
  return node;
}
