/**
 * Milliseconds in words: `12 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @example
 * ```ts
 * import { duration } from "./duration.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([duration(900), duration(200_000), duration(7_500_000)], ["1 s", "3 min 20 s", "2 h 5 min"]);
 * ```
 */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
