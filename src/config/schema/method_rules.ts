import type { z } from "zod";
import { drawersOf, methodOf } from "../../objective/methods.ts";
import type { Contradiction } from "./consistency.ts";
import type { align } from "./training.ts";

/** The settings that a method of alignment bears on. */
export interface MethodRelated {
  readonly reward: { readonly constraints: readonly unknown[] };
  readonly target: { readonly kind: "bayesian" | "static"; readonly n: number };
  readonly align: z.output<typeof align>;
}

/** What `align.method` does not go together with: a target, a group or a pull that its loss has no place for. */
export function contradictionsOfMethod({ reward, target, align }: MethodRelated): Contradiction[] {
  const method = methodOf(align.method);
  if (method === null) return [];
  const { groupSize, updates } = align;
  // One slate more than the least has every drawer that a larger group has.
  const drawers = drawersOf(
    method.slates,
    Math.min(Math.max(groupSize, method.leastSlates), method.leastSlates + 1),
  );
  const own = drawers.includes("policy");
  const of = `of align.method ${align.method}`;
  const rules: [holds: boolean, Contradiction][] = [
    [method.target !== "static" || target.kind === "static", {
      path: ["target", "kind"],
      rule: `must be static for the target ${of}, best-of-N of the reference`,
      mend: "set target.kind to static",
    }],
    [groupSize >= method.leastSlates, {
      path: ["align", "groupSize"],
      rule: `must be at least ${method.leastSlates} for the groups ${of}`,
      mend: `set align.groupSize to ${method.leastSlates} or more`,
    }],
    [!method.bestOfGroup || target.n === groupSize, {
      path: ["target", "n"],
      rule: `must be align.groupSize (${groupSize}) for the best of N ${of}, which is taken of the group`,
      mend: `set target.n to ${groupSize}, or align.groupSize to the N that is wanted`,
    }],
    [own || align.klCoefficient === 0, {
      path: ["align", "klCoefficient"],
      rule:
        `must be 0 for the slates ${of}, which the reference draws: the pull is estimated on the policy's own`,
      mend: "set align.klCoefficient to 0",
    }],
    [own || reward.constraints.length === 0, {
      path: ["reward", "constraints"],
      rule:
        `must be empty for the slates ${of}, which the reference draws: no multiplier would see the policy`,
      mend: "remove the constraints, or take a method whose slates the policy draws",
    }],
    [updates === 1 || !drawers.includes("anchor"), {
      path: ["align", "updates"],
      rule: `must be 1 for the slates ${of}, of which some are the anchor's`,
      mend: "set align.updates to 1",
    }],
    [!method.rounds || align.epochs === 0 || align.rounds <= align.epochs, {
      path: ["align", "rounds"],
      rule: `must be at most align.epochs (${align.epochs})`,
      mend: "lower align.rounds, or raise align.epochs",
    }],
  ];
  const misfit = method.misfit?.(align) ?? null;
  return [
    ...rules.filter(([holds]) => !holds).map(([, contradiction]) => contradiction),
    ...(misfit === null ? [] : [{ path: ["align", misfit.key], rule: misfit.rule, mend: misfit.mend }]),
  ];
}
