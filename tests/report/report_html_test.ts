import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { curveSvg } from "../../src/report/curve_svg.ts";
import { curvesOf } from "../../src/report/curves.ts";
import type { RunEvent } from "../../src/report/event_log.ts";
import { modelCard } from "../../src/report/model_card.ts";
import { reportHtml } from "../../src/report/report_html.ts";
import { manifestOf, namesOf } from "./_manifest.ts";

const step = (stage: string, number: number, values: Record<string, number | null>): RunEvent => ({
  kind: "step",
  timeMs: 0,
  stage,
  step: number,
  values,
});

Deno.test("the report holds the results with intervals and marks the oracle", () => {
  const html = reportHtml(manifestOf(), [
    step("align", 1, { reward: 0.5 }),
    step("align", 2, { reward: 0.6 }),
  ], namesOf());
  assertStringIncludes(html, "<td>0.2000</td><td>[0.1700, 0.2300]</td>");
  assertStringIncludes(html, "<td>0.2000 <small>±0.0300</small></td>");
  assertStringIncludes(html, '<td class="sure">−0.1000 [−0.1500, −0.0500]</td><td>&lt; 0.001</td>');
  assertStringIncludes(html, "best-of-n (oracle)");
  assertStringIncludes(html, "<title>align: reward, from 0.5 to 0.6 over 2 steps</title>");
  assertStringIncludes(html, "1 min 1 s");
});

