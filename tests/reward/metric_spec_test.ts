import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { formatMetricSpec, type MetricName, parseMetricSpec } from "../../src/reward/metric_spec.ts";

Deno.test("parseMetricSpec() reads back whatever formatMetricSpec() wrote", () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/);
  const text = fc.string({ unit: "grapheme", maxLength: 8 });
  const spec = fc.record({
    name,
    cutoff: fc.option(fc.integer({ min: 1, max: 999_999_999 }), { nil: undefined }),
    options: fc.dictionary(text.filter((option) => option !== ""), text, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  });
  fc.assert(fc.property(spec, ({ cutoff, ...rest }) => {
    const metric: MetricName = cutoff === undefined ? rest : { ...rest, cutoff };
    assertEquals(parseMetricSpec(formatMetricSpec(metric)), metric);
  }));
});

Deno.test("parseMetricSpec() decodes values and keeps the bars of a list", () => {
  assertEquals(parseMetricSpec("mgu?categories=R%26B|100%25&x=a=b"), {
    name: "mgu",
    options: { categories: "R&B|100%", x: "a=b" },
  });
});

Deno.test("parseMetricSpec() takes a path or an address for the name", () => {
  assertEquals(parseMetricSpec("./my@work/metric.ts@5"), {
    name: "./my@work/metric.ts",
    cutoff: 5,
    options: {},
  });
  assertEquals(parseMetricSpec("npm:@someone/metric"), { name: "npm:@someone/metric", options: {} });
});

for (
  const [text, what] of [
    ["", "metric's name"],
    ["@10", "metric's name"],
    ["ndcg@", "whole number"],
    ["ndcg@0", "whole number"],
    ["ndcg@1.5", "whole number"],
    ["ndcg@ten", "whole number"],
    ["ndcg@10?", "option=value"],
    ["ndcg@10?gain", "option=value"],
    ["ndcg@10?=linear", "option=value"],
    ["ndcg@10?gain=a&gain=b", "once"],
    ["ndcg@10?gain=%zz", "percent-encoded"],
    ["nd cg", "metric's name"],
  ] as const
) {
  Deno.test(`parseMetricSpec() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseMetricSpec(text), BladeError, what);
  });
}
