/** Whole runs of a language model over titles, with the tiny one of the fixtures. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readTokenizer } from "../../src/codec/tokenizer.ts";
import { exportRun } from "../../src/config/export_run.ts";
import { loadPretrained } from "../../src/config/load_pretrained.ts";
import { openTrained } from "../../src/config/open_trained.ts";
import { openRun } from "../../src/config/open_run.ts";
import type { DecoderConfig } from "../../src/model/config.ts";
import { logitsOf } from "../../src/model/logits.ts";
import { mergedParameter } from "../../src/model/merge.ts";
import { parameterShapes } from "../../src/model/parameters.ts";
import { decodeSafetensors } from "../../src/model/safetensors.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { within } from "../../src/train/checkpoint.ts";
import { checkpointsOf, configIn, dataFolder, type Run, run } from "./small_runs.ts";

const TINY = fromFileUrl(new URL("../../fixtures/tiny-llm", import.meta.url));

const TITLES = [
  "device=wasm",
  `model.pretrained=${TINY}`,
  "model.codec=text",
  "model.slate=autoregressive",
  "data.maxHistory=3",
  "sft.epochs=2",
  "align.epochs=2",
  "align.batch=16",
  "target.priorSlates=4",
  'evaluate.systems=["reference","sft-continued","aligned"]',
];

function longTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

longTest(
  "a run over titles with adapters on 16 bits shows valid lists, and goes on where it stopped",
  async () => {
    await using data = await dataFolder();
    const config = configIn(data.path, [
      ...TITLES,
      "model.precision=half",
      "model.recompute=true",
      "sft.microBatch=5",
      "align.microBatch=7",
      "model.lora.rank=4",
      "sft.learningRate=0.01",
      "checkpoint.everySteps=2",
    ]);
    const whole = await run(config, `${data.path}/whole`);
    assert(whole.outcome !== null);
    const { dataset } = await openRun(`${data.path}/whole`);
    assert(dataset.users.length > 0);
    await checkLists(`${data.path}/whole`);
    const files = (await readManifest(`${data.path}/whole`)).data.map(({ path }) => path);
    assert(files.some((path) => path.endsWith("tiny-llm/model.safetensors")), `${files}`);
    const names = [...(await weightsOf(whole, "align")).keys()];
    assert(names.length > 0 && names.every((name) => name.includes(".lora")), `${names}`);
    for (const [stage, step] of [["sft", 1], ["align", 1]] as const) {
      const folder = `${data.path}/${stage}`;
      assertEquals((await run(config, folder, { stage, step })).outcome, null);
      assertEquals(await checkpointsOf(await run(config, folder)), await checkpointsOf(whole));
    }
  },
);

/** The weights that a stage left. */
async function weightsOf(done: Run, stage: string) {
  const bytes = (await checkpointsOf(done)).get(`${stage}.safetensors`)!;
  return within("parameters", decodeSafetensors(bytes, stage).tensors);
}

/** Every list is of as many different items as it has places, none of them seen. */
async function checkLists(folder: string): Promise<void> {
  const { config, materials: { split, listLength, dataset } } = await openTrained(folder);
  const rows = (await Deno.readTextFile(`${folder}/lists.csv`)).trim().split("\n").slice(1).map((line) =>
    line.split(",")
  );
  assert(listLength >= config.align.cutoff);
  const byUser = Map.groupBy(rows, ([user]) => user!);
  for (const { user, seen } of split.test.contexts) {
    const items = byUser.get(dataset.users[user]!)!.map(([, item]) => dataset.catalog.ids.indexOf(item!));
    assertEquals(items.length, listLength);
    assertEquals(new Set(items).size, listLength);
    assert(items.every((item) => item >= 0 && !seen.has(item)), `${items} of ${[...seen]}`);
  }
}

