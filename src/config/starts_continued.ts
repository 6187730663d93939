import type { BladeConfig } from "./schema.ts";

/**
 * Whether alignment starts from the model that has learned the labels of alignment, instead of the reference.
 *
 * @example
 * ```ts
 * import { startsContinued } from "./starts_continued.ts";
 * import { configSchema } from "./schema.ts";
 * import { assertEquals } from "@std/assert";
 * const of = (align: object) => startsContinued(configSchema.parse({ align }));
 * assertEquals([of({}), of({ start: "sft-continued" }), of({ start: "sft-continued", method: "sft" })], [false, true, false]);
 * ```
 */
export function startsContinued({ align }: BladeConfig): boolean {
  return align.method !== "sft" && align.start === "sft-continued";
}
