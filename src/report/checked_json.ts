import type { z } from "zod";
import { checkShape } from "../core/check_shape.ts";
import { BladeError } from "../core/errors.ts";

/**
 * A file of the program's own as JSON, held to a schema: somebody may have changed or damaged it since.
 *
 * @param place its name, for messages
 * @param schema what it must be
 * @param mend what to do where it is not
 * @throws {BladeError} with the path of the first value that is not as the schema says
 * @example
 * ```ts
 * import { z } from "zod";
 * import { checkedJson } from "./checked_json.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const schema = z.object({ users: z.array(z.object({ id: z.string() })) });
 * assertEquals(checkedJson('{"users":[]}', "a.json", schema, "train again"), { users: [] });
 * const wrong = () => checkedJson('{"users":[{"id":7}]}', "a.json", schema, "train again");
 * assertThrows(wrong, Error, "a.json: users.0.id: must be as blade writes it");
 * ```
 */
export function checkedJson<T>(text: string, place: string, schema: z.ZodType<T>, mend: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BladeError({ place, rule: "must be JSON", value: (error as Error).message, mend });
  }
  return checked(json, place, schema, mend);
}

/**
 * The same of a value that is no text any more.
 *
 * @throws {BladeError} as `checkedJson` does
 */
export function checked<T>(json: unknown, place: string, schema: z.ZodType<T>, mend: string): T {
  const parsed = checkShape(schema, json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new BladeError({
    place: path.length === 0 ? place : `${place}: ${path.map(String).join(".")}`,
    rule: `must be as blade writes it (${message})`,
    value: path.reduce(inside, json),
    mend,
  });
}

function inside(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