Deno.test("the report needs no network, no script and no other file", () => {
  const html = reportHtml(manifestOf(), [step("align", 1, { reward: 0.5 })], namesOf());
  assertNotMatch(html, /<script|<link|<img|src=|href=|url\(|@import/i);
  assertStringIncludes(html, "default-src 'none'");
});

Deno.test("no text of data, plugins, configuration or events becomes markup", () => {
  const evil = `</pre><script>alert("x")</script><img src='x'>`;
  const html = reportHtml(manifestOf(evil), [step(evil, 1, { [evil]: 1 })], namesOf(evil));
  assertNotMatch(html, /<script|<img/i);
  // Every tag that is opened is one of the page's own.
  const own = new Set(
    "html head meta title style body h1 h2 h3 p small div table thead tbody tr th td figure figcaption svg path text circle details summary pre"
      .split(" "),
  );
  const tags = [...html.matchAll(/<([a-zA-Z0-9]+)/g)].map((match) => match[1]!);
  assertEquals(tags.filter((tag) => !own.has(tag)), []);
  assert(tags.length > 50);
});

Deno.test("the report is called as its run folder, and tells the run's id apart", () => {
  const html = reportHtml(manifestOf(), [], namesOf());
  assertStringIncludes(html, "<h1>quickstart-1 plain</h1>");
  assertStringIncludes(html, '<td class="name">quickstart-1-0a1b2c3d plain</td>');
});

Deno.test("the training reward stands beside what best-of-n of the reference reaches", () => {
  const events = [
    step("prior", 3, { bestOfN: 0.75 }),
    step("align", 1, { reward: 0.5 }),
    step("align", 2, { reward: 0.6 }),
  ];
  const html = reportHtml(manifestOf(), events, namesOf());
  assertEquals(html.match(/class="bound"/g)?.length, 1);
  assertStringIncludes(html, "best-of-4 of the reference 0.7500</text>");
  assertEquals(html.includes("prior: bestOfN"), false);
  assertEquals(reportHtml(manifestOf(), events.slice(1), namesOf()).includes('class="bound"'), false);
});

Deno.test("a curve names its axes, and a long one is drawn with its running mean", () => {
  const points = Array.from({ length: 100 }, (_, index) => [index + 1, index % 2] as const);
  const svg = curveSvg({ stage: "align", name: "signal", points }, { unit: "nats" });
  assertMatch(svg, />step<\/text>.*rotate\(-90\)" text-anchor="middle">nats<\/text>/);
  assertEquals(svg.match(/<path class="line/g)?.length, 2);
  const short = curveSvg({ stage: "align", name: "signal", points: points.slice(0, 10) });
  assertEquals(short.match(/<path class="line/g)?.length, 1);
});

Deno.test("gauges that few look at are folded away, and a run without steps has none", () => {
  const html = reportHtml(manifestOf(), [step("align", 1, { reward: 1, evidenceWeight: 16 })], namesOf());
  const folded = html.slice(html.indexOf("All other gauges"));
  assertStringIncludes(folded, "align: evidenceWeight");
  assertEquals(folded.includes("align: reward"), false);
  const without = reportHtml(manifestOf(), [], namesOf());
  assertEquals(without.includes("All other gauges"), false);
  assertStringIncludes(without, "None: no step was logged.");
});

Deno.test("a step that a resumed run repeats is drawn once, as repeated", () => {
  const events = [
    step("sft", 1, { loss: 3 }),
    step("sft", 2, { loss: 9 }),
    step("sft", 2, { loss: 2 }),
    step("sft", 3, { loss: 1 }),
  ];
  assertEquals(curvesOf(events), [{ stage: "sft", name: "loss", points: [[1, 3], [2, 2], [3, 1]] }]);
});

Deno.test("a long curve is averaged down in equal runs of steps", () => {
  const events = Array.from({ length: 4000 }, (_, index) => step("sft", index + 1, { loss: index % 2 }));
  const [curve] = curvesOf(events);
  assertEquals(curve!.points.length, 400);
  assertEquals(curve!.points[0], [10, 0.5]); // steps 1 … 10, as many zeros as ones
  assertEquals(curve!.points.at(-1), [4000, 0.5]);
});

Deno.test("a curve of one point, of one value or of huge values is drawn with finite numbers", () => {
  for (const points of [[[1, 0]], [[1, 7], [2, 7]], [[1, -1e300], [2, 1e300]]] as const) {
    assertNotMatch(curveSvg({ stage: "a", name: "b", points }), /NaN|Infinity|undefined/);
  }
});

Deno.test("the model card names data, licence, objective, results and limits, and no text becomes markup", () => {
  const facts = {
    title: "run_1",
    dataName: "<b>films</b>",
    users: 4333,
    items: 2414,
    interactions: 68055,
    dataLicence: null,
    parameters: 254_976,
  };
  const card = modelCard(manifestOf("a|b *c* <i>"), facts);
  assertStringIncludes(card, "&lt;b>films&lt;/b>: 4,333 users, 2,414 items, 68,055 interactions");
  assertStringIncludes(card, "# Model card: run\\_1\n");
  assertStringIncludes(card, "Licence of the data: not stated. Ask its source");
  const stated = modelCard(manifestOf(), { ...facts, dataLicence: "CC_BY <4.0>" });
  assertStringIncludes(stated, "Licence of the data: CC\\_BY &lt;4.0>. ");
  assertStringIncludes(card, "254,976 parameters");
  assertStringIncludes(card, "bayesian best-of-4 target");
  assertStringIncludes(card, "\n4 lists per context, 40 visits, KL");
  const { config } = manifestOf();
  const align = { ...config.align, start: "sft-continued", patience: 3 } as const;
  const labelled = modelCard({ ...manifestOf(), config: { ...config, align } }, facts);
  assertStringIncludes(
    labelled,
    "From the model that learned the same labels, 4 lists per context, 40 visits at most",
  );
  assertStringIncludes(card, "| aligned |");
  assertStringIncludes(card, "best-of-n (oracle)");
  assertStringIncludes(card, "a\\|b \\*c\\* &lt;i>");
  const rows = card.split("\n").filter((line) => line.startsWith("|"));
  // Two tables of two columns: system and the one metric, metric and the one comparison.
  for (const row of rows) assertEquals(row.match(/(?<!\\)\|/g)!.length, 3, row);
  assertEquals(rows.length, 4 + 3);
  assertStringIncludes(card, "−0.1000 [−0.1500, −0.0500]");
});

Deno.test("a constraint is drawn once, beside its bound, with its multiplier, and named in headline and card", () => {
  const manifest = manifestOf();
  const reward = {
    ...manifest.config.reward,
    terms: [{ metric: "ndcg@10", weight: 1 }, { metric: "ild@10", weight: 0.5 }],
    combine: "quantile" as const,
    constraints: [{ metric: "ndcg@10", atLeast: 0.35 }],
  };
  const bounded = { ...manifest, config: { ...manifest.config, reward } };
  const values = { "ndcg@10": 0.3, "ild@10": 0.5, "level:ndcg@10": 0.3, "multiplier:ndcg@10": 0.25 };
  const html = reportHtml(bounded, [step("align", 1, values), step("align", 2, values)], namesOf());
  const words = "reward 1 × ndcg@10 + 0.5 × ild@10, by quantile, with ndcg@10 at least 0.35";
  assertStringIncludes(html, words);
  const first = html.slice(0, html.indexOf("All other gauges"));
  const captions = [...first.matchAll(/<figcaption>([^<]*)/g)].map(([, caption]) => caption);
  assertEquals(captions, [
    "ild@10 of sampled lists",
    "ndcg@10 of a step&#39;s lists",
    "Multiplier of ndcg@10",
  ]);
  assertStringIncludes(first, ">bound 0.3500</text>");
  const facts = { ...namesOf(), users: 1, items: 1, interactions: 1, dataLicence: null, parameters: 1 };
  assertStringIncludes(modelCard(bounded, facts), "by quantile, with `ndcg@10` at least 0.35");
});
