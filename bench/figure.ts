/** One measured figure. `ratio` compares with a bound measured in the same run, so that it holds on other machines. */
export interface Figure {
  /** Milliseconds, median over the repeats. */
  readonly ms: number;
  /** Share of the bound that is reached, 1 at best. */
  readonly ratio: number;
  /** What the bound is. */
  readonly bound: string;
  /** Other numbers by name, with their unit in the name. */
  readonly [extra: string]: number | string;
}

/** A bench: figures by name, of one kind of device where it is named. */
export type Bench = (device?: string) => Promise<Readonly<Record<string, Figure>>>;

/** Runs jobs in turn, again and again, so that a machine's moods hit all alike; the medians in milliseconds. */
export async function medianMs<K extends string>(
  jobs: Readonly<Record<K, () => Promise<unknown>>>,
  { repeats = 9, warmUps = 2 } = {},
): Promise<Record<K, number>> {
  const names = Object.keys(jobs) as K[];
  const times = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < warmUps + repeats; turn++) {
    for (const name of names) {
      const start = performance.now();
      await jobs[name]();
      if (turn >= warmUps) times.get(name)!.push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name)!)])) as Record<K, number>;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
