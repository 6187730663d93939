import { BladeError } from "../core/errors.ts";

/** A wanted user and the line that named it, from 1. */
export interface WantedUser {
  readonly id: string;
  readonly line: number;
}

/**
 * The user ids of a file, one a line.
 *
 * @throws {BladeError} when it names none
 */
export async function readUserIds(path: string): Promise<WantedUser[]> {
  const text = await Deno.readTextFile(path);
  const wanted = text.replace(/^\ufeff/, "").split(/\r?\n/)
    .map((line, index) => ({ id: line.trim(), line: index + 1 })).filter(({ id }) => id !== "");
  if (wanted.length === 0) {
    throw new BladeError({ place: path, rule: "must name a user", mend: "write one user id a line" });
  }
  return wanted;
}
