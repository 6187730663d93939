import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config/parse.ts";
import type { PairedComparison, WholeValue } from "../../src/evaluate/compare_systems.ts";
import { writeManifest } from "../../src/report/manifest.ts";
import { writePerUser } from "../../src/report/tables.ts";
import { manifestOf } from "../report/_manifest.ts";
import { ran, temporaryFolder } from "./_io.ts";

const USERS = 30;

/** A run folder whose aligned model has so much ndcg more than a wave over users, and so much coverage. */
async function writeRun(
  path: string,
  { gain = 0, coverage = 0.5, set = {}, sha256 = "ab".repeat(32), without = -1 }: {
    readonly gain?: number;
    readonly coverage?: number;
    readonly set?: object;
    readonly sha256?: string;
    readonly without?: number;
  },
): Promise<string> {
  const shared = { split: "test", interval95: null, contexts: USERS, undefined: 0 } as const;
  await Deno.mkdir(path);
  await writeManifest(path, {
    ...manifestOf(),
    config: parseConfig(JSON.stringify(set), { path: "run.jsonc" }),
    data: [{ path: `${path}/ratings.csv`, bytes: 12, sha256 }],
    results: ["reference", "aligned"].flatMap((system) => [
      { ...shared, system: system as "aligned", metric: "ndcg@10", mean: 0.1 },
      { ...shared, system: system as "aligned", metric: "popularity@10", mean: 5 },
      { ...shared, system: system as "aligned", metric: "coverage@10", mean: coverage },
      { ...shared, system: system as "aligned", metric: "reward", mean: 0.3 },
    ]),
  });
  const rows = Array.from({ length: USERS }, (_, user) => {
    // Another order of users in every run, as nothing says that they have one.
    const id = (user + Math.round(100 * coverage)) % USERS;
    const own = { user: `u,${id}`, value: id === without ? null : Math.sin(id) + gain * (1 + id / USERS) };
    return [
      { ...own, system: "aligned", metric: "ndcg@10" },
      { ...own, system: "aligned", metric: "popularity@10" },
      { ...own, system: "aligned", metric: "reward" },
      { ...own, system: "reference", metric: "ndcg@10", value: 0 },
    ];
  });
  await writePerUser(`${path}/per-user.csv`, rows.flat());
  return path;
}

interface Document {
  readonly systems: readonly string[];
  readonly paired: readonly PairedComparison[];
  readonly whole: readonly WholeValue[];
}

Deno.test("compare pairs runs by user, whatever their order, and gives values to metrics of all lists", async () => {
  await using folder = await temporaryFolder();
  const a = await writeRun(`${folder.path}/a`, { coverage: 0.5 });
  const b = await writeRun(`${folder.path}/b`, { gain: 0.01, coverage: 0.6, without: 3 });
  const { code, out, err } = await ran(["compare", a, b, "--json"]);
  assertEquals(code, 0);
  const document: Document = JSON.parse(out);
  assertEquals(document.systems, [a, b]);
  const [ndcg, popularity, reward] = document.paired;
  assertEquals([ndcg!.metric, popularity!.metric, reward!.metric], ["ndcg@10", "popularity@10", "reward"]);
  // Means of 1 + id / 30 over the 29 users but number 3.
  const expected = 0.01 * (30 + 435 / 30 - 1.1) / 29;
  assert(Math.abs(ndcg!.difference! - expected) < 1e-9, `${ndcg!.difference}`);
  assertEquals([ndcg!.users, ndcg!.withoutFirst, ndcg!.withoutSystem], [29, 0, 1]);
  assertEquals([ndcg!.p.randomisation, ndcg!.holm.randomisation], [1 / 10_001, 3 / 10_001]);
  assertEquals([ndcg!.verdict, popularity!.verdict, reward!.verdict], ["better", "worse", "better"]);
  assertEquals(document.whole.map(({ system, metric, value }) => [system, metric, value]), [
    [a, "coverage@10", 0.5],
    [b, "coverage@10", 0.6],
  ]);
  assertStringIncludes(err, `0 in ${a} and 1 in ${b}, are left out of ndcg@10, popularity@10, reward`);
});

