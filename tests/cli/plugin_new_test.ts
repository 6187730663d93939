import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { blade } from "../ci/command_line.ts";
import { ran, temporaryFolder } from "./_io.ts";

/** Runs Deno itself, in a folder. */
async function deno(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    stdin: "null",
  })
    .output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, said);
  return said;
}

/** Runs the lines of a new plugin's README, but for the last, which needs a finished run. */
async function runReadme(folder: string): Promise<void> {
  const readme = await Deno.readTextFile(`${folder}/README.md`);
  const lines = /```sh\n(.*?)```/s.exec(readme)![1]!.replaceAll("\\\n", "").trim().split("\n");
  assertEquals(lines.length, 5);
  for (const line of lines.slice(0, 4)) {
    const dry = line.includes(" train ") ? `${line} --dry-run` : line;
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", dry.replace(/^deno/, Deno.execPath())],
      cwd: PROJECT,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, `${dry}\n${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`);
  }
}

const PROJECT = new URL("../../", import.meta.url).pathname;

for (const [kind, tests] of [["list", 3], ["population", 2]] as const) {
  Deno.test(`plugin new --kind ${kind} makes a plugin outside the project that passes its tests and every check`, async () => {
    await using folder = await temporaryFolder();
    const out = `${folder.path}/my metrics`;
    const made = await ran(["plugin", "new", "rarity", "--kind", kind, "--out", out]);
    assertEquals([made.code, made.err], [0, ""]);
    const names = (await Array.fromAsync(Deno.readDir(out))).map(({ name }) => name).sort();
    assertEquals(names, ["README.md", "deno.json", "rarity.ts", "rarity_test.ts"]);
    assertStringIncludes(await deno(["test", "--no-lock"], out), `${tests} passed | 0 failed`);
    assertStringIncludes(await deno(["test", "--no-lock", out], PROJECT), `${tests} passed | 0 failed`);
    await deno(["check", "--no-lock", "rarity.ts"], out);
    await deno([
      "fmt",
      "--check",
      "--config",
      `${PROJECT}/deno.json`,
      "rarity.ts",
      "rarity_test.ts",
      "README.md",
    ], out);
    await deno(["lint"], out);
    const { code, out: report } = await ran(["plugin", "check", `${out}/rarity.ts@10`, "--isolate", "never"]);
    assertEquals(code, 0, report);
    assert(!/FAIL|warning/.test(report), report);
    assertStringIncludes(report, "Verdict: can be trained with.");
    await runReadme(out);
  });
}

Deno.test("plugin new makes a plugin inside the project that needs no deno.json, and its README's lines work", async () => {
  await Deno.mkdir(`${PROJECT}coverage`, { recursive: true }); // which git ignores
  const out = await Deno.makeTempDir({ dir: `${PROJECT}coverage`, prefix: "plugin-new-" });
  try {
    const folder = out.slice(PROJECT.length);
    const made = await blade(["plugin", "new", "rarity", "--out", folder], [
      `--allow-write=./runs,${folder}`,
    ]);
    assertEquals([made.code, made.err.trim()], [0, ""]);
    const names = (await Array.fromAsync(Deno.readDir(out))).map(({ name }) => name).sort();
    assertEquals(names, ["README.md", "rarity.ts", "rarity_test.ts"]);
    await runReadme(out);
  } finally {
    await Deno.remove(out, { recursive: true });
    await Deno.remove(`${PROJECT}coverage`).catch(() => {}); // unless a report is in it
  }
});

Deno.test("plugin new overwrites nothing, and adds a second plugin to a folder", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/deno.json`, '{ "imports": {} }');
  await Deno.writeTextFile(`${folder.path}/b_test.ts`, "mine");
  const first = await ran(["plugin", "new", "a", "--out", folder.path]);
  assertEquals(first.code, 0);
  assertMatch(first.err, /deno\.json was there and stays as it is: add "blade": "file:.*plugin_api\.ts"/);
  assertEquals(await Deno.readTextFile(`${folder.path}/deno.json`), '{ "imports": {} }');
  const before = await Deno.readTextFile(`${folder.path}/a.ts`);
  for (const [name, file] of [["a", "a.ts"], ["b", "b_test.ts"]] as const) {
    const again = await ran(["plugin", "new", name, "--kind", "population", "--out", folder.path]);
    assertEquals([again.code, again.out], [2, ""]);
    assertStringIncludes(again.err, `${file}: must not be there yet: nothing is overwritten`);
  }
  assertEquals(await Deno.readTextFile(`${folder.path}/a.ts`), before);
  assertEquals(await Deno.readTextFile(`${folder.path}/b_test.ts`), "mine");
  const names = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name).sort();
  assertEquals(names, ["README.md", "a.ts", "a_test.ts", "b_test.ts", "deno.json"]);
  const second = await ran(["plugin", "new", "c", "--out", folder.path]);
  assertEquals(second.code, 0);
  assertStringIncludes(second.out, "main.ts metrics show"); // the first one's README stays, so the lines are printed
  assertMatch(await Deno.readTextFile(`${folder.path}/README.md`), /^# a\n/);
});

Deno.test("plugin new refuses names that are no metric's, a file of tests', or taken", async () => {
  for (
    const [name, says] of [
      ["../up", "must be letters, digits and dashes"],
      ["7up", "must be letters, digits and dashes"],
      ["a b", "must be letters, digits and dashes"],
      ["x".repeat(65), "at most 64"],
      ["mine_test", "must not end as a file of tests does"],
      ["ndcg", "must not be that of a built-in metric"],
    ] as const
  ) {
    const { code, out, err } = await ran(["plugin", "new", name, "--out", "runs/never-made"]);
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, says);
  }
  const inRuns = await ran(["plugin", "new", "mine", "--out", "runs/mine"]);
  assertEquals(inRuns.code, 2);
  assertStringIncludes(inRuns.err, "runs/mine: must not be in runs");
  const kind = await ran(["plugin", "new", "mine", "--kind", "slate"]);
  assertEquals(kind.code, 2);
  assertStringIncludes(kind.err, '--kind: must be list or population, got "slate"');
});

Deno.test("plugin new names the flag that lets it write elsewhere", async () => {
  const { code, err } = await blade(["plugin", "new", "mine", "--out", "../elsewhere"]);
  assertEquals(code, 2);
  assertStringIncludes(
    err,
    "deno run -P --allow-write=./runs,../elsewhere main.ts plugin new mine --out ../elsewhere",
  );
  const { err: usual } = await blade(["plugin", "new", "mine"]);
  assertStringIncludes(usual, "deno run -P --allow-write=./runs,plugins-local main.ts plugin new mine");
});
