/** The memory of a run before it starts: from its data and configuration, and refused where it cannot fit. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { checkMemory, fits, memoryLimits } from "../../src/config/check_memory.ts";
import { prepareMaterials } from "../../src/config/materials.ts";
import { loadConfig, parseConfig } from "../../src/config/parse.ts";
import { planRun } from "../../src/config/plan_run.ts";
import { memoryOf, runMemory } from "../../src/config/run_memory.ts";
import { type RunSizes, runSizes } from "../../src/config/run_sizes.ts";
import type { BladeConfigInput } from "../../src/config/schema.ts";
import { tokenCounts, tokensOfItems } from "../../src/config/token_counts.ts";
import { BladeError } from "../../src/core/errors.ts";
import { LORA_TARGETS } from "../../src/model/lora.ts";
import { idCodec } from "../../src/codec/id_codec.ts";
import { inBytes } from "../../src/report/in_bytes.ts";
import { scratchDecoder } from "../../src/train/model.ts";
import { FEW_ITEMS, MANY_ITEMS, tokenCatalog } from "../rollout/token_catalog.ts";
import { configIn, dataFolder, run } from "../train/small_runs.ts";

const GIB = 2 ** 30;
const WASM = memoryLimits("wasm", null);

Deno.test("tokens and decisions of a catalog are counted as the trie has them", () => {
  // [0 1 2] and [0 1 3] decide three times, [0 4] twice, [5 1 2] and [5 6] twice, [7] once: 13 in 6 items.
  const few = tokenCounts(tokenCatalog(FEW_ITEMS), FEW_ITEMS.length, 16);
  assertEquals([few.mean, few.longest, few.few, few.many], [14 / 6, 3, 13 / 6, 0]);
  // 0, 5 and 7 at the root.
  assertEquals([few.fewTokens, few.manyTokens, few.decidedTokens], [3, 0, 8]);
  // 42 items decide among the 22 first tokens, and the 20 that begin with 0 among 20 second ones; two after 21.
  const many = tokenCounts(tokenCatalog(MANY_ITEMS), MANY_ITEMS.length, 16);
  assertEquals([many.many, many.few], [62 / 42, 2 / 42]);
});

Deno.test("some items together are as long as the mean and three deviations, and never longer than the longest", () => {
  const counts = tokenCounts(tokenCatalog(FEW_ITEMS), FEW_ITEMS.length, 16);
  assertEquals(tokensOfItems(counts, 1), 3);
  const { mean, deviation } = counts;
  assertEquals(tokensOfItems(counts, 100), Math.ceil(100 * mean + 30 * deviation));
});

Deno.test("sizes are those of the data, histories cut at data.maxHistory", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const sizes = runSizes(config, materials);
  const longest = Math.max(...materials.align.contexts.map(({ history }) => history.length));
  assertEquals([sizes.align.prompt, sizes.align.count, sizes.tokens], [
    1 + longest,
    materials.align.contexts.length,
    null,
  ]);
  const short = { ...config, data: { ...config.data, maxHistory: 2 } };
  assertEquals(runSizes(short, materials).align.prompt, 3);
  assertEquals(runSizes(short, materials).sft.history, 3);
});

Deno.test("the plan of a run tells the same memory as its estimate, and in which moment", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const { totalBytes, moment, parts } = runMemory(config, materials);
  assertEquals(parts.reduce((sum, { bytes }) => sum + bytes, 0), totalBytes);
  const { sections } = await planRun(config);
  const rows = sections.flatMap(({ rows }) => [...rows]);
  assertEquals(
    rows.find(([name]) => name === "memory")![1],
    `about ${inBytes(totalBytes)} on the device, in ${moment}`,
  );
});

/** Sizes of a data set that is not here, one token an item. */
function sizesOf(items: number, users: number, history: number): RunSizes {
  const contexts = { count: users, prompt: 1 + history };
  return {
    ...{ items, tokens: null, closing: 0, listLength: 10 },
    sft: { count: users, history: 1 + history, targets: history + 1 },
    heldOut: { count: users, history: 1 + history, targets: 1 },
    ...{ align: contexts, validation: contexts, test: contexts },
  };
}

