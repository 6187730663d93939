import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { refusalOf } from "../../.ci/licences.ts";
import { importedPackages, shippedPackages } from "../../.ci/packages.ts";
import { sbomOf } from "../../.ci/sbom.ts";
import { readTree } from "../../.ci/tree.ts";
import { temporaryFolder } from "./command_line.ts";

const CONFIG = JSON.parse(await Deno.readTextFile("deno.json"));
const LOCK = JSON.parse(await Deno.readTextFile("deno.lock"));

/** Packages of deno.json for tests and for what CI does. */
const FOR_DEVELOPING = [
  "@cyclonedx/cyclonedx-library",
  "ajv",
  "ajv-formats",
  "cephes",
  "fast-check",
  "packageurl-js",
  "parse5",
  "spdx-satisfies",
  "wasmparser",
];

/** Every npm package in the modules that Deno finds behind an entry, what is imported later with it. */
async function packagesBehind(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] }).output();
  const { modules, redirects = {} } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string; dependencies?: { code?: { specifier?: string } }[] }[];
    redirects?: Record<string, string>;
  };
  const found = new Set<string>();
  for (const { dependencies = [] } of modules) {
    for (const { code } of dependencies) {
      const target = redirects[code?.specifier ?? ""] ?? code?.specifier ?? "";
      const [, name] = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)@/.exec(target) ?? [];
      if (name !== undefined) found.add(name);
    }
  }
  return [...found].sort();
}

const nameOf = (specifier: string) => /^(?:npm:\/?)?((?:@[^/@]+\/)?[^/@]+)@/.exec(specifier)![1]!;

Deno.test("the packages that are said to ship are those that Deno finds behind the program and the library", async () => {
  for (const entry of ["main.ts", "mod.ts"]) {
    const found = await packagesBehind(entry);
    assert(found.length > 5, `${entry}: ${found}`);
    assertEquals((await importedPackages(".", [entry])).map(nameOf), found, entry);
  }
});

Deno.test("what only tests and CI need is in no module graph of what ships", async () => {
  const shipped = new Set([...await packagesBehind("main.ts"), ...await packagesBehind("mod.ts")]);
  assertEquals(FOR_DEVELOPING.filter((name) => shipped.has(name)), []);
  const named = Object.values<string>(CONFIG.imports).filter((target) => target.startsWith("npm:")).map(
    nameOf,
  );
  assertEquals(named.filter((name) => !shipped.has(name)).sort(), FOR_DEVELOPING);
});

Deno.test("every npm: specifier of a source names one exact version, and the lock holds each to a SHA-512", async () => {
  let visited = 0;
  for (const { path, text } of await readTree(".")) {
    if (!/\.[jt]s$/.test(path) || path.startsWith("tests/")) continue;
    for (const [, specifier] of text.matchAll(/(?:from |import\(|import |types=|= )"(npm:[^"]+)"/g)) {
      visited++;
      assertMatch(specifier!, /^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?(?:\/[\w./-]+)?$/, path);
    }
  }
  assert(visited > 8, `only ${visited} specifiers were found`);
  for (const [key, { integrity }] of Object.entries<{ integrity: string }>(LOCK.npm)) {
    assertMatch(integrity, /^sha512-[\w+/]{86}==$/, key);
  }
});

Deno.test("no package may run a script as it is installed", () => {
  assert(!("allowScripts" in CONFIG));
  assert(!JSON.stringify(LOCK).includes('"scripts"'));
});

Deno.test("every task that loads modules holds Deno to the lock file, and CI runs nothing but tasks", async () => {
  const commands = Object.values<{ command: string }>(CONFIG.tasks).flatMap(({ command }) =>
    command.split("&&")
  );
  const loading = commands.filter((command) => /\bdeno (?:run|test|check)\b/.test(command));
  assert(loading.length > 7);
  assertEquals(loading.filter((command) => !/\bdeno (?:run|test|check) --frozen /.test(command)), []);
  const ci = await Deno.readTextFile(".ci/run");
  const called = [...ci.matchAll(/"\$\{deno\[@\]\}" (\w+)(?: (--no-config))?/g)].map(([, verb, flag]) =>
    flag ?? verb
  );
  // The summary reads a log, with neither configuration nor packages.
  assertEquals(called, ["task", "task", "task", "--no-config"]);
  assert(commands.some((command) => command.trim() === "deno task licences"), "ok looks at licences");
});

