/** What alignment starts from, and how long it goes on. */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { configIn, dataFolder, run } from "./small_runs.ts";

const SETTINGS = [
  'reward.terms=[{"metric":"ndcg@10","weight":1}]',
  'evaluate.systems=["reference","sft-continued","best-of-1","aligned"]',
  "sft.epochs=3",
  "align.learningRate=0.01",
];

Deno.test({
  name: "alignment that starts from the continued model has its weights, its prior and its pull",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using data = await dataFolder();
    const from = async (start: string) =>
      await run(
        configIn(data.path, [...SETTINGS, `align.start=${start}`, "align.epochs=2"]),
        `${data.path}/${start}`,
      );
    const [reference, continued] = [await from("reference"), await from("sft-continued")];
    const stages = ({ steps }: typeof reference) => [...new Set(steps.map(({ stage }) => stage))];
    assertEquals(stages(reference), ["sft", "prior", "sft-continued", "align", "evaluate"]);
    assertEquals(stages(continued), ["sft", "sft-continued", "prior", "align", "evaluate"]);
    const of = ({ steps }: typeof reference, stage: string) => steps.filter((step) => step.stage === stage);
    // Reward and nDCG@10 are one here: alignment begins where the best epoch of the control ended.
    const scores = of(continued, "sft-continued").flatMap(({ values }) => values["validation"] ?? []);
    const begins = of(continued, "align")[0]!.values["validation"]!;
    assertAlmostEquals(begins, Math.max(...scores), 1e-9);
    assert(
      begins > of(reference, "align")[0]!.values["validation"]!,
      `the control learned nothing: ${scores}`,
    );
    const first = of(continued, "align").find(({ values }) => "klToReference" in values)!;
    assertAlmostEquals(first.values["klToReference"]!, 0, 1e-6);
    const bound = (of_: typeof reference) =>
      of(of_, "prior").findLast(({ values }) => "bestOfN" in values)!.values["bestOfN"];
    assert(bound(continued) !== bound(reference), "the prior is of another model");
    // The table's reference stays the supervised model; the oracles draw from what alignment starts from.
    const level = (of_: typeof reference, name: string) =>
      of_.outcome!.results.find(({ system, metric }) => system === name && metric === "reward")!.mean;
    assertEquals(level(continued, "reference"), level(reference, "reference"));
    assertNotEquals(level(continued, "best-of-1"), level(reference, "best-of-1"));
  },
});

Deno.test({
  name: "alignment stops once validation has not risen for so many epochs, and keeps the best",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using data = await dataFolder();
    const settings = [...SETTINGS, "align.epochs=60", "align.patience=3", "align.learningRate=0.05"];
    const { steps, outcome } = await run(configIn(data.path, settings), `${data.path}/patient`);
    const scores = steps.filter(({ stage, values }) => stage === "align" && "validation" in values)
      .map(({ values }) => values["validation"]!);
    const best = scores.indexOf(Math.max(...scores));
    assert(scores.length - 1 < 60, `it went on to the end: ${scores}`);
    assertEquals(scores.length - 1, best + 3);
    assert(outcome!.summary.some((line) => line.includes(best === 0 ? "No epoch" : `epoch ${best} of`)));
  },
});
