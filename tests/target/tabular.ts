import { type RandomKey, randomKey } from "../../src/numerics/random.ts";

/** A world small enough to compute with: items with a genre, contexts with two relevant items, noisy reference scores. */
export interface World {
  readonly contexts: number;
  readonly items: number;
  readonly cutoff: number;
  /** [contexts][items] scores of the reference policy. */
  readonly reference: readonly Float64Array[];
  /** 0.7 nDCG + 0.3 ILD over genres, of a slate for a context. */
  reward(context: number, slate: readonly number[]): number;
}

export function makeWorld(seed: number, contexts: number, items: number, cutoff: number): World {
  const key = randomKey(seed);
  const genre = Array.from({ length: items }, (_, i) => Math.floor(key.split("genre").uniform(i) * 6));
  const utility = normals(key.split("utility"), contexts, items);
  const noise = normals(key.split("noise"), contexts, items);
  const relevant = utility.map((row) => new Set(descending(row).slice(0, 2)));
  const reference = utility.map((row, c) => row.map((u, i) => 0.6 * u + 0.8 * noise[c]![i]!));
  const ideal = 1 + 1 / Math.log2(3);
  return {
    contexts,
    items,
    cutoff,
    reference,
    reward(context, slate) {
      let gain = 0;
      let distant = 0;
      slate.forEach((item, rank) => {
        if (relevant[context]!.has(item)) gain += 1 / Math.log2(rank + 2);
        for (const other of slate.slice(0, rank)) distant += genre[item] === genre[other] ? 0 : 1;
      });
      return 0.7 * gain / ideal + 0.3 * distant / (slate.length * (slate.length - 1) / 2);
    },
  };
}

/** A slate without replacement: the highest scores after Gumbel noise. */
export function drawSlate(scores: Float64Array, cutoff: number, key: RandomKey): number[] {
  const noisy = new Float64Array(scores.length);
  key.fillGumbel(noisy);
  for (let i = 0; i < noisy.length; i++) noisy[i]! += scores[i]!;
  return descending(noisy).slice(0, cutoff);
}

/** log π of a slate under Plackett-Luce, in nats; adds weight · ∇ log π to `gradient` where one is given. */
export function slateLogProb(
  scores: Float64Array,
  slate: readonly number[],
  gradient?: Float64Array,
  weight = 0,
): number {
  const mass = scores.map(Math.exp);
  let left = mass.reduce((sum, value) => sum + value, 0);
  let logProb = 0;
  for (const item of slate) {
    logProb += Math.log(mass[item]! / left);
    if (gradient) {
      for (let i = 0; i < mass.length; i++) gradient[i]! -= weight * mass[i]! / left;
      gradient[item]! += weight;
    }
    left -= mass[item]!;
    mass[item] = 0;
  }
  return logProb;
}

/** Every ordered slate of so many distinct items. */
export function allSlates(items: number, cutoff: number): number[][] {
  if (cutoff === 0) return [[]];
  return allSlates(items, cutoff - 1).flatMap((slate) =>
    Array.from({ length: items }, (_, item) => item).filter((item) => !slate.includes(item)).map((
      item,
    ) => [...slate, item])
  );
}

function normals(key: RandomKey, rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows }, (_, r) => {
    const row = new Float64Array(columns);
    key.split(r).fillNormal(row);
    return row;
  });
}

function descending(values: Float64Array): number[] {
  return Array.from(values, (_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
}
