import { format } from "@std/fmt/bytes";

/**
 * Bytes for people, in powers of 1024.
 *
 * @example
 * ```ts
 * import { inBytes } from "./in_bytes.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(inBytes(3 * 2 ** 30 / 2), "1.5 GiB");
 * ```
 */
export function inBytes(bytes: number): string {
  return format(bytes, { binary: true });
}
