/** The texts that make a plugin: of a folder, of a web address, of a package. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { toFileUrl } from "@std/path";
import { BladeError } from "../../src/core/errors.ts";
import { npmModules } from "../../src/reward/isolate/npm_package.ts";
import { checkPin, fetchPinned, hashOfBytes, pinnedName } from "../../src/reward/isolate/pinned.ts";
import { isRemote, pluginModules } from "../../src/reward/isolate/plugin_modules.ts";
import { gatherModules, linkModules, relativeImports } from "../../src/reward/isolate/source_module.ts";

const hashOf = (text: string) => hashOfBytes(new TextEncoder().encode(text));
const HEX = "0123456789abcdef".repeat(4);

/** A folder of files, gone after the test. */
async function folderOf(files: Readonly<Record<string, string>>, at?: string) {
  const path = at ?? await Deno.realPath(await Deno.makeTempDir());
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(`${path}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function refusalOf(work: () => Promise<unknown>) {
  return (await assertRejects(work, BladeError)).refusal;
}

Deno.test("relative imports and exports are found wherever a statement begins, and nothing else is taken for one", () => {
  const found = (text: string) =>
    relativeImports(text).map(([from, to, address]) => {
      assertEquals(text.slice(from, to), address);
      return address;
    });
  assertEquals(found(`import a from "./a.ts";\n  import { b } from '../b.ts'; export * from "./c.ts"`), [
    "./a.ts",
    "../b.ts",
    "./c.ts",
  ]);
  assertEquals(found(`import "./a.ts";{}import "./b.ts"`), ["./a.ts", "./b.ts"]);
  assertEquals(found("import {\n  a,\n  b,\n} from './a.ts';"), ["./a.ts"]);
  for (
    const text of [
      'import { a } from "blade";',
      'import(`./a.ts`); await import("./a.ts");',
      'const text = "import x from"; f("./a.ts");',
      "important from './a.ts'",
      'reimport "./a.ts"',
      "import a from './a.ts\"",
    ]
  ) assertEquals(found(text), [], text);
});

Deno.test("modules come each after what they import, once, cut where they name each other", async () => {
  const texts: Record<string, string> = {
    "file:///p/main.ts": 'import "./b.js";\nimport { c } from "./in/c.mts";\nexport default c;',
    "file:///p/b.js": 'import "./in/c.mts";',
    "file:///p/in/c.mts": "export const c = 1;",
  };
  const asked: string[] = [];
  const read = (address: string) => {
    asked.push(address);
    return texts[address]!;
  };
  assertEquals(await gatherModules("file:///p/main.ts", read, () => new Error("circle")), [
    { parts: ["export const c = 1;"], links: [], typescript: true },
    { parts: ['import "', '";'], links: [0], typescript: false },
    {
      parts: ['import "', '";\nimport { c } from "', '";\nexport default c;'],
      links: [1, 0],
      typescript: true,
    },
  ]);
  assertEquals(asked, ["file:///p/main.ts", "file:///p/b.js", "file:///p/in/c.mts"]);
  const circle = { "file:///a.ts": 'import "./b.ts";', "file:///b.ts": 'import "./a.ts";' } as typeof texts;
  const gather = () =>
    gatherModules("file:///a.ts", (at) => circle[at]!, (at) => new Error(`circle at ${at}`));
  await assertRejects(gather, Error, "circle at file:///a.ts");
});

Deno.test("linked modules import each other from memory, types taken out where there are any", async () => {
  const address = linkModules([
    { parts: ["export const a: number = 2"], links: [], typescript: true },
    { parts: ["export const b = 3"], links: [], typescript: false },
    {
      parts: ['import { a } from "', '"; import { b } from "', '"; export default a * b;'],
      links: [0, 1],
      typescript: false,
    },
  ]);
  assertEquals((await import(address)).default, 6);
});

Deno.test("isRemote() is what has to be fetched", () => {
  assertEquals(["npm:a", "jsr:a", "https://a", "http://a"].map(isRemote), [true, true, true, true]);
  assertEquals(["./a.ts", "file:///a", "/npm:a", "httpx:a"].map(isRemote), [false, false, false, false]);
});

Deno.test("a plugin of files has the modules of its own folder, and a hash of all of them", async () => {
  const text = 'import "./in/part.ts"; export default 1;';
  await using folder = await folderOf({ "plugin.ts": text, "in/part.ts": "export {};", "other.mjs": "" });
  const address = toFileUrl(`${folder.path}/plugin.ts`).href;
  const { modules, sha256 } = await pluginModules("./plugin.ts", address);
  const listed = [["in/part.ts", "export {};"], ["plugin.ts", text]].map(async ([name, text]) =>
    `${await hashOf(text!)}  ${name}\n`
  );
  assertEquals([modules.length, sha256], [2, await hashOf((await Promise.all(listed)).join(""))]);
});

for (
  const [what, text, rule, value, mend] of [
    [
      "lies above its folder",
      'import "../x.ts";',
      "must import modules of its own folder only",
      "../x.ts",
      /\.ts or \.js/,
    ],
    [
      "is no script",
      'import "./a.json";',
      "must import modules of its own folder only",
      "a.json",
      /\.ts or \.js/,
    ],
    [
      "is not there",
      'import "./gone.ts";',
      "must import modules that are there",
      "FOLDER/gone.ts",
      /^check the import$/,
    ],
    [
      "is a link that leads out",
      'import "./out.ts";',
      "must import modules of its own folder only",
      /^\.\./,
      /own folder/,
    ],
    [
      "imports it",
      'import "./circle.ts";',
      "must not import in a circle",
      "file://FOLDER/plugin.ts",
      /third module/,
    ],
  ] as const
) {
  Deno.test(`a plugin whose import ${what} is refused`, async () => {
    await using outside = await folderOf({ "far.ts": "" });
    await using folder = await folderOf({
      "plugin.ts": text,
      "circle.ts": 'import "./plugin.ts";',
      "a.json": "{}",
    });
    await Deno.symlink(`${outside.path}/far.ts`, `${folder.path}/out.ts`);
    const address = toFileUrl(`${folder.path}/plugin.ts`).href;
    const refusal = await refusalOf(() => pluginModules("./plugin.ts", address));
    assertEquals([refusal.place, refusal.rule], ["plugin ./plugin.ts", rule]);
    if (typeof value === "string") assertEquals(refusal.value, value.replace("FOLDER", folder.path));
    else assert(value.test(String(refusal.value)));
    assert(mend.test(refusal.mend), refusal.mend);
  });
}

Deno.test("an error of the file system that says more than that nothing is there is passed on", async () => {
  await using folder = await folderOf({ "plugin.ts": 'import "./file.ts/x.ts";', "file.ts": "" });
  const address = toFileUrl(`${folder.path}/plugin.ts`).href;
  const error = await assertRejects(() => pluginModules("./plugin.ts", address), Error);
  assert(!(error instanceof BladeError));
});

Deno.test("jsr: is refused with the address to write", async () => {
  assertEquals(await refusalOf(() => pluginModules("jsr:@a/b", "jsr:@a/b")), {
    place: "plugin jsr:@a/b",
    rule: "must be named by the web address of its module",
    mend: "write https://jsr.io/@scope/name/1.2.3/mod.ts for jsr:@scope/name@1.2.3",
  });
});

Deno.test("a pin is 64 hexadecimal digits at the end, in either case", () => {
  assertEquals(pinnedName(`https://a/b.ts#sha256=${HEX.toUpperCase()}`), {
    address: "https://a/b.ts",
    sha256: HEX,
  });
  for (
    const name of [`https://a/b.ts#sha256=${HEX.slice(1)}`, `https://a#sha256=${HEX}0`, "https://a/b.ts"]
  ) {
    assertEquals(pinnedName(name), { address: name });
  }
});

