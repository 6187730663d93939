import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { logDensityRatio } from "../../src/target/density_ratio.ts";
import type { Observations } from "../../src/target/observations.ts";
import { bayesianWeighing, staticWeighing } from "../../src/target/weigh_group.ts";
import { weighQuantiles } from "../../src/target/weigh_quantiles.ts";
import { weighSums } from "../../src/target/weigh_sums.ts";

/** Few distinct values, so that ties are common. */
const value = fc.integer({ min: 0, max: 4 }).map((step) => step / 4);
const table = (columns: number, least: number, most: number) =>
  fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: least, maxLength: most })
    .map((rows) => Float64Array.from(rows.flat()));
const situation = (columns: number) =>
  fc.record({
    seen: table(columns, 0, 6),
    group: table(columns, 1, 5),
    n: fc.constantFrom(1, 2, 4, 7.5),
  });

function observations(values: Float64Array, columns: number): [Observations] {
  return [{ values, weights: Float64Array.from({ length: values.length / columns }, (_, i) => 0.5 + i % 3) }];
}

/** ω_j as METHOD writes it: every observation of the belief without j, one by one. */
function byDefinition(
  [{ values, weights }]: [Observations],
  group: Float64Array,
  signed: readonly number[],
  n: number,
): number[] {
  const columns = signed.length;
  const size = group.length / columns;
  return Array.from({ length: size }, (_, j) => {
    const belief = [
      ...Array.from(
        weights,
        (weight, i) => ({ row: values.subarray(i * columns, (i + 1) * columns), weight }),
      ),
      ...Array.from({ length: size }, (_, k) => k).filter((k) => k !== j)
        .map((k) => ({ row: group.subarray(k * columns, (k + 1) * columns), weight: 1 })),
    ];
    const summed = (row: Float64Array) =>
      signed.reduce((sum, weight, column) => {
        if (weight === 0) return sum;
        const turned = (of: Float64Array) => Math.sign(weight) * of[column]!;
        const mass = (holds: (a: number) => boolean) =>
          belief.reduce((total, { row, weight }) => total + (holds(turned(row)) ? weight : 0), 0);
        const at = turned(row);
        const omega = logDensityRatio(mass((a) => a < at), mass((a) => a === at), mass((a) => a > at), n);
        return sum + Math.abs(weight) * omega;
      }, 0);
    const total = belief.reduce((sum, { weight }) => sum + weight, 0);
    const mean = belief.reduce((sum, { row, weight }) => sum + weight * Math.exp(summed(row)), 0) / total;
    return summed(group.subarray(j * columns, (j + 1) * columns)) - (total === 0 ? 0 : Math.log(mean));
  });
}

Deno.test("weighQuantiles() is the weighted sum of the metrics' own ratios, less the log of its mean", () => {
  const weights = fc.tuple(
    fc.constantFrom(0.3, 1, -0.7),
    fc.constantFrom(0, 0.5, 2),
    fc.constantFrom(-1, 0.2),
  );
  fc.assert(fc.property(situation(3), weights, ({ seen, group, n }, signed) => {
    const observed = observations(seen, 3);
    const { logDensityRatio: actual } = weighQuantiles(observed, group, signed, bayesianWeighing(n));
    byDefinition(observed, group, signed, n).forEach((expected, j) =>
      assertAlmostEquals(actual[j]!, expected, 1e-9)
    );
  }));
});

Deno.test("weighQuantiles() of one metric of weight 1 is the plain weighing", () => {
  fc.assert(fc.property(situation(1), ({ seen, group, n }) => {
    const observed = observations(seen, 1);
    const quantiles = weighQuantiles(observed, group, [1], bayesianWeighing(n));
    const sums = weighSums(observed, group, [1], bayesianWeighing(n));
    quantiles.logDensityRatio.forEach((omega, j) =>
      assertAlmostEquals(omega, sums.logDensityRatio[j]!, 1e-9)
    );
    assertEquals([quantiles.above, quantiles.tied], [sums.above, sums.tied]);
  }));
});

Deno.test("the mean of exp ω under the belief is 1, whatever the metrics and weights", () => {
  fc.assert(fc.property(situation(2), ({ seen, n }) => {
    if (seen.length === 0) return;
    const [{ values, weights }] = observations(seen, 2);
    let mean = 0;
    for (let i = 0; i < weights.length; i++) {
      // A group of one at an observation: what it is weighed against is exactly what was seen.
      const point = values.subarray(2 * i, 2 * i + 2);
      const { logDensityRatio: [omega] } = weighQuantiles(
        [{ values, weights }],
        point,
        [1.5, -0.5],
        bayesianWeighing(n),
      );
      mean += weights[i]! * Math.exp(omega!) / weights.reduce((sum, weight) => sum + weight, 0);
    }
    assertAlmostEquals(mean, 1, 1e-9);
  }));
});

