/** Files that change under a run: what it read decides, and what it would read twice must have stayed. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { modelOf } from "../../src/config/assemble.ts";
import { prepareMaterials } from "../../src/config/materials.ts";
import { keptConfig, newRunFolder } from "../../src/config/run_in_folder.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { disposeTree } from "../../src/optimizer/parameter_tree.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { blade } from "../ci/command_line.ts";
import { smallConfig } from "../ci/small_run.ts";
import { configIn, dataFolder, filesOf, run } from "../train/small_runs.ts";

const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  ...UNSANITIZED,
  name:
    "data that are written over, or removed, while the run goes on change nothing: they were read at its start",
  async fn() {
    await using data = await dataFolder();
    const config = configIn(data.path);
    const whole = await run(config, `${data.path}/whole`);
    const ratings = `${data.path}/ratings.csv`, rows = await Deno.readTextFile(ratings);
    const changes = [
      () => Deno.writeTextFileSync(ratings, "user,item,time\nu1,i2,3\n"),
      () => Deno.removeSync(ratings),
    ];
    for (const [at, change] of changes.entries()) {
      await Deno.writeTextFile(ratings, rows);
      const { folder } = await run(config, `${data.path}/${at}`, undefined, ({ stage, step }) => {
        if (stage === "sft" && step === 1) change();
      });
      assertEquals(await filesOf({ folder }), await filesOf(whole));
      assertEquals((await readManifest(folder)).data, (await readManifest(whole.folder)).data);
    }
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "a configuration that is edited after the start changes nothing: the run keeps its own",
  async fn() {
    await using data = await dataFolder();
    const path = `${data.path}/small.jsonc`;
    await Deno.writeTextFile(path, JSON.stringify(smallConfig()));
    const config = configIn(data.path);
    const whole = await run(config, `${data.path}/whole`);
    const folder = await newRunFolder(config, { out: `${data.path}/run`, name: "run" });
    await run(config, folder, { stage: "align", step: 2 });
    await Deno.writeTextFile(path, JSON.stringify({ ...smallConfig(), seed: 9, target: { n: 7 } }));
    const { code, err } = await blade(["train", "--resume", folder], [`--allow-write=${data.path}`]);
    assertEquals(code, 0, err);
    assertEquals(await filesOf({ folder }), await filesOf(whole));
    assertEquals(await keptConfig(folder), config);
  },
});

for (const train of ["all", "adapters"]) {
  Deno.test({
    ...UNSANITIZED,
    name: `a checkpoint that is written to after it was hashed is refused, training ${train}`,
    async fn() {
      await using data = await dataFolder();
      const checkpoint = `${data.path}/model`;
      await Deno.mkdir(checkpoint);
      for (const name of ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]) {
        const from = fromFileUrl(new URL(`../../fixtures/tiny-llm/${name}`, import.meta.url));
        await Deno.copyFile(from, `${checkpoint}/${name}`);
      }
      const weights = `${checkpoint}/model.safetensors`, bytes = await Deno.readFile(weights);
      await Deno.utime(weights, 1000, 1000);
      const config = configIn(data.path, [
        ...[`model.pretrained=${checkpoint}`, "model.codec=text", "model.slate=autoregressive"],
        ...["data.maxHistory=3", `model.train=${train}`, "device=cpu"],
      ]);
      const materials = await prepareMaterials(config);
      await using _registry = materials.registry;
      const started = await (await modelOf(config, materials.plan)).start(randomKey(1));
      disposeTree(started);
      // One weight of the last tensor, of as many bytes as before.
      bytes[bytes.length - 4]! ^= 1;
      await Deno.writeFile(weights, bytes);
      const error = await assertRejects(
        async () => await (await modelOf(config, materials.plan)).start(randomKey(1)),
        Error,
        "model.safetensors: must stay as it was while it is read",
      );
      assert(error.message.includes("To mend: "), error.message);
    },
  });
}