Deno.test("what was found must be what was pinned", () => {
  checkPin(`https://a/b.ts#sha256=${HEX}`, HEX);
  const refusal = (name: string) => assertThrows(() => checkPin(name, HEX), BladeError).refusal;
  assertEquals(refusal("https://a/b.ts"), {
    place: "plugin https://a/b.ts",
    rule: "must be pinned by the SHA-256 of what it names, which others may change",
    mend: `if you have read it and trust it with your data, write https://a/b.ts#sha256=${HEX}`,
  });
  const other = `https://a/b.ts#sha256=${"0".repeat(64)}`;
  assertEquals(refusal(other), {
    place: `plugin ${other}`,
    rule: "must be what it was pinned to, and has changed",
    value: HEX,
    mend: "read what is there now; if you trust it, pin it to this SHA-256",
  });
});

/** A web site of this machine that answers every request alike. */
function site(answer: (request: Request) => Response) {
  let served = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    served++;
    return answer(request);
  });
  const address = `http://${server.addr.hostname}:${server.addr.port}/metric.ts`;
  return { address, served: () => served, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("a pinned module is downloaded once, and never taken from the cache where that was spoilt", async () => {
  const text = `export default "${crypto.randomUUID()}";`;
  const sha256 = await hashOf(text);
  await using web = site(() => new Response(text));
  const specifier = `${web.address}#sha256=${sha256}`;
  for (let time = 0; time < 2; time++) {
    const pinned = await fetchPinned(specifier);
    assertEquals([new TextDecoder().decode(pinned.bytes), pinned.sha256], [text, sha256]);
    assertEquals(web.served(), 1);
  }
  const { modules, sha256: told } = await pluginModules(specifier, specifier);
  assertEquals([modules, told], [[{ parts: [text], links: [], typescript: true }], sha256]);
  const cache = await caches.open("blade-plugins");
  await cache.put(`https://plugins.invalid/${sha256}`, new Response("spoilt"));
  assertEquals(new TextDecoder().decode((await fetchPinned(specifier)).bytes), text);
  assertEquals(web.served(), 2);
});

Deno.test("a pinned module that imports others is refused, since the pin is of one file", async () => {
  const text = `import "./other.ts"; // ${crypto.randomUUID()}`;
  await using web = site(() => new Response(text));
  const specifier = `${web.address}#sha256=${await hashOf(text)}`;
  const refusal = await refusalOf(() => pluginModules(specifier, specifier));
  assertEquals([refusal.rule, refusal.value, refusal.mend], [
    "must be one module, as its pin is of one file",
    "./other.ts",
    "bundle it into one file (deno bundle), or publish it on npm",
  ]);
});

Deno.test("a download that fails, or is larger than a metric can be, is refused", async () => {
  const of = async (answer: (request: Request) => Response) => {
    await using web = site(answer);
    const refusal = await refusalOf(() => fetchPinned(`${web.address}#sha256=${HEX}`));
    return [refusal.rule.replace(web.address, "ADDRESS"), refusal.value, refusal.mend];
  };
  const found = "must be found at ADDRESS";
  assertEquals(await of(() => new Response("no", { status: 500 })), [
    found,
    "status 500",
    "check the address",
  ]);
  const large = new Uint8Array(20e6 + 1);
  assertEquals(await of(() => new Response(large)), [found, "20000001 bytes", "check the address"]);
  const streamed = () => new Response(new Blob([large]).stream());
  assertEquals(await of(streamed), ["must be small", "over 20000000 bytes", "check the address"]);
  const gone = site(() => new Response(""));
  await gone[Symbol.asyncDispose]();
  const refusal = await refusalOf(() => fetchPinned(`${gone.address}#sha256=${HEX}`));
  assertEquals([refusal.rule, refusal.mend], [
    `must be found at ${gone.address}`,
    "check the address and the network",
  ]);
  assert(typeof refusal.value === "string" && refusal.value !== "");
});

Deno.test("only https:, and http: of this machine, is asked", async () => {
  for (
    const name of [
      "http://metrics.invalid/a.ts",
      "ftp://metrics.invalid/a.ts",
      "http://1.metrics.invalid/a.ts",
    ]
  ) {
    const refusal = await refusalOf(() => fetchPinned(name));
    assertEquals([refusal.rule, refusal.value], ["must come by https:", new URL(name).protocol]);
  }
  for (
    const [name, host] of [["https://metrics.invalid/a.ts", "metrics.invalid"], [
      "https://a.invalid:81/",
      "a.invalid:81",
    ]]
  ) {
    const refusal = await refusalOf(() => fetchPinned(name!));
    assertEquals([refusal.place, refusal.rule, refusal.value], [
      `plugin ${name}`,
      "must be downloaded, for which the program has no permission",
      host,
    ]);
    assertStringIncludes(refusal.mend, `--allow-net=${host} main.ts`);
  }
});

/** A package as Deno keeps it after a download, gone after the test. */
async function keptPackage(files: Readonly<Record<string, string>>) {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", "--no-config"] })
    .output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  const name = `stranger-${crypto.randomUUID()}`;
  const registry = `${npmCache}/${name}.invalid`;
  await folderOf(files, `${registry}/${name}/1.2.3`);
  return {
    name,
    folder: `${registry}/${name}/1.2.3`,
    [Symbol.asyncDispose]: () => Deno.remove(registry, { recursive: true }),
  };
}

/** The hash of a package as its own description has it. */
async function hashOfFiles(files: Readonly<Record<string, string>>): Promise<string> {
  const lines = await Promise.all(
    Object.keys(files).sort().map(async (path) => `${await hashOf(files[path]!)}  ${path}\n`),
  );
  return await hashOf(lines.join(""));
}

Deno.test("a package's hash is of all its files, and its entry what its manifest says", async () => {
  for (
    const [manifest, entry] of [
      [{}, "index.js"],
      [{ main: "b.js" }, "b.js"],
      [{ main: "a.js", module: "b.js" }, "b.js"],
      [{ exports: "./b.js", module: "a.js" }, "b.js"],
      [{ exports: { ".": { deno: "./b.js", import: "./a.js" } } }, "b.js"],
      [{ exports: { ".": { import: "./b.js", default: "./a.js" } } }, "b.js"],
      [{ exports: { default: "./b.js" } }, "b.js"],
      [{ exports: { "./other": "./a.js" } }, "index.js"],
    ] as const
  ) {
    const files = {
      "package.json": JSON.stringify(manifest),
      "index.js": "'index.js'",
      "a.js": "'a.js'",
      "b.js": "'b.js'",
      "in/z.js": "",
      "in.js": "",
    };
    await using kept = await keptPackage(files);
    const sha256 = await hashOfFiles(files);
    const found = await npmModules(`npm:${kept.name}@1.2.3#sha256=${sha256}`);
    assertEquals(found, { modules: [{ parts: [`'${entry}'`], links: [], typescript: false }], sha256 });
    const named = await npmModules(`npm:/${kept.name}@1.2.3/a.js#sha256=${sha256}`);
    assertEquals(named.modules[0]!.parts, ["'a.js'"]);
    const { rule } = await refusalOf(() => npmModules(`npm:${kept.name}@1.2.3`));
    assertStringIncludes(rule, "must be pinned");
  }
});

for (
  const [what, files, rule, value, mend] of [
    [
      "imports what it has not",
      { "index.js": 'import "./gone.js";' },
      "must have the modules that it imports",
      "gone.js",
      /stands for itself/,
    ],
    [
      "imports from outside",
      { "index.js": 'import "../x.js";' },
      "must have the modules that it imports",
      "../x.js",
      /stands for itself/,
    ],
    [
      "imports in a circle",
      { "index.js": 'import "./b.js";', "b.js": 'import "./index.js";' },
      "must not import in a circle",
      "index.js",
      /one bundled file/,
    ],
  ] as const
) {
  Deno.test(`a package that ${what} is refused`, async () => {
    const all = { "package.json": "{}", ...files } as Record<string, string>;
    await using kept = await keptPackage(all);
    const name = `npm:${kept.name}@1.2.3#sha256=${await hashOfFiles(all)}`;
    const refusal = await refusalOf(() => npmModules(name));
    assertEquals([refusal.place, refusal.rule, refusal.value], [`plugin ${name}`, rule, value]);
    assert(mend.test(refusal.mend), refusal.mend);
  });
}

Deno.test("a folder where a package's module should be is an error of the file system", async () => {
  const files = { "package.json": "{}", "index.js": 'import "./in";', "in/a.js": "" };
  await using kept = await keptPackage(files);
  const name = `npm:${kept.name}@1.2.3#sha256=${await hashOfFiles(files)}`;
  const error = await assertRejects(() => npmModules(name), Error);
  assert(!(error instanceof BladeError));
});

Deno.test("a package has a name and an exact version", async () => {
  for (const name of ["npm:a", "npm:a@^1.2.3", "npm:a@1.2", "npm:@a@1.2.3", "npm:a@latest", "x:a@1.2.3"]) {
    const refusal = await refusalOf(() => npmModules(name));
    assertEquals([refusal.rule, refusal.value, refusal.mend], [
      "must name a package and its exact version",
      name,
      "write it as npm:name@1.2.3",
    ]);
  }
});

/** What a package that there is none of comes to where Deno keeps its downloads in that folder. */
async function askedFor(
  cache: string,
): Promise<{ readonly name: string; readonly refusal?: BladeError["refusal"] }> {
  await using web = site(() => new Response("", { status: 404 }));
  const from = JSON.stringify(import.meta.resolve("../../src/reward/isolate/npm_package.ts"));
  await using script = await folderOf({
    "ask.ts": `import { npmModules } from ${from};
await npmModules("npm:stranger-gone@1.2.3#sha256=${HEX}")
  .catch(({ name, refusal }) => console.log(JSON.stringify({ name, refusal })));`,
  });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--config", "deno.json", "-P=test", `${script.path}/ask.ts`],
    env: { NO_COLOR: "1", DENO_DIR: cache, NPM_CONFIG_REGISTRY: web.address.replace("metric.ts", "") },
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("where no package was ever kept one is asked for, and what Deno says is told", async () => {
  await using empty = await folderOf({});
  const { refusal } = await askedFor(empty.path);
  assertEquals([refusal!.rule, refusal!.mend], [
    "must be a package that Deno can download",
    "check its name and version, and what `deno cache npm:stranger-gone@1.2.3` says",
  ]);
  assertStringIncludes(String(refusal!.value), "stranger-gone");
});

Deno.test("a cache that is no folder is an error of the file system", async () => {
  await using spoilt = await folderOf({ "npm": "" });
  assertEquals(await askedFor(spoilt.path), { name: "NotADirectory" });
});

Deno.test("what was downloaded is held to its pin, and without one is never kept", async () => {
  const text = `export default "${crypto.randomUUID()}";`;
  await using web = site(() => new Response(text));
  const changed = await refusalOf(() => fetchPinned(`${web.address}#sha256=${HEX}`));
  assertEquals([changed.rule, changed.value], [
    "must be what it was pinned to, and has changed",
    await hashOf(text),
  ]);
  const unpinned = await refusalOf(() => fetchPinned(web.address));
  assertStringIncludes(unpinned.mend, `${web.address}#sha256=${await hashOf(text)}`);
  assertEquals(
    await (await caches.open("blade-plugins")).match(`https://plugins.invalid/${await hashOf(text)}`),
    undefined,
  );
});

Deno.test("a package is asked for by npm: alone", async () => {
  const { rule } = await refusalOf(() => pluginModules("npm:a", "npm:a"));
  assertEquals(rule, "must name a package and its exact version");
});
