/** The scripts that docs/results.md names. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { lateItems } from "../../docs/scripts/late_items.ts";
import { randomCheckpoint } from "../../docs/scripts/random_checkpoint.ts";
import { sameBits } from "../../docs/scripts/same_bits.ts";
import { loadPretrained } from "../../src/config/load_pretrained.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { blade, temporaryFolder } from "./command_line.ts";
import { smallConfig, writeSmallData } from "./small_run.ts";

Deno.test("late_items.ts parts the users of a run by their next item, and forgets none", async () => {
  await using folder = await temporaryFolder();
  await writeSmallData(folder.path);
  // Ten more users whose last item but two is one that hardly anybody had before.
  const rows = Array.from(
    { length: 10 },
    (_, user) =>
      ["i0", "i1", "i2", "i23", `i${3 + user}`, "i23"].filter((_, at) => at !== 5 || user < 5)
        .map((item, step) => `late${user},${item},${1e5 + step}`),
  ).flat();
  const ratings = `${folder.path}/ratings.csv`;
  await Deno.writeTextFile(ratings, await Deno.readTextFile(ratings) + rows.join("\n") + "\n");
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
  const out = `${folder.path}/run`;
  const trained = await blade(["train", `${folder.path}/small.jsonc`, "--out", out], [
    `--allow-write=${folder.path}`,
  ]);
  assertEquals(trained.code, 0, trained.err);
  const { share, rows: found } = await lateItems(out, "ndcg@3");
  assert(share > 0 && share < 1, `${share}`);
  const { results } = await readManifest(out);
  for (const { system, late, others } of found) {
    const mean = results.find((result) => result.system === system && result.metric === "ndcg@3")!.mean!;
    assertAlmostEquals(share * late! + (1 - share) * others!, mean, 1e-12);
  }
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "--quiet", "docs/scripts/late_items.ts"],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 2);
  assertStringIncludes(new TextDecoder().decode(stderr), "late_items: must be given a run folder");
});

Deno.test({
  name: "random_checkpoint.ts writes a model of the shape that was asked for, with the tokenizer given",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using folder = await temporaryFolder();
    const tokenizer = `${Deno.cwd()}/fixtures/tiny-llm`;
    const shape = { layers: 1, width: 8, heads: 2, kvHeads: 1, hidden: 6, vocabulary: 1024 };
    const weights = await randomCheckpoint(`${folder.path}/model`, tokenizer, shape);
    assertEquals(weights, 1024 * 8 + 8 * 16 + 8 * 8 + 8 * 12 + 6 * 8 + 3 * 8);
    using model = await loadPretrained(`${folder.path}/model`, { device: "wasm" });
    assertEquals((await model.logits([[1, 2]])).length, 2 * 1024);
    assertEquals(
      await Deno.readTextFile(`${folder.path}/model/tokenizer.json`),
      await Deno.readTextFile(`${tokenizer}/tokenizer.json`),
    );
  },
});

Deno.test("same_bits.ts finds what another Deno computes alike, and what it does not", async () => {
  await using folder = await temporaryFolder();
  await writeSmallData(folder.path);
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
  const here = [Deno.execPath()], config = `${folder.path}/small.jsonc`;
  // A Deno that takes another seed, whatever it is told.
  const other = `${folder.path}/deno`;
  await Deno.writeTextFile(other, `#!/bin/sh\nexec "${Deno.execPath()}" "$@" --seed 2\n`, { mode: 0o755 });
  const names = ["align", "prior", "sft"].map((stage) => `checkpoints/${stage}.safetensors`);
  const files = await sameBits([here, here, [other]], [config]);
  assertEquals(files.map(({ name }) => name), [...names, "lists.csv", "per-user.csv"]);
  for (const { name, hashes: [one, again, another] } of files) {
    assert(/^[0-9a-f]{64}$/.test(one!), name);
    assertEquals(again, one);
    if (name.endsWith(".safetensors")) assert(another !== one, name);
  }
});
