import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import {
  formatMetricSpec,
  isModule,
  type MetricName,
  parseMetricSpec,
} from "../../src/reward/metric_spec.ts";

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

Deno.test("a name with a question mark or an at sign and nothing before it is none", () => {
  for (const text of ["?gain=a", "@3?gain=a"]) {
    assertThrows(() => parseMetricSpec(text), BladeError, "must begin with the metric's name");
  }
});

Deno.test("of an address the last @ with a number behind it is the cutoff", () => {
  const parts = (text: string) => {
    const { name, cutoff } = parseMetricSpec(text);
    return [name, cutoff];
  };
  assertEquals(parts("npm:@a/b@1.2.3"), ["npm:@a/b@1.2.3", undefined]);
  assertEquals(parts("npm:@a/b@1.2.3@20"), ["npm:@a/b@1.2.3", 20]);
  assertEquals(parts("./b@2/m.ts"), ["./b@2/m.ts", undefined]);
});

Deno.test("a refusal of a spec says what must hold, and shows the part that does not", () => {
  const refusal = (text: string) => {
    const { rule, value } = assertThrows(() => parseMetricSpec(text), BladeError).refusal;
    return [rule, value];
  };
  const pairs = "must have option=value pairs, joined by &, after ?";
  assertEquals(refusal("ndcg?a"), [pairs, "a"]);
  assertEquals(refusal("ndcg?a=b&=c"), [pairs, "=c"]);
  assertEquals(refusal("ndcg?=c=d"), [pairs, "=c=d"]);
  assertEquals(refusal("ndcg@x"), ["must have a whole number from 1 on after @", "x"]);
  assertEquals(refusal("ndcg?a=%"), ["must be percent-encoded UTF-8", "%"]);
  assertEquals(refusal("ndcg?a=1&a=2"), ["must set an option once", "a"]);
});

Deno.test("an option of any name is a plain entry, its value may hold line breaks and equals signs", () => {
  const { options } = parseMetricSpec("m?__proto__=x&a=b%0Ac=d&e=\n=");
  assertEquals(Object.entries(options), [["__proto__", "x"], ["a", "b\nc=d"], ["e", "\n="]]);
  const copied = { ...options, a: "other" };
  assertEquals(copied.a, "other");
  options.a = "changed";
  delete options.e;
  assertEquals(Object.keys(options), ["__proto__", "a"]);
});

Deno.test("isModule() tells paths and addresses from names", () => {
  const modules = ["/a", "./a", "../a", "a.ts", "a.js", "a.mts", "a.mjs", "https:a", "npm:a", "C:\\a"];
  assertEquals(modules.filter((name) => !isModule(name)), []);
  const names = ["a", "a/b", "a.txs", "a.tsx", "hit-rate", "x./a", "R2:a", "aC:\\a", "1:\\a", "a.kts", ""];
  assertEquals(names.filter(isModule), []);
});
