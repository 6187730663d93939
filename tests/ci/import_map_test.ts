import { assert, assertEquals } from "@std/assert";

async function importsOf(path: string): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile(path)).imports;
}

Deno.test("imports.jsr.json names what deno.json names, with the standard library from JSR", async () => {
  const [npm, jsr] = await Promise.all([importsOf("deno.json"), importsOf("imports.jsr.json")]);
  const expected = Object.fromEntries(
    Object.entries(npm).map(([name, target]) => {
      const standard = /^(@std\/[\w-]+)(\/.+)?$/.exec(name);
      return [name, standard ? `jsr:${standard[1]}@^1${standard[2] ?? ""}` : target];
    }),
  );
  assertEquals(jsr, expected);
});

Deno.test("deno.json pins every npm package to one exact version", async () => {
  const packages = Object.values(await importsOf("deno.json")).filter((target) => target.startsWith("npm:"));
  assert(packages.length > 0);
  assertEquals(
    packages.filter((target) => !/^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.-]*(?:\/.*)?$/.test(target)),
    [],
  );
});

Deno.test("every file that the import map points to exists", async () => {
  const paths = Object.values(await importsOf("deno.json")).filter((target) => target.startsWith("./"));
  assert(paths.length > 0);
  for (const path of paths) assert((await Deno.stat(path)).isFile, path);
});

Deno.test("what a shim of the standard library declares, the package behind it has", async () => {
  let visited = 0;
  for await (const { name } of Deno.readDir("src/std")) {
    if (!name.endsWith(".d.ts")) continue;
    visited++;
    const declared = [...(await Deno.readTextFile(`src/std/${name}`))
      .matchAll(/^export (?:declare )?(?:async )?(?:function|class|const) (\w+)/gm)].map((match) =>
        match[1]!
      );
    assert(declared.length > 0, `${name} declares nothing`);
    const actual: Record<string, unknown> = await import(`../../src/std/${name.replace(".d.ts", ".js")}`);
    assertEquals(declared.filter((symbol) => !(symbol in actual)), [], name);
  }
  assert(visited >= 8, `only ${visited} shims were visited`);
});
