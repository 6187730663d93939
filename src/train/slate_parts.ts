import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArrays } from "../device/arrays.ts";
import type { Policy } from "../rollout/policy.ts";
import { partsOf } from "./parts_of.ts";
import { inSmallerParts, type PartedWork } from "./smaller_parts.ts";

/** Slates of some contexts of a batch that follow each other, laid out. */
export interface SlatePart {
  readonly arrays: HostArrays;
  /** Their rows of [B·G]. */
  readonly from: number;
  readonly to: number;
}

/** Work on the slates of a batch in parts. */
export interface PartedSlates {
  /** Does work on all parts; does it again with smaller ones where the device has no memory, see `inSmallerParts`. */
  inParts<T>(of: (parts: readonly SlatePart[]) => Promise<T>): Promise<T>;
  /** Contexts at most of the parts as they are now; null for all of them. */
  most(): number | null;
}

/** The slates of a batch in parts of at most `microBatch` contexts, which become smaller where they have to. */
export function partedSlates(
  policy: Policy,
  contexts: readonly Context[],
  rollouts: Slates,
  o: { readonly microBatch: number | null; readonly parted?: Pick<PartedWork, "place" | "warn"> },
): PartedSlates {
  const layOut = (most: number | null) => ({ most, parts: slateParts(policy, contexts, rollouts, most) });
  let laid = layOut(o.microBatch);
  const told = o.parted ?? { place: "align", warn() {} };
  const work = { ...told, setting: "align.microBatch", rows: contexts.length, unit: "contexts" };
  return {
    async inParts(of) {
      const { result } = await inSmallerParts(work, laid.most, (most) => {
        if (most !== laid.most) laid = layOut(most);
        return of(laid.parts);
      });
      return result;
    },
    most: () => laid.most,
  };
}

function slateParts(
  policy: Policy,
  contexts: readonly Context[],
  { groupSize, cutoff, items, behaviorLogProb }: Slates,
  microBatch: number | null,
): SlatePart[] {
  return partsOf(contexts, microBatch).map(({ rows, firstRow }) => {
    const [from, to] = [firstRow * groupSize, (firstRow + rows.length) * groupSize];
    const own = {
      groupSize,
      cutoff,
      items: items.subarray(from * cutoff, to * cutoff),
      behaviorLogProb: behaviorLogProb.subarray(from, to),
    };
    return { arrays: policy.layOut(rows, own), from, to };
  });
}
