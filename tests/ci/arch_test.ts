import { assertEquals } from "@std/assert";
import { checkImports, LAYERS, TENSOR_FOLDERS } from "../../.ci/arch.ts";
import { checkTexts, longFiles } from "../../.ci/house_rules.ts";
import { findImports } from "../../.ci/imports.ts";
import { readTree } from "../../.ci/tree.ts";

const ALIASES = new Map([["blade", "src/reward/plugin_api.ts"], ["@tensorflow/tfjs", "src/device/tfjs.ts"]]);

function rulesBroken(sources: Record<string, string>): string[] {
  const files = Object.entries(sources).map(([path, text]) => ({ path, text }));
  return checkImports(files, ALIASES).map(({ path, line, rule }) => `${path}:${line}: ${rule}`);
}

Deno.test("findImports() sees every way to import, over several lines too, and no comment", () => {
  const source = [
    'import a from "./a.ts";',
    "import {",
    "  b,",
    "  type c,",
    '} from "./b.ts";',
    'import type { D } from "./d.ts";',
    'import "./effect.ts";',
    'import * as e from "./e.ts";',
    'export * from "./f.ts";',
    'export { g } from "./g.ts";',
    'export type { H } from "./h.ts";',
    "/**",
    ' * import { no } from "./no.ts";',
    ' * await import("./no.ts")',
    " */",
    '// import { no } from "./no.ts";',
    'const later = await import("./later.ts");',
    'export const word = "from ./no.ts";',
    'type Lazy = typeof import("./lazy.ts");',
  ].join("\n");
  assertEquals(
    findImports(source).map(({ specifier, line, typeOnly }) =>
      `${line} ${specifier}${typeOnly ? " type" : ""}`
    ),
    [
      "1 ./a.ts",
      "2 ./b.ts",
      "6 ./d.ts type",
      "7 ./effect.ts",
      "8 ./e.ts",
      "9 ./f.ts",
      "10 ./g.ts",
      "11 ./h.ts type",
      "17 ./later.ts",
      "19 ./lazy.ts",
    ],
  );
});

Deno.test("checkImports() lets a file use its own folder, lower layers and its neighbours", () => {
  assertEquals(
    rulesBroken({
      "src/train/loop.ts":
        'import { a } from "./state.ts";\nimport { b } from "../core/ids.ts";\nimport { c } from "blade";\n',
      "src/evaluate/a.ts": 'import { b } from "../reward/registry.ts";\n',
      "src/config/assemble.ts": 'import { a } from "../train/loop.ts";\nimport { b } from "./schema.ts";\n',
      "tests/train/loop_test.ts": 'import { a } from "../../src/train/loop.ts";\n',
    }),
    [],
  );
});

Deno.test("checkImports() refuses an import up the layers, as a type and by the import map too", () => {
  assertEquals(
    rulesBroken({
      "src/core/a.ts": 'import type { B } from "../data/b.ts";\n',
      "src/data/b.ts": '\nimport { b } from "blade";\n',
      "src/config/schema.ts": 'const a = await import("../train/loop.ts");\n',
    }),
    [
      "src/core/a.ts:1: src/core must not import src/data: imports point down the layers",
      "src/data/b.ts:2: src/data must not import src/reward: imports point down the layers",
      "src/config/schema.ts:1: src/config/schema must not import src/train: imports point down the layers",
    ],
  );
});

Deno.test("checkImports() refuses two folders of one layer that use each other, through a third too", () => {
  assertEquals(
    rulesBroken({
      "src/model/a.ts": 'import { b } from "../codec/b.ts";\n',
      "src/codec/b.ts": 'import { c } from "../data/c.ts";\n',
      "src/data/c.ts": 'import { a } from "../model/a.ts";\n',
    }),
    [
      "src/model/a.ts:1: src/model and src/codec use each other",
      "src/codec/b.ts:1: src/codec and src/data use each other",
      "src/data/c.ts:1: src/data and src/model use each other",
    ],
  );
});

Deno.test("checkImports() keeps tensors in their folders, and backends in src/device", () => {
  assertEquals(
    rulesBroken({
      "src/model/a.ts": 'import * as tf from "@tensorflow/tfjs";\n',
      "src/device/a.ts": 'import * as tf from "@tensorflow/tfjs-backend-wasm";\n',
      "src/objective/a.ts": 'import * as tf from "@tensorflow/tfjs-core";\n',
      "src/reward/a.ts": 'import type { Tensor } from "@tensorflow/tfjs";\n',
    }),
    [
      'src/objective/a.ts:1: only src/device knows "@tensorflow/tfjs-core"',
      "src/reward/a.ts:1: src/reward must not see tensors",
    ],
  );
});

