/**
 * WGSL for vectors of a length known when the shader is compiled, held in registers as vectors of four. The statements
 * are written out one by one: an array with an index would be kept in memory.
 */
export interface Parts {
  /** Room for `count` vectors that the lanes share. */
  shared(name: string, count: string): string;
  /** A vector from an array of numbers. */
  load(name: string, array: string, at: string): string;
  /** A vector of zeros that may change. */
  zero(name: string): string;
  /** Copies a vector of an array into shared place `i`. */
  fill(shared: string, i: string, array: string, at: string): string;
  /** a·b of a vector and shared place `i`. */
  dot(a: string, shared: string, i: string): string;
  /** a·b of two vectors. */
  product(a: string, b: string): string;
  /** sum += weight · shared place `i`. */
  add(sum: string, weight: string, shared: string, i: string): string;
  /** sum = sum·fade + weight · shared place `i`. */
  blend(sum: string, fade: string, weight: string, shared: string, i: string): string;
  /** Writes scale·vector to an array. */
  store(array: string, at: string, name: string, scale: string): string;
}

/**
 * The statements for vectors of `length` numbers.
 *
 * @example
 * ```ts
 * import { parts } from "./parts.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(parts(6).product("a", "b"), "dot(a0, b0) + dot(a1, b1)");
 * ```
 */
export function parts(length: number): Parts {
  const count = Math.ceil(length / 4);
  const each = (statement: (c: number) => string) => Array.from({ length: count }, (_, c) => statement(c));
  const lanesOf = (c: number) => [0, 1, 2, 3].map((i) => 4 * c + i);
  const numbers = (array: string, at: string, c: number) =>
    `vec4<f32>(${lanesOf(c).map((i) => i < length ? `${array}[${at} + ${i}u]` : "0.0").join(", ")})`;
  return {
    shared: (name, places) => `var<workgroup> ${name}: array<vec4<f32>, ${places} * ${count}u>;`,
    load: (name, array, at) =>
      [`let ${name}_at = ${at};`, ...each((c) => `let ${name}${c} = ${numbers(array, `${name}_at`, c)};`)]
        .join(" "),
    zero: (name) => each((c) => `var ${name}${c} = vec4<f32>();`).join(" "),
    fill: (shared, i, array, at) =>
      `{ let from_at = ${at}; ${
        each((c) => `${shared}[${i} * ${count}u + ${c}u] = ${numbers(array, "from_at", c)};`).join(" ")
      } }`,
    dot: (a, shared, i) => each((c) => `dot(${a}${c}, ${shared}[${i} * ${count}u + ${c}u])`).join(" + "),
    product: (a, b) => each((c) => `dot(${a}${c}, ${b}${c})`).join(" + "),
    add: (sum, weight, shared, i) =>
      each((c) => `${sum}${c} += ${weight} * ${shared}[${i} * ${count}u + ${c}u];`).join(" "),
    blend: (sum, fade, weight, shared, i) =>
      each((c) => `${sum}${c} = ${sum}${c} * ${fade} + ${weight} * ${shared}[${i} * ${count}u + ${c}u];`)
        .join(" "),
    store: (array, at, name, scale) =>
      `{ let to_at = ${at}; let factor = ${scale}; ${
        each((c) =>
          lanesOf(c).flatMap((i) =>
            i < length ? [`${array}[to_at + ${i}u] = factor * ${name}${c}.${"xyzw"[i % 4]};`] : []
          ).join(" ")
        ).join(" ")
      } }`,
  };
}