Deno.test("compare prints a table against the first, and says the same again for the same seed", async () => {
  await using folder = await temporaryFolder();
  const runs = [
    await writeRun(`${folder.path}/a`, {}),
    await writeRun(`${folder.path}/b`, { gain: 0.01 }),
    await writeRun(`${folder.path}/c`, { gain: -0.01 }),
  ];
  const args = [
    "compare",
    ...runs,
    "--metrics",
    "ndcg@10,coverage@10",
    "--flips",
    "500",
    "--resamples",
    "200",
  ];
  const { code, out } = await ran(args);
  assertEquals(code, 0);
  assertMatch(out, /b against .*a\n[\s\S]+ndcg@10 +30 .+\+0\.01\d+ .+ better\n/);
  assertMatch(out, /c against .*a\n[\s\S]+ndcg@10 +30 .+−0\.01\d+ .+ worse\n/);
  assertMatch(out, /without a test\nsystem +coverage@10\n/);
  assertEquals(out.includes("popularity"), false);
  assertEquals((await ran(args)).out, out);
});

Deno.test("compare --fail-on-regression exits with 1 where the first is better, and with 0 where it is not", async () => {
  await using folder = await temporaryFolder();
  const a = await writeRun(`${folder.path}/a`, {});
  const b = await writeRun(`${folder.path}/b`, { gain: 0.01 });
  const args = ["--metrics", "ndcg@10", "--fail-on-regression"];
  assertEquals((await ran(["compare", a, b, ...args])).code, 0);
  const worse = await ran(["compare", b, a, ...args]);
  assertEquals(worse.code, 1);
  assertMatch(worse.err, /regression: .+a is worse than .+b on ndcg@10 \(-0\.0\d+, Holm p 0\.000\d+\)/);
  // Of popularity less is better.
  assertEquals((await ran(["compare", a, b, "--metrics", "popularity@10", "--fail-on-regression"])).code, 1);
  assertEquals((await ran(["compare", b, a])).code, 0);
});

Deno.test("compare leaves a reward of other terms out, and takes the system that is named", async () => {
  await using folder = await temporaryFolder();
  const a = await writeRun(`${folder.path}/a`, {});
  const b = await writeRun(`${folder.path}/b`, { set: { reward: { terms: [{ metric: "ild@5" }] } } });
  const { out, err } = await ran(["compare", a, b, "--json"]);
  assertEquals((JSON.parse(out) as Document).paired.map(({ metric }) => metric), [
    "ndcg@10",
    "popularity@10",
  ]);
  assertStringIncludes(err, "different rewards");
  const reference: Document = JSON.parse(
    (await ran(["compare", a, b, "--system", "reference", "--metrics", "ndcg@10", "--json"])).out,
  );
  assertEquals(reference.paired.map(({ mean }) => mean), [0]);
});

Deno.test("compare refuses runs on other test data, and says what differs", async () => {
  await using folder = await temporaryFolder();
  const a = await writeRun(`${folder.path}/a`, {});
  const others = {
    file: { run: { sha256: "cd".repeat(32) }, says: "another ratings.csv (SHA-256 cdcdcdcdcdcd…)" },
    filter: { run: { set: { data: { kCore: 3 } } }, says: "where data.kCore is 5, got" },
  };
  for (const [name, { run, says }] of Object.entries(others)) {
    const b = await writeRun(`${folder.path}/${name}`, run);
    const { code, out, err } = await ran(["compare", a, b]);
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, `${b}: must have been evaluated on the test data of ${a}`);
    assertStringIncludes(err, says);
  }
  const longer = await writeRun(`${folder.path}/longer`, { set: { data: { maxHistory: 20 } } });
  assertEquals((await ran(["compare", a, longer])).code, 0);
});

Deno.test("compare refuses what is no number per user", async () => {
  await using folder = await temporaryFolder();
  const a = await writeRun(`${folder.path}/a`, {});
  const b = await writeRun(`${folder.path}/b`, {});
  const header = "user,system,metric,value\n";
  await Deno.writeTextFile(`${b}/per-user.csv`, `${header}u1,aligned,ndcg@10,0.5\nu2,aligned,ndcg@10,high\n`);
  assertStringIncludes((await ran(["compare", a, b])).err, "per-user.csv:3: column value: must be a number");
  await Deno.writeTextFile(`${b}/per-user.csv`, `${header}u1,aligned,ndcg@10,0.5\nu1,aligned,ndcg@10,0.6\n`);
  assertStringIncludes((await ran(["compare", a, b])).err, "must name a user once");
});