/** A registry of one package, `changeling` 1.2.3, whose archive can be exchanged; it would like to run a script. */
async function registryIn(folder: string) {
  const manifest = {
    name: "changeling",
    version: "1.2.3",
    type: "module",
    main: "main.js",
    scripts: { postinstall: `touch ${folder}/script-has-run` },
  };
  const archiveOf = async (text: string) => {
    await Deno.mkdir(`${folder}/package`, { recursive: true });
    await Deno.writeTextFile(`${folder}/package/package.json`, JSON.stringify(manifest));
    await Deno.writeTextFile(`${folder}/package/main.js`, text);
    await new Deno.Command("tar", { args: ["-czf", `${folder}/archive.tgz`, "-C", folder, "package"] })
      .output();
    const bytes = await Deno.readFile(`${folder}/archive.tgz`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64();
    return { bytes, integrity: `sha512-${digest}` };
  };
  let archive = await archiveOf("export default 1;");
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }): Response => {
    if (url.endsWith(".tgz")) return new Response(archive.bytes);
    if (!url.endsWith("changeling")) return new Response("", { status: 404 });
    const dist = { tarball: new URL("/archive.tgz", url).href, integrity: archive.integrity };
    const release = { ...manifest, hasInstallScript: true, dist };
    return Response.json({
      name: "changeling",
      "dist-tags": { latest: "1.2.3" },
      versions: { "1.2.3": release, "1.2.4": { ...release, version: "1.2.4" } },
    });
  });
  return {
    url: `http://${server.addr.hostname}:${server.addr.port}`,
    exchange: async (text: string) => archive = await archiveOf(text),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test({
  name: "a dependency that changed, or that the lock file does not have, is refused, and none runs a script",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const { path } = folder;
    await using registry = await registryIn(path);
    const project = `${path}/project`;
    await Deno.mkdir(project);
    const config = (version: string) =>
      Deno.writeTextFile(
        `${project}/deno.json`,
        JSON.stringify({ nodeModulesDir: "auto", imports: { changeling: `npm:changeling@${version}` } }),
      );
    let machines = 0;
    /** As a machine does that has never seen the package. */
    const runs = async (...flags: string[]) => {
      await Deno.remove(`${project}/node_modules`, { recursive: true }).catch(() => {});
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", ...flags, "a.ts"],
        cwd: project,
        env: {
          NO_COLOR: "1",
          NPM_CONFIG_REGISTRY: registry.url,
          DENO_DIR: `${path}/machine-${++machines}`,
          DENO_NO_UPDATE_CHECK: "1",
        },
      }).output();
      const text = new TextDecoder();
      return { code, out: text.decode(stdout), err: text.decode(stderr) };
    };
    await Deno.writeTextFile(`${project}/a.ts`, 'import one from "changeling";\nconsole.log(one);\n');
    await config("1.2.3");
    const first = await runs();
    assertEquals([first.code, first.out], [0, "1\n"], first.err);
    const lock = await Deno.readTextFile(`${project}/deno.lock`);
    const again = await runs("--frozen");
    assertEquals([again.code, again.out], [0, "1\n"], again.err);
    // Nothing but its bytes, under the version that the lock has.
    await registry.exchange("export default 666;");
    const changed = await runs("--frozen");
    assertEquals(changed.out, "");
    assert(changed.code !== 0);
    assertMatch(changed.err, /[Ii]ntegrity check failed|checksum/);
    await config("1.2.4");
    const other = await runs("--frozen");
    assertEquals(other.out, "");
    assert(other.code !== 0);
    assertStringIncludes(other.err, "lockfile is out of date");
    assertEquals(await Deno.readTextFile(`${project}/deno.lock`), lock);
    assertEquals(await Deno.stat(`${path}/script-has-run`).catch(() => "it has not"), "it has not" as never);
  },
});

