import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { examineMemory } from "../../src/config/examine_memory.ts";
import { findBlas } from "../../src/device/native/find_blas.ts";
import { ran, temporaryFolder, TRAINED } from "./_io.ts";

const openRun = () => Promise.resolve(TRAINED);

Deno.test("evaluate asks for the metrics of the run's configuration when none are named", async () => {
  const { code, out } = await ran(["evaluate", "runs/a", "--json"], { openRun });
  assertEquals(code, 0);
  const { metrics } = JSON.parse(out);
  assertEquals(Object.keys(metrics), ["ndcg@10", "recall@10", "ild@10", "mgu@10", "coverage@10"]);
  assertEquals(metrics["ndcg@10"], { mean: 0.25, interval95: [0.2, 0.3], contexts: 3, undefined: 1 });
});

Deno.test("evaluate takes metrics by comma and by repetition, each once", async () => {
  const args = ["evaluate", "runs/a", "--metrics", "ild@5,mrr", "--metrics", "mrr", "--json"];
  const { out } = await ran(args, { openRun });
  assertEquals(Object.keys(JSON.parse(out).metrics), ["ild@5", "mrr"]);
});

Deno.test("evaluate --per-user writes user,metric,value with empty cells for no value", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/per-user.csv`;
  const { code, out } = await ran(["evaluate", "runs/a", "--metrics", "ild@5", "--per-user", path], {
    openRun,
  });
  assertEquals(code, 0);
  assertEquals(await Deno.readTextFile(path), 'user,metric,value\n"u,2",ild@5,\n');
  assertStringIncludes(out, "ild@5   0.2500  [0.2000, 0.3000]      3          1");
});

Deno.test("evaluate refuses an empty metric name", async () => {
  const { code, err } = await ran(["evaluate", "runs/a", "--metrics", "ild@5,,mrr"], { openRun });
  assertEquals(code, 2);
  assertStringIncludes(err, "--metrics: must name metrics");
});

Deno.test("recommend prints lists with the data set's own ids, ranks from 1", async () => {
  const { code, out } = await ran(["recommend", "runs/a", "--cutoff", "2"], { openRun });
  assertEquals(code, 0);
  assertEquals(
    out,
    'user,item,rank,score\nu1,i0,1,0\nu1,i1,2,-0.5\n"u,2",i0,1,0\n"u,2",i1,2,-0.5\nu3,i0,1,0\nu3,i1,2,-0.5\n',
  );
});

Deno.test("recommend serves the users of a file, in its order, each once", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/users.txt`, "u3\r\n\r\nu1\nu3\n");
  const out = `${folder.path}/lists.csv`;
  const args = ["recommend", "runs/a", "--users", `${folder.path}/users.txt`, "--cutoff", "1", "--out", out];
  const finished = await ran(args, { openRun });
  assertEquals([finished.code, finished.out], [0, ""]);
  assertEquals(await Deno.readTextFile(out), "user,item,rank,score\nu3,i0,1,0\nu1,i0,1,0\n");
});

Deno.test("recommend names the line of a user that the run does not know", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/users.txt`;
  await Deno.writeTextFile(path, "u1\nu9\n");
  const { code, err } = await ran(["recommend", "runs/a", "--users", path], { openRun });
  assertEquals(code, 2);
  assertStringIncludes(err, `${path}:2: must be a user of the run's data`);
  assertStringIncludes(err, 'got "u9"');
});