for (
  const [name, items, history] of [["steam", 13_000, 50], ["ml-1m", 3700, 200]] as const
) {
  Deno.test(`configs/${name}.jsonc fits on wasm with ${items} items`, async () => {
    const config = await loadConfig(new URL(`../../configs/${name}.jsonc`, import.meta.url).pathname);
    const decoder = scratchDecoder(config.model, idCodec(items));
    for (const slate of ["plackett-luce", "autoregressive"] as const) {
      const memory = memoryOf(
        { ...config, model: { ...config.model, slate } },
        { ...decoder, marksPicks: slate === "autoregressive" },
        sizesOf(items, 20_000, history),
      );
      assert(memory.totalBytes < GIB, `${slate}: ${inBytes(memory.totalBytes)} in ${memory.moment}`);
    }
  });
}

Deno.test("a run that does not fit is refused with what would help, in order, and what that leaves", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["sft.batch=64", "align.batch=64"]);
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const { totalBytes } = runMemory(config, materials);
  checkMemory(config, materials, "wasm", { totalBytes, tensorBytes: null });
  const refused = assertThrows(
    () =>
      checkMemory(config, materials, "wasm", { totalBytes: Math.floor(totalBytes / 2), tensorBytes: null }),
    BladeError,
    "must fit in",
  );
  assertEquals(refused.refusal.place, "device wasm");
  assertStringIncludes(String(refused.refusal.value), `about ${inBytes(totalBytes)} in `);
  assertMatch(
    refused.refusal.mend,
    /^set sft\.microBatch to \d+ and align\.microBatch to \d+ \(about [\d.]+ [kM]iB\); .*a GPU: --device webgpu$/,
  );
});

Deno.test("a run too large for wasm is refused before its weights are there", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["device=wasm", "model.width=8192", "model.hidden=65536"]);
  const folder = `${data.path}/run`;
  const refused = await assertRejects(() => run(config, folder), BladeError, "must fit in the 4 GiB");
  assertStringIncludes(refused.refusal.mend, "a GPU: --device webgpu");
});

/** A model of 0.5 billion weights as they are in Qwen2.5-0.5B, and titles of 8 tokens. */
function largeModel(set: BladeConfigInput) {
  const { model = {}, ...rest } = set;
  const parsed = parseConfig(JSON.stringify({ align: { batch: 16, groupSize: 4 }, ...rest, model }), {
    path: "/large.jsonc",
  });
  const config = { ...parsed, model: { ...parsed.model, pretrained: "none", codec: "text" as const } };
  const lora = { rank: 16, alpha: 32, dropout: 0.05, targets: LORA_TARGETS };
  const decoder = {
    ...scratchDecoder(
      { ...config.model, layers: 24, width: 896, heads: 14, kvHeads: 2, hidden: 4864 },
      idCodec(1),
    ),
    ...{ vocabulary: 151_936, lora, qkvBias: true, marksPicks: false, recompute: config.model.recompute },
  };
  const tokens = {
    ...{ mean: 8, deviation: 3, longest: 30, few: 2, many: 2, fewTokens: 16 },
    ...{ manyTokens: 2000, decidedTokens: 3000 },
  };
  return memoryOf(config, decoder, { ...sizesOf(5000, 5000, 0), tokens, closing: 10, ...promptOf(300) });
}

function promptOf(prompt: number): Pick<RunSizes, "sft" | "align" | "validation" | "test"> {
  const contexts = { count: 5000, prompt };
  return {
    sft: { count: 5000, history: prompt, targets: 30 },
    ...{ align: contexts, validation: contexts, test: contexts },
  };
}

Deno.test("computing again takes most of the memory of a large model's steps away, and lists are ranked in passes that fit", () => {
  const plain = largeModel({});
  const again = largeModel({ model: { recompute: true } });
  assert(
    plain.totalBytes > 5 * again.totalBytes,
    `${inBytes(plain.totalBytes)} ${inBytes(again.totalBytes)}`,
  );
  assertEquals([plain.moment, again.moment], ["a step of sft", "a step of sft"]);
  assert(!fits(plain, WASM));
});

Deno.test("on webgpu a tensor larger than a binding is refused by its name", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const adapter = { maxBufferSize: 4096, maxStorageBufferBindingSize: 2048 };
  const limits = memoryLimits("webgpu", adapter);
  assertEquals(limits, { totalBytes: null, tensorBytes: 2048 });
  const refused = assertThrows(
    () => checkMemory(config, materials, "webgpu", limits),
    BladeError,
    "a tensor",
  );
  const { largest, largestTensorBytes } = runMemory(config, materials);
  assertEquals(refused.refusal.value, `${largest}, ${inBytes(largestTensorBytes)}`);
  assert(!refused.refusal.mend.includes("a GPU"));
  assertEquals(memoryLimits("cpu", null), { totalBytes: null, tensorBytes: null });
  assertEquals(memoryLimits("native", null).totalBytes, 4 * GIB);
});