const RELEVANT = "user,item\n" + Array.from({ length: 20 }, (_, user) => `u${user},a\n`).join("");

/** Lists that hold the relevant item at a rank by user, or not at all. */
function listsWith(rank: (user: number) => number | undefined): string {
  const rows = Array.from({ length: 20 }, (_, user) => {
    const at = rank(user);
    return at === undefined ? `u${user},b,1\n` : `u${user},a,${at}\n`;
  });
  return "user,item,rank\n" + rows.join("");
}

Deno.test("compare --lists judges every system by the same tables", async () => {
  await using folder = await temporaryFolder();
  const [old, fresh, relevant] = ["old", "new", "relevant"].map((name) => `${folder.path}/${name}.csv`);
  await Deno.writeTextFile(old!, listsWith(() => 2));
  await Deno.writeTextFile(fresh!, listsWith((user) => user < 18 ? 1 : undefined) + "stranger,c,1\n");
  await Deno.writeTextFile(relevant!, RELEVANT);
  const tables = ["--relevant", relevant!, "--metrics", "mrr,coverage", "--json"];
  const { code, out, err } = await ran(["compare", "--lists", old!, "--lists", fresh!, ...tables]);
  assertEquals(code, 0);
  const document = JSON.parse(out);
  const [mrr] = document.paired;
  // 18 users gain a half, two lose it; the stranger has nothing relevant.
  assertEquals([mrr.users, mrr.meanOfFirst, mrr.mean, mrr.difference], [20, 0.5, 0.9, 0.4]);
  assertEquals(mrr.verdict, "better");
  // The catalog is what any of the tables names: a, b and c.
  assertEquals(document.whole.map(({ value }: WholeValue) => value), [1 / 3, 1]);
  assertEquals(document.notes.map(({ rankGaps }: { rankGaps: number }) => rankGaps), [20, 0]);
  assertStringIncludes(err, `note: ${old}: ranks that hold no item, each a miss: 20`);
  const back = ["compare", "--lists", fresh!, "--lists", old!, ...tables, "--fail-on-regression"];
  assertEquals((await ran(back)).code, 1);
});

Deno.test.each([
  [["compare"], "must be given two or more, either RUNs or --lists", "blade compare runs/a runs/b"],
  [["compare", "runs/a"], "must be given two or more", '"runs/a"'],
  [["compare", "--lists", "a.csv", "--metrics", "mrr"], "must be given two or more", "--lists a.csv"],
  [
    ["compare", "runs/a", "--lists", "a.csv", "--lists", "b.csv"],
    "must be given two or more",
    "runs/a --lists a.csv",
  ],
  [["compare", "runs/a", "runs/b", "--items", "i.csv"], "--items: must come with --lists", "To mend"],
  [
    ["compare", "--lists", "a", "--lists", "b", "--system", "x"],
    "--system: must come with runs",
    "one system",
  ],
  [["compare", "--lists", "a.csv", "--lists", "b.csv"], "--lists: must come with --metrics", "ild@10"],
  [["compare", "no/run", "no/other"], "no/run: must be the folder of a finished run", "To mend"],
  [["compare", "a", "b", "--flips", "0"], "--flips: must be a whole number of at least 100", '"0"'],
])("%j is refused with exit code 2", async (args, rule, detail) => {
  const { code, out, err } = await ran(args);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, rule);
  assertStringIncludes(err, detail);
});

Deno.test("compare names the systems and metrics that there are", async () => {
  await using folder = await temporaryFolder();
  const a = await writeRun(`${folder.path}/a`, {});
  const b = await writeRun(`${folder.path}/b`, {});
  const system = await ran(["compare", a, b, "--system", "best"]);
  assertEquals(system.code, 2);
  assertStringIncludes(system.err, "it has reference, aligned");
  const metric = await ran(["compare", a, b, "--metrics", "mrr"]);
  assertEquals(metric.code, 2);
  assertStringIncludes(metric.err, "they have ndcg@10, popularity@10, coverage@10, reward in common");
});
