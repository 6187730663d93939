import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertRefused, blade, temporaryFolder } from "../ci/command_line.ts";
import { smallConfig, writeSmallData } from "../ci/small_run.ts";

Deno.test("blade verify: 0 for the same, 1 with the first difference, 2 for what cannot be", async (t) => {
  await using folder = await temporaryFolder();
  const write = [`--allow-write=${folder.path}`];
  const name = `small-${crypto.randomUUID()}`;
  const run = `${folder.path}/${name}`;
  const verify = (...args: string[]) =>
    blade(["verify", run, "--out", `${folder.path}/${crypto.randomUUID()}`, ...args], write);
  await writeSmallData(folder.path);
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
  const trained = await blade(["train", `${folder.path}/small.jsonc`, "--out", run], write);
  assertEquals(trained.code, 0, trained.err);

  await t.step("the same", async () => {
    const { code, out, err } = await verify();
    assertEquals(code, 0, err);
    assertMatch(out, /^ +\d+ steps +the same$/m);
    assertMatch(out, /: the same, bit for bit \(wasm gives the same bits anywhere\)\n$/);
  });
  await t.step("the same, as JSON and nothing else on stdout", async () => {
    const { code, out } = await verify("--steps", "2", "--json");
    const { verdict, by, differences, changed, compared } = JSON.parse(out);
    assertEquals([code, verdict, by, differences, changed], [0, "same", "bits", [], []]);
    assertEquals(compared.find(({ what }: { what: string }) => what === "steps of sft").count, 2);
  });
  await t.step("against itself", async () => {
    assertEquals((await blade(["verify", run, "--against", run])).code, 0);
  });
  await t.step("the repetition is gone where it is the same, unless a folder was asked for", async () => {
    const { code, err } = await blade(["verify", run, "--steps", "1", "--keep"]);
    assertEquals(code, 0, err);
    assertEquals((await blade(["verify", run, "--steps", "1"])).code, 0);
    const left = await Array.fromAsync(Deno.readDir("runs"), ({ name }) => name);
    const kept = left.filter((other) => other.startsWith(`${name}-verify-`));
    for (const folder of kept) await Deno.remove(`runs/${folder}`, { recursive: true });
    assertEquals(kept.length, 1);
  });
  await t.step("what cannot be asked", async () => {
    assertRefused(await verify("--device", "gpu"), ["--device gpu", "must be one of webgpu"]);
    assertRefused(await blade(["verify", run, "--against", run, "--steps", "3"]), ["--steps", "--against"]);
    assertRefused(await verify("--steps", "0"), ["--steps", "must be"]);
    assertRefused(await blade(["verify", `${folder.path}/nowhere`]), [
      "must be the folder of a finished run",
    ]);
    assertRefused(await blade(["verify"]), ["RUN"]);
  });
  await t.step("different: a row more", async () => {
    await Deno.writeTextFile(`${folder.path}/ratings.csv`, "u1,i3,999\n", { append: true });
    const { code, out } = await verify();
    assertEquals(code, 1);
    assertStringIncludes(out, `First difference: ${folder.path}/ratings.csv\n  recorded  SHA-256 `);
    assertMatch(out, /: different \(what the run read is not what is there now: nothing was repeated\)\n$/);
  });
});
