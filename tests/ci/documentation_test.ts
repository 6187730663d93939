import { assert, assertEquals } from "@std/assert";
import { normalize } from "@std/path";
import { configSchema } from "../../src/config/schema.ts";
import { gaugesOf, gaugeSums } from "../../src/target/gauges.ts";

async function documents(): Promise<string[]> {
  const paths = ["README.md", "CONTRIBUTING.md"];
  for await (const { name } of Deno.readDir("docs")) if (name.endsWith(".md")) paths.push(`docs/${name}`);
  return paths.sort();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("every file that the documentation links to or names exists", async () => {
  const missing: string[] = [];
  let visited = 0;
  for (const document of await documents()) {
    const text = await Deno.readTextFile(document);
    const folder = document.includes("/") ? "docs" : ".";
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => `${folder}/${match[1]}`);
    const named = [...text.matchAll(/`((?:src|plugins|tests|configs|fixtures|\.ci)\/[\w./-]*)`/g)].map((
      match,
    ) => match[1]!);
    const commands = [...text.matchAll(/\b(?:configs|docs\/examples)\/[\w-]+\.(?:jsonc|ts)\b/g)].map((
      match,
    ) => match[0]);
    for (const path of [...links, ...named, ...commands]) {
      visited++;
      if (!await exists(path)) missing.push(`${document}: ${normalize(path)}`);
    }
  }
  assert(visited > 20, `only ${visited} paths were found`);
  assertEquals(missing, []);
});

Deno.test("every task that the documentation names exists", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const named = new Set<string>();
  for (const document of await documents()) {
    const text = await Deno.readTextFile(document);
    for (const match of text.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:-]+)/g)) named.add(match[1]!);
  }
  assert(named.has("demo") && named.has("test"));
  assertEquals([...named].filter((name) => !Object.hasOwn(tasks, name)), []);
});

Deno.test("the README opens with the two commands", async () => {
  const lines = (await Deno.readTextFile("README.md")).split("\n").filter((line) => line !== "");
  assert(lines[2]!.startsWith("npx -y deno@2.9.6 task demo"), lines[2]);
  assert(lines[3]!.startsWith("npx -y deno@2.9.6 task test"), lines[3]);
});

Deno.test("the plugin of the README is the one in docs/examples", async () => {
  const readme = await Deno.readTextFile("README.md");
  const example = await Deno.readTextFile("docs/examples/my_metric.ts");
  const code = (text: string) => text.slice(text.indexOf("export default defineMetric({")).split("\n});")[0];
  assertEquals(code(readme), code(example));
});

Deno.test("the Deno that CI, README and guide name is one version", async () => {
  const versions = new Set<string>();
  for (const path of [".ci/run", ...await documents()]) {
    for (const match of (await Deno.readTextFile(path)).matchAll(/deno@(\d+\.\d+\.\d+)/g)) {
      versions.add(match[1]!);
    }
  }
  assertEquals([...versions], ["2.9.6"]);
});

Deno.test("every configuration key that the documentation names exists", async () => {
  const defaults = configSchema.parse({ plugins: [] });
  const unknown: string[] = [];
  let visited = 0;
  for (const document of await documents()) {
    const text = await Deno.readTextFile(document);
    for (
      const match of text.matchAll(
        /`((?:data|model|sft|reward|target|align|evaluate|checkpoint)\.(?!safetensors`)\w+)[:`]/g,
      )
    ) {
      visited++;
      const [section, key] = match[1]!.split(".") as [string, string];
      if (!Object.hasOwn(Object(Reflect.get(defaults, section)), key)) {
        unknown.push(`${document}: ${match[1]}`);
      }
    }
  }
  assert(visited > 5, `only ${visited} keys were found`);
  assertEquals(unknown, []);
});

Deno.test("docs/method.md defines every gauge of the target", async () => {
  const text = await Deno.readTextFile("docs/method.md");
  const gauges = Object.keys(gaugesOf(gaugeSums()));
  assert(gauges.length >= 5);
  assertEquals(gauges.filter((gauge) => !text.includes(`| \`${gauge}\``)), []);
});
