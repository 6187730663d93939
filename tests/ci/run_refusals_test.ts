import { assert, assertEquals, assertMatch } from "@std/assert";
import type { BladeConfigInput } from "../../src/config/schema.ts";
import { assertRefused, blade, type Finished, temporaryFolder } from "./command_line.ts";
import { pluginText, smallConfig, writeSmallData } from "./small_run.ts";

const MINE = ["--isolate", "never", "--set", 'reward.terms=[{"metric":"mine@3"}]'];

/** Trains in `folder`, where the data are, into its folder `run`. */
async function train(
  folder: string,
  config: BladeConfigInput,
  args: readonly string[] = [],
): Promise<Finished> {
  await writeSmallData(folder);
  await Deno.writeTextFile(`${folder}/small.jsonc`, JSON.stringify(config));
  return await blade(["train", `${folder}/small.jsonc`, "--out", `${folder}/run`, ...args], [
    `--allow-write=${folder}`,
  ]);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

Deno.test("a run can be evaluated and asked for lists, and refuses what it cannot give", async (t) => {
  await using folder = await temporaryFolder();
  const write = [`--allow-write=${folder.path}`];
  const run = `${folder.path}/run`;
  const { code, err } = await train(folder.path, smallConfig());
  assertEquals(code, 0, err);
  for (const name of ["manifest.json", "config.resolved.json", "events.jsonl", "lists.csv", "per-user.csv"]) {
    assert((await namesIn(run)).includes(name), `${name} is missing`);
  }

  await t.step("every number that it logged is defined in docs/method.md", async () => {
    const method = await Deno.readTextFile("docs/method.md");
    const lines = (await Deno.readTextFile(`${run}/events.jsonl`)).trim().split("\n");
    const logged = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line).values ?? {})));
    assert(logged.has("signal") && logged.has("validation"));
    assertEquals([...logged].filter((name) => !name.includes("@") && !method.includes(`\`${name}\``)), []);
  });
  await t.step("evaluate --json prints one document, keyed by the specs as typed", async () => {
    const { code, out } = await blade(["evaluate", run, "--metrics", "ndcg@2,ild@3", "--json"]);
    assertEquals(code, 0);
    const { metrics } = JSON.parse(out);
    assertEquals(Object.keys(metrics), ["ndcg@2", "ild@3"]);
    assertEquals(metrics["ndcg@2"].contexts, 40);
    assert(metrics["ndcg@2"].mean >= 0 && metrics["ndcg@2"].mean <= 1);
  });
  await t.step("recommend writes a list per user with the ids of the data", async () => {
    const { code } = await blade(["recommend", run, "--cutoff", "4", "--out", `${folder.path}/l.csv`], write);
    assertEquals(code, 0);
    const [header, ...rows] = (await Deno.readTextFile(`${folder.path}/l.csv`)).trim().split("\n");
    assertEquals([header, rows.length], ["user,item,rank,score", 40 * 4]);
    for (const row of rows) assertMatch(row, /^u\d+,i\d+,[1-4],-?[\d.e-]+$/);
  });
  await t.step("an unknown user", async () => {
    await Deno.writeTextFile(`${folder.path}/users.txt`, "u1\nnobody\n");
    assertRefused(await blade(["recommend", run, "--users", `${folder.path}/users.txt`]), [
      "users.txt:2",
      '"nobody"',
    ]);
  });
  await t.step("a list longer than what a user has not seen", async () => {
    assertRefused(await blade(["recommend", run, "--cutoff", "24"]), ["24"]);
  });
  await t.step("a file to write where -P may not", async () => {
    const refused = await blade(["recommend", run, "--out", `${folder.path}/other.csv`]);
    assertRefused(refused, ["other.csv", "--allow-write="]);
  });
  await t.step("an unknown metric", async () => {
    assertRefused(await blade(["evaluate", run, "--metrics", "ndgc@2"]), ['"ndgc"', "did you mean ndcg?"]);
  });
  await t.step("a folder that is not empty", async () => {
    assertRefused(await train(folder.path, smallConfig()), ["run", "must"]);
  });
  await t.step("a folder that is no run", async () => {
    assertRefused(await blade(["evaluate", "fixtures"]), ["fixtures"]);
    assertRefused(await blade(["evaluate", `${folder.path}/nowhere`]), ["nowhere"]);
  });
  await t.step("a checkpoint that was cut short", async () => {
    const weights: string[] = [];
    for (const name of await namesIn(`${run}/checkpoints`)) {
      const path = `${run}/checkpoints/${name}`;
      const files = (await Deno.stat(path)).isDirectory
        ? (await namesIn(path)).map((file) => `${path}/${file}`)
        : [path];
      weights.push(...files.filter((file) => file.endsWith(".safetensors")));
    }
    assert(weights.length > 0, "no checkpoint was found");
    for (const path of weights) await Deno.truncate(path, 100);
    assertRefused(await blade(["evaluate", run]), [".safetensors"]);
  });
});