Deno.test("the licences that may ship are permissive; others, unknown and missing ones are refused", () => {
  for (const licence of ["MIT", "Apache-2.0 AND MIT", "GPL-2.0-only OR ISC", "BSD-3-Clause"]) {
    assertEquals(refusalOf(licence), undefined, licence);
  }
  for (
    const licence of [
      ...[
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "LGPL-2.1-only",
        "MPL-2.0",
        "MIT AND GPL-3.0-only",
        "SSPL-1.0",
      ],
      ...["UNLICENSED", "SEE LICENSE IN LICENSE.txt", "Custom", "", null],
    ]
  ) assert(refusalOf(licence) !== undefined, String(licence));
});

Deno.test("all that ships has a licence that may ship, and the task says so", async () => {
  const { packages } = await shippedPackages(".");
  assert(packages.size > 20);
  assertEquals([...packages.values()].filter(({ licence }) => refusalOf(licence) !== undefined), []);
  const args = ["task", "--quiet", "licences"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
  const said = new TextDecoder().decode(stdout);
  assertEquals(code, 0, said);
  assertStringIncludes(said, `licences: ${packages.size} packages ship, 0 refused`);
  assertMatch(said, /^zod 4\.6\.7 +MIT$/m);
});

Deno.test("the bill of materials fits the schema of CycloneDX 1.6 and holds what the lock holds", async () => {
  const text = await sbomOf(".");
  assertEquals(text, await sbomOf("."), "the same bytes each time");
  const bom = JSON.parse(text);
  const schemas = "node_modules/@cyclonedx/cyclonedx-library/res/schema";
  const schema = async (name: string) =>
    JSON.parse(await Deno.readTextFile(`${schemas}/${name}.schema.json`));
  const ajv = new Ajv({ strict: false, allErrors: true });
  // deno-lint-ignore no-explicit-any -- the package's types take it for a namespace
  (addFormats as any)(ajv);
  // Formats of addresses in other scripts, of which npm has none.
  ajv.addFormat("idn-email", true).addFormat("iri-reference", true);
  for (const name of ["spdx.SNAPSHOT", "jsf-0.82.SNAPSHOT", "cryptography-defs.SNAPSHOT"]) {
    ajv.addSchema(await schema(name), `http://cyclonedx.org/schema/${name}.schema.json`);
  }
  const validate = ajv.compile(await schema("bom-1.6.SNAPSHOT"));
  const fits = (document: unknown): boolean => validate(document);
  assert(fits(bom), JSON.stringify(validate.errors));
  assert(!fits({ ...bom, components: [{ ...bom.components[0], type: "thing" }] }));
  const { packages, direct } = await shippedPackages(".");
  assertEquals(bom.components.length, packages.size);
  for (const { group, name, version, hashes, licenses, purl } of bom.components) {
    const whole = group === undefined ? name : `${group}/${name}`;
    const [key] = [...packages.keys()].filter((key) => key.split("_")[0] === `${whole}@${version}`);
    assertEquals(purl, `pkg:npm/${whole.replace("@", "%40")}@${version}`);
    assertEquals(hashes.length, 1);
    assertEquals(`sha512-${Uint8Array.fromHex(hashes[0].content).toBase64()}`, LOCK.npm[key!].integrity);
    assertEquals(licenses.length, 1);
    const needs = bom.dependencies.find(({ ref }: { ref: string }) => ref === purl).dependsOn ?? [];
    const { dependencies = [], optionalDependencies = [] } = LOCK.npm[key!];
    assertEquals(needs.length, dependencies.length + optionalDependencies.length, purl);
  }
  const { "bom-ref": own } = bom.metadata.component;
  const { dependsOn } = bom.dependencies.find(({ ref }: { ref: string }) => ref === own);
  assertEquals(dependsOn.length, direct.length);
});
