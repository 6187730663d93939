import { BladeError } from "../core/errors.ts";

/** What a model reads around a history. */
export interface Prompt {
  /** Before the titles of the history. */
  readonly opening: string;
  /** Between them and the titles that it is to answer. */
  readonly closing: string;
}

/** Where the titles of the history stand, one a line. */
const HISTORY = "{history}";

/**
 * Takes a template apart. `{history}` stands for the titles of the history, oldest first, each with a line end.
 *
 * @param place where the template comes from, for the message
 * @throws {BladeError} when the history is missing or there twice, nothing stands before it, or another placeholder is there.
 *
 * @example
 * ```ts
 * import { parsePrompt } from "./prompt.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(parsePrompt("Seen:\n{history}Next:\n", "model.prompt"), { opening: "Seen:\n", closing: "Next:\n" });
 * ```
 */
export function parsePrompt(template: string, place: string): Prompt {
  const refuse = (rule: string, value: unknown, mend: string): never => {
    throw new BladeError({ place, rule, value, mend });
  };
  const unknown = [...template.matchAll(/\{[a-zA-Z_]\w*\}/g)].map(([found]) => found)
    .find((found) => found !== HISTORY);
  if (unknown !== undefined) refuse(`may hold ${HISTORY} and no other placeholder`, unknown, "remove it");
  const parts = template.split(HISTORY);
  if (parts.length !== 2) {
    refuse(
      `must hold ${HISTORY} once`,
      `${parts.length - 1} times`,
      `put ${HISTORY} where the titles are to stand`,
    );
  }
  const [opening, closing] = parts as [string, string];
  if (opening === "") {
    refuse(`must begin with some text before ${HISTORY}`, template, "say what the titles are, for instance");
  }
  return { opening, closing };
}
