import { drawersOf, type MethodName, methodOf } from "../objective/methods.ts";

/** What of a configuration tells how it aligns. */
export interface MethodWordsOf {
  readonly align: {
    readonly method: MethodName | "sft";
    readonly objective: string;
    readonly anchor: string;
    readonly groupSize: number;
  };
  readonly target: { readonly kind: string; readonly n: number };
}

/**
 * How a run aligns, in a few words: the target where its method has one, and whose slates it learns from.
 *
 * @example
 * ```ts
 * import { methodWords } from "./method_words.ts";
 * import { assertEquals } from "@std/assert";
 * const of = (method: "blade" | "bond" | "dpo" | "grpo" | "sft") =>
 *   methodWords({
 *     align: { method, objective: "distill", anchor: "policy", groupSize: 4 },
 *     target: { kind: "static", n: 8 },
 *   });
 * assertEquals(of("blade"), "blade, static best-of-8, distill, anchor policy");
 * assertEquals(of("bond"), "bond, static best-of-8, anchor reference");
 * assertEquals(of("dpo"), "dpo on slates of the reference");
 * assertEquals(of("grpo"), "grpo");
 * assertEquals(of("sft"), "supervised alone");
 * ```
 */
export function methodWords({ align, target }: MethodWordsOf): string {
  const method = methodOf(align.method);
  if (method === null) return "supervised alone";
  const anchor = `anchor ${method.anchor ?? align.anchor}`;
  if (method.target === "any") {
    return `${align.method}, ${target.kind} best-of-${target.n}, ${align.objective}, ${anchor}`;
  }
  if (method.target !== null) return `${align.method}, ${target.kind} best-of-${target.n}, ${anchor}`;
  return learnsOnline(align.method, align.groupSize)
    ? align.method
    : `${align.method} on slates of the reference`;
}

/**
 * Whether a method learns from slates of the policy, so that what they are worth tells of it.
 *
 * @example
 * ```ts
 * import { learnsOnline } from "./method_words.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([learnsOnline("j-bond", 4), learnsOnline("dpo", 4), learnsOnline("sft", 4)], [true, false, false]);
 * ```
 */
export function learnsOnline(name: MethodName | "sft", groupSize: number): boolean {
  const method = methodOf(name);
  return method !== null &&
    drawersOf(method.slates, Math.min(groupSize, method.leastSlates + 1)).includes("policy");
}
