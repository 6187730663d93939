import type { RandomKey } from "../numerics/random.ts";
import type { Direction } from "../reward/metric.ts";
import { holm } from "./holm.ts";
import { differencesOf, pairedDifferences } from "./paired.ts";
import { randomisationP } from "./paired_randomisation.ts";

/** A metric of a comparison. */
export interface ComparedMetric {
  readonly spec: string;
  readonly direction: Direction;
}

/** What metrics say of a system, in the order of the metrics. */
export interface SystemValues {
  readonly system: string;
  /** A value per user, NaN where undefined, users in one order for all systems; or one value for all users. */
  readonly values: readonly (Float64Array | number | null)[];
}

/** A metric of one list: a system against the first, over the users that both have a value for. */
export interface PairedComparison {
  readonly metric: string;
  readonly direction: Direction;
  readonly system: string;
  readonly against: string;
  /** Users that both have a value for: what everything here is over. */
  readonly users: number;
  /** Users left out because the first has no value for them. */
  readonly withoutFirst: number;
  /** Users left out because this system has no value for them. */
  readonly withoutSystem: number;
  /** Null, like what follows, where no user is left. */
  readonly meanOfFirst: number | null;
  readonly mean: number | null;
  /** `mean` − `meanOfFirst`. */
  readonly difference: number | null;
  /** 95 % interval of the paired bootstrap; null for fewer than two users. */
  readonly interval95: readonly [number, number] | null;
  /** Two-sided p-values. The bootstrap's is too small for a handful of users; the randomisation test's is not. */
  readonly p: TestValues;
  /** The p-values corrected over all metrics and systems of the comparison. */
  readonly holm: TestValues;
  /** By the corrected randomisation test at 5 %, better meaning what the metric's direction says. */
  readonly verdict: "better" | "worse" | "not told apart";
}

/** One value by each test; null where there is nothing to test. */
export interface TestValues {
  readonly bootstrap: number | null;
  readonly randomisation: number | null;
}

/** A metric of all lists together, which no test is made for. */
export interface WholeValue {
  readonly metric: string;
  readonly direction: Direction;
  readonly system: string;
  readonly value: number | null;
}

/** Systems side by side. */
export interface SystemsComparison {
  /** The first is what the others are compared with. */
  readonly systems: readonly string[];
  /** System by system, metric by metric. */
  readonly paired: readonly PairedComparison[];
  /** Metric by metric, system by system. */
  readonly whole: readonly WholeValue[];
}

/** How the tests are made. */
export interface ComparisonOptions {
  /** Of the bootstrap; 1000 when left out. */
  readonly resamples?: number;
  /** Of the randomisation test; 10,000 when left out. */
  readonly flips?: number;
  /** The same key gives the same comparison. */
  readonly key: RandomKey;
}

/** Corrected p-values below this tell systems apart. */
const LEVEL = 0.05;

/**
 * Compares every system with the first one.
 *
 * @example
 * ```ts
 * import { compareSystems } from "./compare_systems.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const comparison = compareSystems(
 *   [{ spec: "mrr", direction: "maximize" }, { spec: "coverage", direction: "maximize" }],
 *   [
 *     { system: "old", values: [Float64Array.of(0.5, 0, 1), 0.2] },
 *     { system: "new", values: [Float64Array.of(1, 0.5, NaN), 0.3] },
 *   ],
 *   { key: randomKey(1) },
 * );
 * const [mrr] = comparison.paired;
 * assertEquals([mrr?.difference, mrr?.users, mrr?.withoutSystem, mrr?.p.randomisation], [0.5, 2, 1, 0.5]);
 * assertEquals(comparison.whole.map(({ value }) => value), [0.2, 0.3]);
 * ```
 */
export function compareSystems(
  metrics: readonly ComparedMetric[],
  systems: readonly SystemValues[],
  { resamples, flips, key }: ComparisonOptions,
): SystemsComparison {
  const [first, ...others] = systems;
  const pairs = others.flatMap((other) =>
    metrics.flatMap((metric, at) => {
      const [values, reference] = [other.values[at], first!.values[at]];
      if (!(values instanceof Float64Array) || !(reference instanceof Float64Array)) return [];
      return [{ metric, system: other.system, values, reference }];
    })
  );
  const columns = pairs.map(({ values, reference }) => differencesOf(values, reference));
  const resampled = pairedDifferences(columns, {
    key: key.split("bootstrap"),
    ...(resamples === undefined ? {} : { resamples }),
  });
  const tested = columns.map((column, at): TestValues => {
    const differences = column.filter((difference) => !Number.isNaN(difference));
    const { system, metric } = pairs[at]!;
    const signs = { key: key.split("signs", system, metric.spec), ...(flips === undefined ? {} : { flips }) };
    return {
      bootstrap: differences.length < 2 ? null : resampled[at]!.p,
      randomisation: differences.length === 0 ? null : randomisationP(differences, signs),
    };
  });
  const corrected = {
    bootstrap: corrections(tested.map(({ bootstrap }) => bootstrap)),
    randomisation: corrections(tested.map(({ randomisation }) => randomisation)),
  };
  return {
    systems: systems.map(({ system }) => system),
    paired: pairs.map(({ metric, system, values, reference }, at) => {
      const both = (value: number, user: number) => !Number.isNaN(value) && !Number.isNaN(columns[at]![user]);
      const mine = values.filter(both);
      const difference = resampled[at]?.difference ?? null;
      const randomisation = corrected.randomisation[at]!;
      return {
        metric: metric.spec,
        direction: metric.direction,
        system,
        against: first!.system,
        users: mine.length,
        withoutFirst: defined(values) - mine.length,
        withoutSystem: defined(reference) - mine.length,
        meanOfFirst: meanOf(reference.filter(both)),
        mean: meanOf(mine),
        difference,
        interval95: mine.length < 2 ? null : resampled[at]!.interval95,
        p: tested[at]!,
        holm: { bootstrap: corrected.bootstrap[at]!, randomisation },
        verdict: verdictOf(metric.direction, difference, randomisation),
      };
    }),
    whole: metrics.flatMap(({ spec, direction }, at) =>
      systems.flatMap(({ system, values }) => {
        const value = values[at];
        return value instanceof Float64Array || value === undefined
          ? []
          : [{ metric: spec, direction, system, value }];
      })
    ),
  };
}

/** Holm's corrections of those that there are. */
function corrections(p: readonly (number | null)[]): (number | null)[] {
  const corrected = holm(p.filter((value) => value !== null)).values();
  return p.map((value) => value === null ? null : corrected.next().value!);
}

function verdictOf(
  direction: Direction,
  difference: number | null,
  p: number | null,
): PairedComparison["verdict"] {
  if (difference === null || p === null || p >= LEVEL) return "not told apart";
  return (difference > 0) === (direction === "maximize") ? "better" : "worse";
}

function defined(values: Float64Array): number {
  return values.reduce((count, value) => count + Number(!Number.isNaN(value)), 0);
}

function meanOf(values: Float64Array): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
