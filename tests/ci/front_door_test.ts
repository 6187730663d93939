import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { blade } from "./command_line.ts";
import { loadedAtStart } from "./module_graph.ts";

Deno.test("the program loads neither tensors nor the schema library before it knows its command", async () => {
  const loaded = await loadedAtStart("main.ts");
  assert(loaded.some((name) => name.endsWith("src/cli/train.ts")), "the commands are loaded");
  assertEquals(
    loaded.filter((name) => /tfjs|tensorflow|zod|src\/(?:device|model|rollout|train)\//.test(name)),
    [],
  );
});

Deno.test("--help of every command says how to use it and gives an example, and exits with 0", async (t) => {
  assert(COMMANDS.length >= 8, `only ${COMMANDS.length} commands`);
  for (const { name, summary, examples } of COMMANDS) {
    await t.step(name, async () => {
      const { code, out, err } = await blade([...name.split(" "), "--help"]);
      assertEquals([code, err.trim()], [0, ""]);
      assertStringIncludes(out, `Usage: blade ${name}`);
      assertStringIncludes(out, summary);
      assertStringIncludes(out, examples[0]!.line);
    });
  }
});

Deno.test("--help of the program lists every command", async () => {
  const { code, out } = await blade(["--help"]);
  assertEquals(code, 0);
  for (const { name } of COMMANDS) assertMatch(out, new RegExp(`^ +${name}\\b`, "m"));
});

Deno.test("--version prints the version of deno.json", async () => {
  const { code, out } = await blade(["--version"]);
  assertEquals([code, out.trim()], [0, JSON.parse(await Deno.readTextFile("deno.json")).version]);
});

Deno.test("the strict permission set is enough to ask what there is", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=ci", "--quiet", "--no-prompt", "main.ts", "metrics", "list"],
  }).output();
  assertEquals(code, 0);
  assertStringIncludes(new TextDecoder().decode(stdout), "ndcg");
});