Deno.test("a run that cannot start says so before it trains, and leaves no folder behind", async (t) => {
  const refuse = async (
    name: string,
    says: readonly string[],
    config: BladeConfigInput,
    args: readonly string[] = [],
    plugin?: string,
  ) => {
    await t.step(name, async () => {
      await using folder = await temporaryFolder();
      const path = `${folder.path}/mine.ts`;
      if (plugin !== undefined) await Deno.writeTextFile(path, plugin);
      const more = plugin === undefined ? [] : ["--plugin", path];
      assertRefused(await train(folder.path, config, [...args, ...more]), says);
      assertEquals(await namesIn(`${folder.path}/run`), []);
    });
  };
  const bare = smallConfig();
  const { items: _items, itemColumns: _columns, ...withoutItems } = bare.data!;
  await refuse("lists longer than the catalog", ["align.cutoff", "40"], bare, ["--set", "align.cutoff=40"]);
  await refuse("an unknown metric in the reward", ['"ndgc"', "did you mean ndcg?"], bare, [
    "--set",
    'reward.terms=[{"metric":"ndgc@3"}]',
  ]);
  await refuse("an unknown metric in the evaluation", ['"recal"', "did you mean recall?"], bare, [
    "--set",
    'evaluate.metrics=["recal@3"]',
  ]);
  await refuse("a metric that needs what the data lack", ["ild", "categories"], {
    ...bare,
    data: withoutItems,
  });
  await refuse(
    "a plugin that needs what the data lack",
    ["mine", "embedding"],
    bare,
    MINE,
    pluginText("return 1;", ["embedding"]),
  );
  await refuse("a plugin that was not loaded", ['"mine"', "--plugin"], bare, MINE);
});

Deno.test("a plugin that fails while it scores stops the run, with its name and the list at fault", async (t) => {
  for (
    const [name, body, says] of [
      ["throws", 'if (calls > 20) throw new Error("no such shelf"); return 1;', ["mine", "no such shelf"]],
      ["returns NaN", "return calls > 20 ? NaN : 1;", ["mine", "NaN"]],
      ["returns infinity", "return calls > 20 ? Infinity : 1;", ["mine", "Infinity"]],
      ["returns a text", 'return calls > 20 ? "good" : 1;', ["mine", "good"]],
      ["returns nothing", "if (calls <= 20) return 1;", ["mine", "undefined"]],
    ] as const
  ) {
    await t.step(`it ${name}`, async () => {
      await using folder = await temporaryFolder();
      await Deno.writeTextFile(`${folder.path}/mine.ts`, pluginText(body));
      assertRefused(
        await train(folder.path, smallConfig(), [...MINE, "--plugin", `${folder.path}/mine.ts`]),
        [...says, "context ", "slate ["],
      );
    });
  }
});

Deno.test("a run that its plugin stopped goes on where it was once the plugin is mended", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/mine.ts`;
  // The prior asks 40 users x 4 slates, so this one fails in the middle of alignment.
  await Deno.writeTextFile(
    path,
    pluginText('if (calls > 200) throw new Error("worn out"); return slate[0] / 24;'),
  );
  assertRefused(await train(folder.path, smallConfig(), [...MINE, "--plugin", path]), ["mine", "worn out"]);
  await Deno.writeTextFile(path, pluginText("return slate[0] / 24;"));
  const { code, err } = await blade(["train", "--resume", `${folder.path}/run`], [
    `--allow-write=${folder.path}`,
  ]);
  assertEquals(code, 0, err);
  assert(!/^sft: \d+ steps/m.test(err), `supervised training was repeated: ${err}`);
  assert((await namesIn(`${folder.path}/run`)).includes("manifest.json"));
});

Deno.test({
  name: "Ctrl-C in the middle saves the state with code 3, and --resume goes on to the end",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    await writeSmallData(folder.path);
    const config = { ...smallConfig(), sft: { epochs: 60, patience: 60, batch: 16 } };
    await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(config));
    const run = `${folder.path}/run`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-P", "--quiet", "--no-prompt", `--allow-write=${folder.path}`, "main.ts", "train"]
        .concat([`${folder.path}/small.jsonc`, "--out", run]),
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const err = new Response(child.stderr).text();
    while (!(await Deno.readTextFile(`${run}/events.jsonl`).catch(() => "")).includes('"step"')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGINT");
    assertEquals((await child.status).code, 3, await err);
    const resumed = await blade(["train", "--resume", run], [`--allow-write=${folder.path}`]);
    assertEquals(resumed.code, 0, resumed.err);
    assert((await namesIn(run)).includes("lists.csv"));
  },
});
