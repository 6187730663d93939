import { BladeError } from "../core/errors.ts";

/** Throws unless n is a finite number ≥ 1, the N of best-of-N. */
export function requireBestOf(n: number): void {
  if (Number.isFinite(n) && n >= 1) return;
  throw new BladeError({
    place: "target.n",
    rule: "must be a finite number, at least 1",
    value: n,
    mend: "set it to how many slates the target takes the best of, 4 for instance",
  });
}

/** Throws unless the discount per visit lies in (0, 1]. */
export function requireDiscount(discount: number): void {
  if (discount > 0 && discount <= 1) return;
  throw new BladeError({
    place: "target.discount",
    rule: "must be above 0 and at most 1",
    value: discount,
    mend: "use 1 to keep all history, 0.9 to let it fade",
  });
}

/** Throws unless a weight in pseudo-observations is finite and ≥ 0. */
export function requireWeight(place: string, weight: number): void {
  if (Number.isFinite(weight) && weight >= 0) return;
  throw new BladeError({
    place,
    rule: "must be a finite number, at least 0",
    value: weight,
    mend: "count it in observations: 16 weighs as much as sixteen rollouts",
  });
}

/** Throws unless the capacity is a positive integer. */
export function requireCapacity(maxAtoms: number): void {
  if (Number.isSafeInteger(maxAtoms) && maxAtoms >= 1) return;
  throw new BladeError({
    place: "target.maxAtoms",
    rule: "must be an integer, at least 1",
    value: maxAtoms,
    mend: "set it to the number of distinct rewards to remember per context, 128 for instance",
  });
}

/** Throws when a reward is not a number. Infinite rewards are fine: only their order counts. */
export function requireRewards(place: string, rewards: ArrayLike<number>): void {
  for (let i = 0; i < rewards.length; i++) {
    if (typeof rewards[i] === "number" && !Number.isNaN(rewards[i])) continue;
    throw new BladeError({
      place: `${place}[${i}]`,
      rule: "must be a number",
      value: rewards[i],
      mend: "leave out the slates whose metric has no value",
    });
  }
}

/** Throws unless the evidence is of one reward, not of several metrics. */
export function requireOneColumn({ columns }: { readonly columns: number }): void {
  if (columns === 1) return;
  throw new BladeError({
    place: "evidence",
    rule: "must be of one reward",
    value: columns,
    mend: "create it with one value per slate, the metrics already made into a reward",
  });
}
