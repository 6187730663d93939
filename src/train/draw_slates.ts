import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { Parameters } from "../model/parameters.ts";
import { drawersOf, type SlateSource } from "../objective/methods.ts";
import type { Policy, SampleOptions } from "../rollout/policy.ts";
import { rollOut } from "../rollout/roll_out.ts";

/** The models that may draw. */
export interface Drawers {
  readonly policy: Parameters;
  readonly reference: Parameters;
  /** The moving anchor, or the opponent; null where the method has none. */
  readonly moving: Parameters | null;
}

/** G slates for each context from whom the method names; those of a second model stand last in their group. */
export async function drawSlates(
  source: SlateSource,
  policy: Policy,
  { policy: own, reference, moving }: Drawers,
  contexts: readonly Context[],
  options: SampleOptions,
): Promise<Slates> {
  const { groupSize, cutoff, key } = options;
  const drawers = drawersOf(source, groupSize);
  const first = drawers[0] === "policy" ? own : reference;
  const count = drawers.filter((drawer) => drawer === drawers[0]).length;
  const slates = await rollOut(policy, first, contexts, { groupSize: count, cutoff, key });
  if (count === groupSize) return slates;
  if (moving === null) throw new TypeError(`Cannot draw slates: ${source} needs a second model, got none`);
  const others = drawers[count] === "greedy"
    ? await policy.rank(moving, contexts, { cutoff, beams: 1 })
    : await rollOut(policy, moving, contexts, {
      groupSize: groupSize - count,
      cutoff,
      key: key.split("anchor"),
    });
  return joinGroups(slates, others);
}

/** The groups of the same contexts put together. */
function joinGroups(one: Slates, other: Slates): Slates {
  const { cutoff } = one;
  const groupSize = one.groupSize + other.groupSize;
  const rows = one.behaviorLogProb.length / one.groupSize * groupSize;
  const items = new Int32Array(rows * cutoff);
  const behaviorLogProb = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const [context, place] = [Math.floor(row / groupSize), row % groupSize];
    const from = place < one.groupSize ? one : other;
    const at = context * from.groupSize + (place < one.groupSize ? place : place - one.groupSize);
    items.set(from.items.subarray(at * cutoff, (at + 1) * cutoff), row * cutoff);
    behaviorLogProb[row] = from.behaviorLogProb[at]!;
  }
  return { groupSize, cutoff, items, behaviorLogProb };
}
