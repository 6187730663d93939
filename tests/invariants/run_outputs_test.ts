/** What a run writes has to agree with itself: lists, values per user, manifest, log, and the commands that read them. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import { readManifest } from "../../src/report/manifest.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { evaluateLists } from "../../src/evaluate/evaluate_lists.ts";
import { blade, temporaryFolder } from "../ci/command_line.ts";
import { smallConfig } from "../ci/small_run.ts";
import { writeSkewedData } from "../train/skewed_world.ts";

const USERS = 48;
/** Read from lists and held-out items alone. */
const OF_LISTS = ["ndcg@3", "recall@2", "mrr", "ild@3", "coverage@3"];
/** The last one reads the training counts too, which no table of lists has. */
const METRICS = [...OF_LISTS, "novelty@3"];

Deno.test("lists, values per user, manifest, log and commands of a run agree", async (t) => {
  await using folder = await temporaryFolder();
  const write = [`--allow-write=${folder.path}`];
  const run = `${folder.path}/run`;
  await writeSkewedData(folder.path);
  const systems = ["most-popular", "item-knn", "reference", "sft-continued", "best-of-n", "aligned"] as const;
  const config = { ...smallConfig(), evaluate: { metrics: METRICS, systems: [...systems], resamples: 100 } };
  // Steps large enough for the aligned lists to differ from the reference's.
  config.align = { ...config.align!, learningRate: 0.02, epochs: 2 };
  config.reward = { terms: [{ metric: "ndcg@3", weight: 0.5 }, { metric: "novelty@3", weight: 0.5 }] };
  config.target = { ...config.target!, n: 5 };
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(config));
  const trained = await blade(["train", `${folder.path}/small.jsonc`, "--out", run], write);
  assertEquals(trained.code, 0, trained.err);
  const { results } = await readManifest(run);
  const meanOf = (system: string, metric: string) => {
    const found = results.filter((result) => result.system === system && result.metric === metric);
    assertEquals(found.length, 1, `${system} ${metric}`);
    return found[0]!.mean!;
  };
  const table = async (path: string) => parse(await Deno.readTextFile(path), { skipFirstRow: true });
  const ratings = await table(`${folder.path}/ratings.csv`);
  const met = (user: string) => ratings.filter((row) => row["user"] === user).map((row) => row["item"]!);

  await t.step("every system has every metric and the reward", () => {
    assertEquals(results.length, systems.length * (METRICS.length + 1));
    for (const system of systems) {
      const reward = 0.5 * meanOf(system, "ndcg@3") + 0.5 * meanOf(system, "novelty@3");
      assertAlmostEquals(meanOf(system, "reward"), reward, 1e-9, system);
    }
    assert(meanOf("best-of-n", "reward") > meanOf("reference", "reward"), "the oracle is no better");
    assert(meanOf("aligned", "reward") !== meanOf("reference", "reward"), "alignment changed no list");
  });

  await t.step(
    "lists.csv, evaluated as a table, gives the manifest's values of aligned",
    async () => {
      const lists = await table(`${run}/lists.csv`);
      const users = [...new Set(lists.map((row) => row["user"]!))];
      assertEquals([users.length, lists.length], [USERS, USERS * 3]);
      const { metrics, perUser } = await evaluateLists({
        lists,
        relevant: users.map((user) => [user, met(user).at(-1)!]),
        history: users.flatMap((user) => met(user).slice(0, -1).map((item) => [user, item])),
        items: (await table(`${folder.path}/items.csv`)).map((row) => ({
          item: row["item"]!,
          categories: row["genre"]!,
        })),
      }, OF_LISTS);
      for (const metric of OF_LISTS) {
        assertAlmostEquals(metrics[metric]!.mean!, meanOf("aligned", metric), 1e-12, metric);
      }
      const kept = (await table(`${run}/per-user.csv`)).filter((row) => row["system"] === "aligned");
      for (const { user, metric, value } of kept.filter((row) => OF_LISTS.includes(row["metric"]!))) {
        assertAlmostEquals(Number(value), perUser[metric!]![user!]!, 1e-12, `${user} ${metric}`);
      }
    },
  );

  await t.step("the means of per-user.csv are the manifest's", async () => {
    const rows = await table(`${run}/per-user.csv`);
    for (const system of systems) {
      for (const metric of [...METRICS.filter((name) => name !== "coverage@3"), "reward"]) {
        const values = rows.filter((row) => row["system"] === system && row["metric"] === metric);
        assertEquals(values.length, USERS, `${system} ${metric}`);
        const mean = values.reduce((sum, { value }) => sum + Number(value), 0) / values.length;
        assertAlmostEquals(mean, meanOf(system, metric), 1e-12, `${system} ${metric}`);
      }
    }
  });

  await t.step("evaluate finds what the run found, and writes it by user", async () => {
    const perUser = `${folder.path}/values.csv`;
    const args = ["evaluate", run, "--metrics", METRICS.join(), "--json", "--per-user", perUser];
    const { code, out, err } = await blade(args, write);
    assertEquals(code, 0, err);
    const { metrics } = JSON.parse(out);
    for (const metric of METRICS) {
      assertAlmostEquals(metrics[metric].mean, meanOf("aligned", metric), 1e-12, metric);
    }
    const recall = (await table(perUser)).filter((row) => row["metric"] === "recall@2");
    assertEquals(recall.length, USERS);
    const mean = recall.reduce((sum, { value }) => sum + Number(value), 0) / USERS;
    assertAlmostEquals(mean, meanOf("aligned", "recall@2"), 1e-12);
  });

  await t.step("recommend gives new items under the data's own ids, best first, the same twice", async () => {
    const lists = async (name: string) => {
      const path = `${folder.path}/${name}.csv`;
      assertEquals((await blade(["recommend", run, "--cutoff", "5", "--out", path], write)).code, 0);
      return await Deno.readTextFile(path);
    };
    assertEquals(await lists("again"), await lists("once"));
    const rows = await table(`${folder.path}/once.csv`);
    for (let user = 0; user < USERS; user++) {
      const own = rows.filter((row) => row["user"] === `u${user}`);
      assertEquals(own.map((row) => row["rank"]), ["1", "2", "3", "4", "5"]);
      const items = own.map((row) => row["item"]!);
      assertEquals(new Set(items).size, 5, `u${user}: ${items}`);
      for (const item of items) {
        assert(
          /^i1?\d$/.test(item) && !met(`u${user}`).includes(item),
          `u${user} is given ${item}`,
        );
      }
      const scores = own.map((row) => Number(row["score"]));
      assertEquals(scores, scores.toSorted((one, other) => other - one));
    }
  });

  await t.step("the log has a line per step, with every gauge of alignment as a number", async () => {
    const events = await readEvents(`${run}/events.jsonl`);
    const steps = events.flatMap((event) => event.kind === "step" ? [event] : []);
    const gauges = [
      "reward",
      "ndcg@3",
      "novelty@3",
      "signal",
      "updateSignal",
      "saturated",
      "tied",
      "priorShare",
    ]
      .concat(["evidenceWeight", "klToReference", "entropy", "gradientNorm", "loss", "undefined"]);
    const aligning = steps.filter(({ stage, values }) => stage === "align" && !("validation" in values));
    assertEquals(aligning.map(({ step }) => step), Array.from({ length: 12 }, (_, i) => i + 1));
    for (const { step, values } of aligning) {
      for (const name of gauges) {
        assert(Number.isFinite(values[name]), `${name} of step ${step}: ${values[name]}`);
      }
      for (const name of ["saturated", "tied", "priorShare", "undefined"]) {
        assert(values[name]! >= 0 && values[name]! <= 1, `${name} ${values[name]}`);
      }
      // Two for each of eight contexts, and of those that the last batch of an epoch has left.
      if (step % 6 !== 0) assertEquals(values["rollouts"], 2 * 8);
      else assert(values["rollouts"]! > 0 && values["rollouts"]! <= 2 * 8 && values["rollouts"]! % 2 === 0);
      assertAlmostEquals(values["reward"]!, 0.5 * values["ndcg@3"]! + 0.5 * values["novelty@3"]!, 1e-9);
      // Of 20 items the nats per item are at most log 20.
      assert(values["entropy"]! > 0 && values["entropy"]! < Math.log(20), `entropy ${values["entropy"]}`);
    }
    assertEquals(aligning[0]!.values["priorShare"], 1);
    assertEquals(aligning[0]!.values["evidenceWeight"], 4);
    assertAlmostEquals(aligning[0]!.values["klToReference"]!, 0, 1e-6);
    // Second visits: the prior of 4 faded to 0.9 · 4, and two rollouts beside it.
    assertAlmostEquals(aligning[6]!.values["evidenceWeight"]!, 5.6, 1e-9);
    const validated = steps.filter(({ values }) => values["epoch"]! > 0).map(({ stage }) => stage);
    assertEquals(validated, ["sft", "sft-continued", "sft-continued", "align", "align"]);
    const stages = events.flatMap((event) => event.kind === "stage" ? [event.stage] : []);
    assertEquals(stages, ["sft", "prior", "sft-continued", "align", "evaluate"]);
  });
});