Deno.test("recommend refuses a file without users, and a file that is not there", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/none.txt`, "\n\n");
  const none = await ran(["recommend", "runs/a", "--users", `${folder.path}/none.txt`], { openRun });
  assertStringIncludes(none.err, "must name a user");
  const missing = await ran(["recommend", "runs/a", "--users", "no/such.txt"], { openRun });
  assertEquals(missing.code, 2);
  assertStringIncludes(missing.err, "no/such.txt: must exist");
});

Deno.test("recommend --json gives titles, and takes no --out beside it", async () => {
  const { out } = await ran(["recommend", "runs/a", "--cutoff", "1", "--json"], { openRun });
  assertEquals(JSON.parse(out)[1], { user: "u,2", items: [{ item: "i0", title: "Item 0", score: 0 }] });
  const both = await ran(["recommend", "runs/a", "--json", "--out", "x.csv"], { openRun });
  assertEquals(both.code, 2);
});

Deno.test("metrics list and show speak of the built-in metrics", async () => {
  const list = JSON.parse((await ran(["metrics", "list", "--json"])).out) as { name: string; kind: string }[];
  const kinds = new Map(list.map(({ name, kind }) => [name, kind]));
  assertEquals([kinds.get("ndcg"), kinds.get("coverage")], ["list", "population"]);
  const { out } = await ran(["metrics", "show", "ndcg@10"]);
  assertStringIncludes(out, "range    0 to 1, maximize");
  assertStringIncludes(out, "needs    relevance");
});

Deno.test("metrics show says how a metric is defined, where, and whose values it equals, in 100 columns", async () => {
  const list = JSON.parse((await ran(["metrics", "list", "--json"])).out) as {
    name: string;
    summary: string;
    formula?: string;
    definedIn?: string;
    equals?: string[];
    options: { name: string }[];
  }[];
  assertEquals(list.filter(({ formula, definedIn }) => !formula || !definedIn).map(({ name }) => name), []);
  for (const { name, summary, formula, definedIn, equals = [], options } of list) {
    const { out } = await ran(["metrics", "show", `${name}@10`]);
    assertEquals(out.split("\n").filter((line) => [...line].length > 100), [], name);
    const words = out.split(/\s+/).join(" ");
    for (const part of [summary, formula!, definedIn!, ...equals]) assertStringIncludes(words, part);
    for (const option of options) {
      assertMatch(out, new RegExp(`^${option.name} `, "m"), `${name}: ${option.name}`);
    }
  }
});

Deno.test("metrics show tells the bounds of an option, and a value beyond them is refused", async () => {
  const { out } = await ran(["metrics", "show", "calibration"]);
  assertMatch(out, /^alpha +0\.01 +0 to 1$/m);
  const { code, err } = await ran(["metrics", "show", "calibration?alpha=2"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "metric calibration: option alpha: must be a number from 0 to 1, got 2");
});

Deno.test("metrics list keeps its table within 100 columns, every word of the summaries kept", async () => {
  const { out } = await ran(["metrics", "list"]);
  assertEquals(out.split("\n").filter((line) => [...line].length > 100), []);
  const list = JSON.parse((await ran(["metrics", "list", "--json"])).out) as { summary: string }[];
  for (const { summary } of list) {
    for (const word of summary.split(" ")) assertStringIncludes(out, word);
  }
});

Deno.test("doctor says of every device what it is, in lines of at most 100 columns", async () => {
  const { code, out } = await ran(["doctor"]);
  assertEquals(code, 0);
  const library = await findBlas();
  assertStringIncludes(
    out.replace(/\n +/g, " "),
    "blas" in library
      ? `native        usable: ${library.blas.name}, `
      : `native        not usable: ${library.refusal.rule}`,
  );
  assertMatch(out, /^ {2}cpu +usable: JavaScript, 1 thread; meant for tests/m);
  assertEquals(out.split("\n").filter((line) => [...line].length > 100), []);
});

Deno.test("doctor --config tells what a run would take part by part, and on which devices it fits", async () => {
  const path = new URL("../../configs/quickstart.jsonc", import.meta.url).pathname;
  const report = async (...set: string[]) => {
    const { code, out } = await ran(["doctor", "--config", path, ...set], { examineMemory });
    assertEquals(code, 0);
    return out.slice(out.indexOf(`Memory of ${path}`));
  };
  const plain = await report();
  assertMatch(plain, /^ {2}activations +[\d.]+ MiB, largest: \S/m);
  assertMatch(plain, /^ {2}in all +about [\d.]+ MiB, in a step of sft$/m);
  assertMatch(plain, /^ {2}wasm +fits in 4 GiB$/m);
  assertMatch(plain, /^ {2}machine +[\d.]+ GiB available: enough/m);
  assertEquals(plain.split("\n").slice(1).filter((line) => [...line].length > 100), []);
  const wide = await report("--set", "model.width=8192", "--set", "model.hidden=65536");
  assertMatch(wide, /^ {2}wasm +does not fit in 4 GiB$/m);
  const { out } = await ran(["doctor", "--config", path, "--json"], { examineMemory });
  const { memory } = JSON.parse(out);
  const sum = memory.parts.reduce((total: number, part: { bytes: number }) => total + part.bytes, 0);
  assertEquals(sum, memory.totalBytes);
  assertEquals(
    memory.devices.find(({ device }: { device: string }) => device === "wasm"),
    { device: "wasm", totalBytes: 2 ** 32, tensorBytes: 2 ** 32, fits: true },
  );
});

Deno.test("doctor refuses flags of a configuration that it was not given", async () => {
  const { code, err } = await ran(["doctor", "--set", "align.batch=2"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "--set: needs a configuration that it changes");
});

Deno.test("config schema prints a JSON Schema that knows the defaults", async () => {
  const { out } = await ran(["config", "schema"]);
  const schema = JSON.parse(out);
  assertEquals(schema.properties.target.properties.discount.default, 0.9);
  assertEquals(schema.additionalProperties, false);
});

Deno.test("data inspect counts the quickstart's data", async () => {
  const path = new URL("../../configs/quickstart.jsonc", import.meta.url).pathname;
  const { code, out } = await ran(["data", "inspect", path, "--json"]);
  assertEquals(code, 0);
  const inspection = JSON.parse(out);
  assertEquals(inspection.test.contexts, inspection.stages.at(-1).users);
  const { out: text } = await ran(["data", "inspect", path]);
  assert(text.startsWith(`${inspection.name}\n  density`));
  assertStringIncludes(text, "median past");
});
