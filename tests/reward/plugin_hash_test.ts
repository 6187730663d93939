import { assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { pluginFile } from "../../src/reward/plugin_file.ts";
import { pluginHash } from "../../src/reward/plugin_hash.ts";
import { hashOfBytes } from "../../src/reward/isolate/pinned.ts";

const hash = (text: string) => hashOfBytes(new TextEncoder().encode(text));

Deno.test("the hash of a plugin is that of a list of its files by name, each once, whoever imports it and in a circle", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const texts: Record<string, string> = {
      "plugin.ts": 'import "./z.ts"; import "./in/a.ts"; export default 1;',
      "z.ts": 'import "./in/a.ts";',
      "in/a.ts": 'import "../z.ts";',
    };
    await Deno.mkdir(`${folder}/in`);
    for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const lines = await Promise.all(
      ["in/a.ts", "plugin.ts", "z.ts"].map(async (name) => `${await hash(texts[name]!)}  ${name}\n`),
    );
    assertEquals(await pluginHash(toFileUrl(`${folder}/plugin.ts`)), await hash(lines.join("")));
    await Deno.remove(`${folder}/z.ts`);
    await assertRejects(() => pluginHash(toFileUrl(`${folder}/plugin.ts`)), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a specifier leads to a file: of the program, by its address, or by a path against the working folder", () => {
  assertEquals(pluginFile("blade:ndcg")?.href, import.meta.resolve("../../plugins/ndcg.ts"));
  assertEquals(pluginFile("file:///a/b.ts")?.href, "file:///a/b.ts");
  assertEquals(pluginFile("./blade:x/b.ts")?.href, toFileUrl(`${Deno.cwd()}/blade:x/b.ts`).href);
  assertEquals(pluginFile("a.ts")?.href, toFileUrl(`${Deno.cwd()}/a.ts`).href);
  for (const remote of ["npm:a@1.0.0", "https://a.example/b.ts", "jsr:@a/b"]) {
    assertEquals(pluginFile(remote), null);
  }
});