Deno.test("weighQuantiles() knows no scale: any increasing change of a metric leaves it as it is", () => {
  const stretch = (values: Float64Array) =>
    values.map((value, at) => at % 2 === 0 ? 1000 * value - 3 : Math.exp(5 * value));
  fc.assert(fc.property(situation(2), ({ seen, group, n }) => {
    const plain = weighQuantiles(observations(seen, 2), group, [1, -2], bayesianWeighing(n));
    const other = weighQuantiles(
      observations(stretch(seen), 2),
      stretch(group),
      [1, -2],
      bayesianWeighing(n),
    );
    assertEquals(other, plain);
  }));
});

Deno.test("a baseline knows nothing of its own rollout", () => {
  const observed = observations(Float64Array.of(0, 1, 0.5, 0.2, 1, 0), 2);
  const baselineOf = (first: number) =>
    weighQuantiles(observed, Float64Array.of(first, first, 0.3, 0.9, 0.8, 0.1), [1, 1], bayesianWeighing(4))
      .baseline[0]!;
  // The same numbers, added up in another order.
  assertAlmostEquals(baselineOf(0), baselineOf(1), 1e-14);
  // Of a group of one: the mean ω of what was seen.
  const alone = (point: number) =>
    weighQuantiles(observed, Float64Array.of(point, point), [1, 1], bayesianWeighing(4)).baseline[0]!;
  assertEquals(alone(0), alone(1));
  assert(alone(0) < 0, "the mean of a logarithm lies below the logarithm of the mean");
});

Deno.test("the static target compares with the reference's slates alone", () => {
  const observed = observations(Float64Array.of(0, 1, 0.5, 0.2, 1, 0), 2);
  const weigh = (...group: number[]) =>
    weighQuantiles(observed, Float64Array.from(group), [1, 1], staticWeighing(4)).logDensityRatio;
  assertEquals(weigh(0.7, 0.7, 0.1, 0.1)[0], weigh(0.7, 0.7)[0]);
  // Both above all slates: the target cannot tell them apart.
  assertEquals(weigh(2, 2, 3, 3)[0], weigh(2, 2, 3, 3)[1]);
});

Deno.test("tied and saturated groups are told by every metric that has a weight", () => {
  const observed = observations(Float64Array.of(0, 0, 1, 1), 2);
  const gauges = (signed: number[], ...group: number[]) => {
    const { above, tied } = weighQuantiles(observed, Float64Array.from(group), signed, bayesianWeighing(4));
    return [above, tied];
  };
  assertEquals(gauges([1, 1], 2, 2, 2, 2), [2, true]);
  assertEquals(gauges([1, 1], 2, 0.5, 2, 2), [1, false]);
  assertEquals(gauges([1, 0], 2, 0.5, 2, 2), [2, true]);
  assertEquals(gauges([1, -1], 2, -1, 2, 3), [1, false]);
});

/** Σ w_k ω_k of a row against what was observed, less the log of the mean of its exponential there. */
function againstObserved([{ values, weights }]: [Observations], signed: readonly number[], n: number) {
  const columns = signed.length;
  const summed = (row: ArrayLike<number>) =>
    signed.reduce((sum, weight, column) => {
      const at = Math.sign(weight) * row[column]!;
      const mass = (holds: (a: number) => boolean) =>
        weights.reduce(
          (all, w, i) => all + (holds(Math.sign(weight) * values[i * columns + column]!) ? w : 0),
          0,
        );
      return sum + Math.abs(weight) * logDensityRatio(
            mass((a) => a < at),
            mass((a) => a === at),
            mass((a) => a > at),
            n,
          );
    }, 0);
  const rows = Array.from(weights, (_, i) => values.subarray(i * columns, (i + 1) * columns));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (row: Float64Array) => number) =>
    rows.reduce((sum, row, i) => sum + weights[i]! / total * of(row), 0);
  const normalizer = Math.log(mean((row) => Math.exp(summed(row))));
  const omega = (row: ArrayLike<number>) => summed(row) - normalizer;
  return { omega, expected: mean(omega) };
}

Deno.test("the baseline of weighQuantiles() is the mean of the others against what was observed, alone its mean", () => {
  const signed = [1, -0.5];
  fc.assert(fc.property(situation(2), ({ seen, group, n }) => {
    if (seen.length === 0) return;
    const observed = observations(seen, 2);
    const { baseline } = weighQuantiles(observed, group, signed, bayesianWeighing(n));
    const { omega, expected } = againstObserved(observed, signed, n);
    const own = Array.from(baseline, (_, j) => omega(group.subarray(2 * j, 2 * j + 2)));
    baseline.forEach((actual, j) => {
      const others = own.filter((_, k) => k !== j);
      const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
      assertAlmostEquals(actual, others.length === 0 ? expected : mean, 1e-9);
    });
  }));
});