Deno.test("checkImports() lets a plugin import the contract and a shared file beside it, and no more", () => {
  assertEquals(
    rulesBroken({
      "plugins/recall.ts": 'import { defineMetric } from "blade";\nimport { hits } from "./_hits.ts";\n',
      "plugins/ild.ts": 'import { pairs } from "../src/reward/pairs.ts";\nimport { b } from "./recall.ts";\n',
    }),
    [
      'plugins/ild.ts:1: a plugin must not import "../src/reward/pairs.ts"',
      'plugins/ild.ts:2: a plugin must not import "./recall.ts"',
    ],
  );
});

Deno.test("checkImports() refuses product code that imports a test, a fixture or a check", () => {
  assertEquals(rulesBroken({ "src/data/a.ts": 'import { a } from "../../fixtures/generate.ts";\n' }), [
    "src/data/a.ts:1: src/data must not import fixtures/generate.ts",
  ]);
});

Deno.test("LAYERS names every folder of src once, and every folder that may hold a tensor", async () => {
  const named = LAYERS.flat();
  assertEquals(new Set(named).size, named.length);
  assertEquals(TENSOR_FOLDERS.filter((folder) => !named.includes(folder)), []);
  const folders: string[] = [];
  for await (const entry of Deno.readDir(new URL("../../src", import.meta.url))) {
    if (entry.isDirectory) folders.push(`src/${entry.name}`);
  }
  assertEquals(folders.filter((folder) => !named.includes(folder)), []);
});

Deno.test("checkTexts() names machine paths, private hosts, files beside the repository, unfinished work and all permissions", () => {
  const text = [
    `const folder = "${"/ho" + "me"}/someone/data";`,
    `fetch("http://${"local" + "host"}:4873/x");`,
    `read("${".." + "/shared"}/data")`,
    `// ${"TO" + "DO"}: later`,
    `deno run ${"-" + "A"} main.ts, or deno run ${"--allow-" + "all"} main.ts, or ["run", "${"-" + "A"}"]`,
    "const fine = `https://example.org/home/page` + '/homely';",
  ].join("\n");
  assertEquals(checkTexts([{ path: "src/a.ts", text }]).map(({ line, rule }) => `${line} ${rule}`), [
    "1 no path of one machine",
    "2 no address of a registry or of a private host",
    "3 no file beside the repository",
    "4 no note of unfinished work",
    "5 no program with every permission",
  ]);
  const ways = [`${"--allow-" + "all"}`, `deno test ${"-" + "A"}`, `["run", "${"-" + "A"}", path]`];
  const fine = ["grep -A 3 deno", "deno run -P -Ab", "deno run --allow-read -A-", "A-all", "deno-A"];
  const refused = (lines: string[]) =>
    lines.filter((text) => checkTexts([{ path: ".ci/run", text }]).length > 0);
  assertEquals([refused(ways), refused(fine)], [ways, []]);
  assertEquals(checkTexts([{ path: "tests/data/a_test.ts", text: `"${".." + "/shared"}/data"` }]), []);
});

Deno.test("checkTexts() names what would leave the last bit to the engine, in what a run computes with", () => {
  const text = [
    "const a = Math.exp(x) + Math.sqrt(y);",
    "const b = x ** y;",
    "const c = 2 ** 20 * Math.floor(x);",
    " * assertEquals(f(x), Math.log(2)); // of **two**",
    "const d = Math.hypot(1, 2), e = Math.LOG2E;",
  ].join("\n");
  const lines = (path: string) => checkTexts([{ path, text }]).map(({ line }) => line);
  assertEquals(lines("src/train/a.ts"), [1, 2, 5]);
  assertEquals(lines("plugins/a.ts"), [1, 2, 5]);
  assertEquals([lines("tests/a_test.ts"), lines("src/device/wasm/kernels/a.ts")], [[], []]);
});

Deno.test("longFiles() counts lines without the last line break", () => {
  const file = (lines: number) => ({ path: `${lines}.ts`, text: "x\n".repeat(lines) });
  assertEquals(longFiles([file(400), file(401)]), [{ path: "401.ts", lines: 401 }]);
});

Deno.test("readTree() reads this repository's sources and nothing that was installed", async () => {
  const paths = (await readTree(".")).map(({ path }) => path);
  for (const path of ["deno.json", ".ci/run", "src/core/ids.ts", "tests/ci/arch_test.ts"]) {
    assertEquals(paths.includes(path), true, path);
  }
  assertEquals(paths.filter((path) => /(?:^|\/)(?:node_modules|\.git)\//.test(path)), []);
});