longTest("an exported model has the logits of the trained one, to the bit", async (t) => {
  await using data = await dataFolder();
  const text = [[5, 9, 300, 7, 1000]];
  for (const train of ["adapters", "all"]) {
    await t.step(train, async () => {
      const folder = `${data.path}/${train}`;
      await run(configIn(data.path, [...TITLES, `model.train=${train}`, "sft.learningRate=0.01"]), folder);
      await exportRun(folder, { kind: "merged", folder: `${folder}-merged`, format: "f32" });
      const { model, parameters } = await openTrained(folder);
      const whole = { ...model.policy.frozen, ...parameters };
      const plain: DecoderConfig = { ...model.config, lora: null };
      const merged = Object.fromEntries(
        [...parameterShapes(plain).keys()].map((name) => [name, mergedParameter(model.config, whole, name)]),
      );
      const expected = await logitsOf(plain, merged, text);
      const trained = await logitsOf(model.config, whole, text);
      tf.dispose([whole, merged]);
      using reloaded = await loadPretrained(`${folder}-merged`, { device: "wasm" });
      assertEquals(await reloaded.logits(text), expected);
      trained.forEach((value, i) => assert(Math.abs(value - expected[i]!) < 1e-3, `${value} ${expected[i]}`));
      using base = await loadPretrained(TINY, { device: "wasm" });
      const before = await base.logits(text);
      assert(before.some((value, i) => Math.abs(value - expected[i]!) > 1e-2), "training changed nothing");
      await assertRejects(
        () => exportRun(folder, { kind: "merged", folder: `${folder}-merged`, format: "f32" }),
        Error,
        "must not exist yet",
      );
    });
  }
});

longTest("a run that starts from exported adapters has them as its reference", async () => {
  await using data = await dataFolder();
  const first = `${data.path}/first`;
  const config = configIn(data.path, [...TITLES, "model.lora.rank=3", "sft.learningRate=0.01"]);
  const done = await run(config, first);
  await exportRun(first, { kind: "adapter", folder: `${data.path}/adapter`, format: "f32" });
  const again = configIn(data.path, [
    ...TITLES,
    `model.lora.from=${data.path}/adapter`,
    "sft.epochs=0",
    "align.epochs=1",
  ]);
  const second = await run(again, `${data.path}/second`);
  const reference = await weightsOf(second, "sft");
  assertEquals(reference.size, 2 * 2 * 7);
  assertEquals(reference, await weightsOf(done, "align"));
});

longTest("a run over semantic ids from scratch shows valid lists, and goes on where it stopped", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, [
    "device=wasm",
    "model.codec=semantic",
    "model.slate=autoregressive",
    "model.semantic.levels=2",
    "model.semantic.codes=5",
    "model.semantic.width=4",
    "model.dropout=0.1",
    "sft.epochs=2",
    "checkpoint.everySteps=2",
  ]);
  const whole = await run(config, `${data.path}/whole`);
  await checkLists(`${data.path}/whole`);
  await run(config, `${data.path}/stopped`, { stage: "align", step: 2 });
  assertEquals(await checkpointsOf(await run(config, `${data.path}/stopped`)), await checkpointsOf(whole));
});

longTest(
  "semantic ids behind a language model train their own rows, and go along when it is exported",
  async () => {
    await using data = await dataFolder();
    const folder = `${data.path}/run`;
    const config = configIn(data.path, [
      ...TITLES,
      "model.codec=semantic",
      "model.semantic.from=titles",
      "model.semantic.levels=2",
      "model.semantic.codes=4",
      "model.precision=half",
      "sft.epochs=1",
      "align.epochs=1",
    ]);
    const done = await run(config, folder);
    await checkLists(folder);
    const added = (await weightsOf(done, "align")).get("embeddingAdded")!;
    await exportRun(folder, { kind: "merged", folder: `${folder}-merged`, format: "f32" });
    await exportRun(folder, { kind: "adapter", folder: `${folder}-adapter`, format: "f32" });
    const { model, parameters, materials: { plan } } = await openTrained(folder);
    assertEquals(added.shape, [plan.addedTokens.length, 64]);
    const vocabulary = 1024 + plan.addedTokens.length;
    const text = [[5, 1024, vocabulary - 1, 7]];
    const trained = await logitsOf(model.config, { ...model.policy.frozen, ...parameters }, text);
    tf.dispose([model.policy.frozen, parameters]);
    using reloaded = await loadPretrained(`${folder}-merged`, { device: "wasm" });
    assertEquals(reloaded.config.decoder.vocabulary, vocabulary);
    (await reloaded.logits(text)).forEach((value, i) => assert(Math.abs(value - trained[i]!) < 1e-3));
    const tokenizer = await readTokenizer(`${folder}-merged`);
    assertEquals(tokenizer.encode("<a_0>"), [1024]);
    assertEquals(tokenizer.decode([vocabulary - 1]), plan.addedTokens.at(-1)!);
    const again = configIn(data.path, [
      ...TITLES,
      "model.codec=semantic",
      "model.semantic.from=titles",
      "model.semantic.levels=2",
      "model.semantic.codes=4",
      `model.lora.from=${folder}-adapter`,
      "sft.epochs=0",
      "align.epochs=0",
    ]);
    const second = await run(again, `${data.path}/second`);
    assertEquals((await weightsOf(second, "sft")).get("embeddingAdded"), added);
  },
);
