import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { summarize, summarizeTogether } from "../../src/evaluate/measure.ts";
import { versusReference } from "../../src/evaluate/paired.ts";
import { bootstrapMeans, bootstrapTogether } from "../../src/numerics/bootstrap.ts";
import { percentileInterval, quantile } from "../../src/numerics/interval.ts";
import { randomKey } from "../../src/numerics/random.ts";

const key = randomKey(5);

function normal(length: number, mean: number, name: string): Float64Array {
  const values = new Float64Array(length);
  key.split(name).fillNormal(values);
  return values.map((value) => value + mean);
}

Deno.test("bootstrapMeans() spreads like the standard error of the mean", () => {
  const values = normal(400, 2, "values");
  const means = bootstrapMeans(values, 4000, key);
  const centre = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  const spread = Math.sqrt(means.reduce((sum, mean) => sum + (mean - centre) ** 2, 0) / means.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / 400;
  const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / 400;
  assertAlmostEquals(centre, mean, 0.005);
  assertAlmostEquals(spread / error, 1, 0.05);
});

Deno.test("the same key gives the same resamples, another key others", () => {
  const values = normal(50, 0, "same");
  assertEquals(bootstrapMeans(values, 20, key), bootstrapMeans(values, 20, randomKey(5)));
  assert(bootstrapMeans(values, 20, key)[0] !== bootstrapMeans(values, 20, randomKey(6))[0]);
});

Deno.test("bootstrapTogether() gives each quantity the means that it has alone, from the same draws", () => {
  const [a, b] = [normal(37, 0, "one"), normal(37, 5, "other")];
  const together = bootstrapTogether([a, b, a.map((value) => -2 * value)], 200, key);
  assertEquals(together[0], bootstrapMeans(a, 200, key));
  assertEquals(together[1], bootstrapMeans(b, 200, key));
  assertEquals(together[2], together[0]!.map((mean) => -2 * mean).reverse());
});

Deno.test("bootstrap draws reach every unit alike, the first and the last too", () => {
  for (const length of [1, 2, 3, 7]) {
    for (let unit = 0; unit < length; unit++) {
      const indicator = Float64Array.from({ length }, (_, at) => Number(at === unit));
      const means = bootstrapMeans(indicator, 4000, key);
      const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
      // Standard deviation of the mean of 4000 · length draws of probability 1 / length, five times.
      assertAlmostEquals(
        mean,
        1 / length,
        5 * Math.sqrt((1 / length) / (4000 * length)) * Number(length > 1),
      );
    }
  }
});

Deno.test("summarizeTogether() says of each metric what summarize() says of it alone, wherever it is defined", () => {
  const [a, b] = [normal(30, 0, "first"), normal(30, 1, "second")];
  const holes = a.map((value, at) => at % 3 === 0 ? NaN : value);
  const columns = [a, holes, b, new Float64Array(30).fill(NaN), holes.map((value) => 2 * value)];
  const resampling = { resamples: 100, key };
  assertEquals(
    summarizeTogether(columns, resampling),
    columns.map((column) => summarize(column, resampling)),
  );
});

Deno.test("95 % intervals hold the true mean in about 95 of 100 samples", () => {
  let held = 0;
  for (let sample = 0; sample < 400; sample++) {
    const { interval95 } = summarize(normal(60, 1, `sample ${sample}`), {
      resamples: 300,
      key: key.split(sample),
    });
    const [low, high] = interval95!;
    if (low <= 1 && 1 <= high) held++;
  }
  // Binomial(400, 0.95) has standard deviation 4.4; percentile intervals of 60 values fall short by one in a hundred.
  assert(held >= 360 && held <= 396, `${held} of 400`);
});

Deno.test("quantile() goes straight between order statistics", () => {
  assertEquals([0, 0.25, 0.5, 1].map((p) => quantile([10, 20, 40], p)), [10, 15, 20, 40]);
  assertEquals(percentileInterval([7]), [7, 7]);
});

Deno.test("summarize() leaves undefined contexts out and counts them", () => {
  assertEquals(summarize(Float64Array.of(NaN, NaN), { key }), {
    mean: null,
    interval95: null,
    contexts: 0,
    undefined: 2,
  });
  assertEquals(summarize(Float64Array.of(NaN, 3), { key }), {
    mean: 3,
    interval95: null,
    contexts: 1,
    undefined: 1,
  });
});

Deno.test("versusReference() pairs by context: a small constant gain is sure although values vary widely", () => {
  const reference = normal(200, 0, "reference");
  const { difference, interval95, p } = versusReference(reference.map((v) => v + 0.01), reference, { key })!;
  assertAlmostEquals(difference, 0.01, 1e-12);
  assertAlmostEquals(interval95[0], 0.01, 1e-12);
  assertAlmostEquals(p, 2 / 1001, 1e-12);
});

Deno.test("versusReference() of a system with itself has difference 0 and p 1", () => {
  const values = normal(30, 0, "itself");
  assertEquals(versusReference(values, values, { key }), { difference: 0, interval95: [0, 0], p: 1 });
});

Deno.test("versusReference() turned round has the difference and interval turned round and the same p", () => {
  const [a, b] = [normal(80, 0.1, "a"), normal(80, 0, "b")];
  const there = versusReference(a, b, { key })!;
  const back = versusReference(b, a, { key })!;
  assertAlmostEquals(back.difference, -there.difference, 1e-12);
  assertAlmostEquals(back.interval95[0], -there.interval95[1], 1e-12);
  assertEquals(back.p, there.p);
});

Deno.test("versusReference() uses contexts that both have a value in, and has none without such", () => {
  const pair = versusReference(Float64Array.of(2, NaN, 5), Float64Array.of(1, 4, NaN), { key });
  assertEquals(pair?.difference, 1);
  assertEquals(versusReference(Float64Array.of(NaN), Float64Array.of(1), { key }), undefined);
  assertThrows(
    () => versusReference(new Float64Array(2), new Float64Array(3), { key }),
    RangeError,
    "per context",
  );
});
