/** `deno task licences`: what ships, under which licence. Exits with 1 and says which package may not. */
import satisfies from "spdx-satisfies";
import type { Package } from "./packages.ts";

/**
 * Licences under which a package may ship: those that let anybody use, change and pass on the whole for keeping their
 * notice. Of an expression with OR one is enough, of one with AND all have to be here.
 */
export const ALLOWED: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
  "Zlib",
];

/**
 * Why a package may not ship; undefined where it may.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { refusalOf } from "./licences.ts";
 * assertEquals([refusalOf("MIT"), refusalOf("(GPL-3.0-only OR MIT)")], [undefined, undefined]);
 * assertEquals(refusalOf("GPL-3.0-only"), "GPL-3.0-only is not among the licences that may ship");
 * assertEquals(refusalOf("SEE LICENSE IN x"), "SEE LICENSE IN x is no SPDX expression");
 * assertEquals(refusalOf(null), "it states no licence");
 * ```
 */
export function refusalOf(licence: Package["licence"]): string | undefined {
  if (licence === null) return "it states no licence";
  try {
    if (satisfies(licence, [...ALLOWED])) return undefined;
  } catch {
    return `${licence} is no SPDX expression`;
  }
  return `${licence} is not among the licences that may ship`;
}

if (import.meta.main) {
  const { shippedPackages } = await import("./packages.ts");
  const { packages } = await shippedPackages(".");
  const width = Math.max(
    ...Array.from(packages.values(), ({ name, version }) => `${name} ${version}`.length),
  );
  let refused = 0;
  for (const { name, version, licence } of packages.values()) {
    const refusal = refusalOf(licence);
    console.log(`${`${name} ${version}`.padEnd(width)}  ${licence ?? "none"}`);
    if (refusal === undefined) continue;
    refused++;
    console.error(`${name} ${version}: ${refusal}.\n  To mend: take another package, or ask its author.`);
  }
  console.log(
    `licences: ${packages.size} packages ship, ${refused} refused; allowed are ${ALLOWED.join(", ")}`,
  );
  Deno.exit(refused > 0 ? 1 : 0);
}
