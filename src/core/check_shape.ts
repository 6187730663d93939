import { z } from "zod";

/**
 * Holds a value to a schema. Bounds of a schema compare the `length` of whatever stands where a text or a list should:
 * a document may have put something there that cannot be compared.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { checkShape } from "./check_shape.ts";
 * import { assertEquals } from "@std/assert";
 * const schema = z.object({ name: z.string().min(1) });
 * assertEquals(checkShape(schema, { name: "a" }).data, { name: "a" });
 * assertEquals(checkShape(schema, { name: { length: { toString: null } } }).success, false);
 * ```
 */
export function checkShape<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = "must have texts and lists where they belong, and no object with a key `length` instead";
    const issues: z.core.$ZodIssue[] = [{ code: "custom", path: [], message, input: value }];
    return { success: false, error: new z.ZodError(issues) as z.ZodError<T> };
  }
}
