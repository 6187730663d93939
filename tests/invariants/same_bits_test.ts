/** What a run computes is decided by its configuration and its data: not by process, place, clock, language or engine. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { blade, temporaryFolder } from "../ci/command_line.ts";
import { smallConfig, writeSmallData } from "../ci/small_run.ts";
import { filesOf } from "../train/small_runs.ts";

/** What leaves the widest trace: dropout, a moving anchor, picks with noise, logarithms in the reward, semantic ids. */
const SETTINGS = [
  "model.dropout=0.1",
  "sft.epochs=2",
  "align.epochs=2",
  "align.anchor=ema",
  "target.pooling=2",
  'reward.terms=[{"metric":"ndcg@3"},{"metric":"novelty@3"},{"metric":"entropy@3"}]',
  'evaluate.metrics=["ndcg@3","calibration@3"]',
  'evaluate.systems=["reference","sft-continued","best-of-n","aligned"]',
].flatMap((setting) => ["--set", setting]);
const ELSEWHERE = { TZ: "Pacific/Chatham", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", LANGUAGE: "tr" };

/** Trains what is in `folder`, as a process of its own, and gives what it left. */
async function train(
  folder: string,
  name: string,
  how: {
    readonly settings?: readonly string[];
    readonly flags?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly config?: string;
  },
): Promise<Map<string, Uint8Array>> {
  const { settings = [], flags = [], env = {}, config = `${folder}/small.jsonc` } = how;
  const { code, err } = await blade(
    ["train", config, "--out", `${folder}/${name}`, ...settings],
    [`--allow-write=${folder}`, ...flags],
    env,
  );
  assertEquals(code, 0, err);
  return await filesOf({ folder: `${folder}/${name}` });
}

async function smallFolder(): ReturnType<typeof temporaryFolder> {
  const folder = await temporaryFolder();
  await writeSmallData(folder.path);
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
  return folder;
}

const AUTOREGRESSIVE = ["--set", "model.slate=autoregressive"];
const SEMANTIC = ["codec=semantic", "semantic.levels=2", "semantic.codes=4", "semantic.width=6"]
  .flatMap((setting) => ["--set", `model.${setting}`]);

for (
  const [device, model, set] of [
    ["wasm", "picks that see those before", AUTOREGRESSIVE],
    ["wasm", "semantic ids", [...AUTOREGRESSIVE, ...SEMANTIC]],
    ["cpu", "one ranking", []],
  ] as const
) {
  Deno.test(`on ${device}, with ${model}, another process, place, clock or engine gives the same bits`, async (t) => {
    await using folder = await smallFolder();
    const settings = [...SETTINGS, ...set, "--device", device];
    const first = await train(folder.path, "first", { settings });
    assertEquals([...first.keys()], [
      "align.safetensors",
      "prior.safetensors",
      "sft-continued.safetensors",
      "sft.safetensors",
      "lists.csv",
      "per-user.csv",
    ]);
    const preload = (name: string) => [`--preload=tests/invariants/${name}`];
    const others: Record<string, Parameters<typeof train>[2]> = {
      "another process, time zone and language": { env: ELSEWHERE },
      "an engine whose own functions differ in the last bits": { flags: preload("_other_math.ts") },
      "a clock that is set back and forth": { flags: preload("_other_clock.ts") },
      "code that is not optimised": { flags: ["--v8-flags=--liftoff-only,--max-optimized-bytecode-size=0"] },
    };
    for (const [name, how] of Object.entries(others)) {
      await t.step(name, async () => {
        const folderName = name.split(" ").at(-1)!;
        assertEquals(await train(folder.path, folderName, { settings, ...how }), first);
        const { durationMs } = JSON.parse(
          await Deno.readTextFile(`${folder.path}/${folderName}/manifest.json`),
        );
        assert(durationMs > 0 && durationMs < 3600_000, `the run took ${durationMs} ms`);
      });
    }
  });
}

Deno.test("the other engine of these tests is another one: with the engine's own functions its bits differ", async () => {
  const digits = async (flags: string[]) => {
    const source = "console.log([Math.exp(1.3), Math.log(7), Math.cos(1), Date.now() > 1e12].join())";
    await Deno.writeTextFile(path, source);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--quiet", ...flags, path],
    }).output();
    return new TextDecoder().decode(stdout).trim().split(",");
  };
  const path = await Deno.makeTempFile({ suffix: ".js" });
  const [plain, other] = [await digits([]), await digits(["--preload=tests/invariants/_other_math.ts"])];
  plain.slice(0, 3).forEach((value, at) => {
    assertNotEquals(other[at], value);
    assertEquals(Number(other[at]).toFixed(9), Number(value).toFixed(9));
  });
  await Deno.remove(path);
});

Deno.test("the resolved configuration of a run gives its bits again, with the data in another place", async () => {
  await using here = await smallFolder();
  await using there = await temporaryFolder();
  const first = await train(here.path, "run", { settings: SETTINGS });
  for (const name of ["ratings.csv", "items.csv"]) {
    await Deno.copyFile(`${here.path}/${name}`, `${there.path}/${name}`);
  }
  // Only where the data lie is another.
  const config = `${there.path}/config.json`;
  const resolved = JSON.parse(await Deno.readTextFile(`${here.path}/run/config.resolved.json`));
  assertEquals(resolved.data.folder, here.path);
  await Deno.writeTextFile(config, JSON.stringify({ ...resolved, data: { ...resolved.data, folder: "." } }));
  await Deno.remove(`${here.path}/ratings.csv`);
  assertEquals(await train(there.path, "again", { config }), first);
  const hashesIn = async (run: string) =>
    JSON.parse(await Deno.readTextFile(`${run}/manifest.json`)).data
      .map(({ bytes, sha256 }: { bytes: number; sha256: string }) => ({ bytes, sha256 }));
  assertEquals(await hashesIn(`${there.path}/again`), await hashesIn(`${here.path}/run`));
});
