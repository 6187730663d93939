import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { childrenWith, strangerText } from "./_strangers.ts";

/** Tells the processes of this file from those of others. */
const MEMORY_MIB = 194;

/** Of a server of this machine. */
function addressOf({ addr }: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://${addr.hostname}:${addr.port}/`;
}

/** A web site of one plugin. */
function site(text: string) {
  let served = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    served++;
    return new URL(request.url).pathname === "/stranger.ts"
      ? new Response(text)
      : new Response("", { status: 404 });
  });
  return {
    address: `${addressOf(server)}stranger.ts`,
    served: () => served,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

async function refusal(specifier: string, isolate: "remote" | "never" = "remote"): Promise<string> {
  const { message } = await assertRejects(
    () => createRegistry([specifier], { isolate, memoryMiB: MEMORY_MIB }),
    BladeError,
  );
  assertEquals(await childrenWith(MEMORY_MIB), []);
  return message;
}

Deno.test("a web plugin without a pin is refused with the pin to add, in either process", async () => {
  const text = strangerText("");
  await using web = site(text);
  const pinned = `${web.address}#sha256=${await sha256(text)}`;
  assertStringIncludes(await refusal(web.address), pinned);
  assertStringIncludes(await refusal(web.address, "never"), pinned);
});

Deno.test("a web plugin with its pin runs, is kept, and tells its hash", async () => {
  const text = strangerText("return 1;", { before: `// ${crypto.randomUUID()}` });
  const hash = await sha256(text);
  const batch = {
    items: Int32Array.of(7, 9),
    contextRow: Int32Array.of(0, 0),
    contexts: [{ contextId: 0, user: 0, history: [], seen: new Set<number>() }],
    cutoff: 1,
  };
  let specifier = "";
  {
    await using web = site(text);
    specifier = `${web.address}#sha256=${hash}`;
    for (const isolate of ["remote", "never"] as const) {
      await using registry = await createRegistry([specifier], { isolate, memoryMiB: MEMORY_MIB });
      const metric = await registry.load("stranger@1");
      assertEquals(metric.judge === undefined, isolate === "never");
      assertEquals(metric.source, { specifier, sha256: hash });
      const { values } = await judgeOf(metric).scoreList(batch, {} as never);
      assertEquals(values, Float64Array.of(1, 0.09));
    }
    assertEquals(web.served(), 1);
  }
  await using registry = await createRegistry([], { memoryMiB: MEMORY_MIB });
  assert((await registry.load(`${specifier}@1`)).judge !== undefined, "it is kept when the site is gone");
});

Deno.test("a web plugin that has changed, is gone, or is not one file is refused", async () => {
  await using web = site(strangerText(""));
  assertStringIncludes(await refusal(`${web.address}#sha256=${"0".repeat(64)}`), "has changed");
  assertStringIncludes(await refusal(`${web.address}.gone`), "status 404");
  const parts = strangerText("", { before: 'import "./other.ts";' });
  await using other = site(parts);
  assertStringIncludes(await refusal(`${other.address}#sha256=${await sha256(parts)}`), "must be one module");
});

Deno.test("a web plugin that the program may not fetch is refused with the flag", async () => {
  assertStringIncludes(await refusal("https://metrics.invalid/a.ts"), "--allow-net=metrics.invalid");
  assertStringIncludes(await refusal("http://metrics.invalid/a.ts"), "must come by https:");
});

Deno.test("a package without an exact version, and jsr:, are refused with what to write", async () => {
  assertStringIncludes(await refusal("npm:some-metric"), "npm:name@1.2.3");
  assertStringIncludes(await refusal("npm:some-metric@^1"), "exact version");
  assertStringIncludes(await refusal("jsr:@some/metric@1.0.0"), "https://jsr.io/");
});

/** A registry of one package whose module is `text`, as npm's own answers. */
async function packages(name: string, text: string, folder: string) {
  await Deno.mkdir(`${folder}/package`);
  const manifest = { name, version: "1.2.3", type: "module", exports: { ".": { import: "./main.js" } } };
  await Deno.writeTextFile(`${folder}/package/package.json`, JSON.stringify(manifest));
  await Deno.writeTextFile(`${folder}/package/main.js`, `export { default } from "./lib.js";\n`);
  await Deno.writeTextFile(`${folder}/package/lib.js`, text);
  const archive = `${folder}/archive.tgz`;
  await new Deno.Command("tar", { args: ["-czf", archive, "-C", folder, "package"] }).output();
  const bytes = await Deno.readFile(archive);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64();
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }): Response => {
    if (url.endsWith(".tgz")) return new Response(bytes);
    if (!url.endsWith(name)) return new Response("", { status: 404 });
    const release = {
      ...manifest,
      dist: { tarball: new URL("/archive.tgz", url).href, integrity: `sha512-${digest}` },
    };
    return Response.json({ name, "dist-tags": { latest: "1.2.3" }, versions: { "1.2.3": release } });
  });
}

Deno.test({
  name: "a package is refused without its pin, runs with it, and is refused when it has changed",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    // Nobody else's package has this name: it goes into Deno's cache for as long as the test lasts.
    const name = `stranger-${crypto.randomUUID()}`;
    await using server = await packages(name, strangerText("return 1;"), folder);
    const list = async (plugin: string) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-P",
          "--quiet",
          "--no-prompt",
          `--allow-run=${Deno.execPath()}`,
          "main.ts",
          "metrics",
          "list",
        ]
          .concat(["--plugin", plugin]),
        env: { NO_COLOR: "1", NPM_CONFIG_REGISTRY: addressOf(server) },
      }).output();
      const text = new TextDecoder();
      return { code, out: text.decode(stdout), err: text.decode(stderr) };
    };
    const { npmCache } = JSON.parse(
      new TextDecoder().decode(
        (await new Deno.Command(Deno.execPath(), { args: ["info", "--json", "--no-config"] }).output())
          .stdout,
      ),
    );
    try {
      const unpinned = await list(`npm:${name}@1.2.3`);
      assertEquals(unpinned.code, 2);
      const [pinned] = new RegExp(`npm:${name}@1\\.2\\.3#sha256=[0-9a-f]{64}`).exec(unpinned.err) ?? [];
      assert(pinned !== undefined, unpinned.err);
      const listed = await list(pinned);
      assertEquals(listed.code, 0, listed.err);
      assertStringIncludes(listed.out, "A stranger's.");
      const kept = `${npmCache}/${(await cacheOf(npmCache, name))!}/${name}/1.2.3/lib.js`;
      await Deno.writeTextFile(kept, "// other\n", { append: true });
      assertStringIncludes((await list(pinned)).err, "has changed");
      assertStringIncludes(
        (await list(`npm:${name}-gone@1.2.3`)).err,
        "must be a package that Deno can download",
      );
    } finally {
      const site = await cacheOf(npmCache, name);
      if (site !== undefined) await Deno.remove(`${npmCache}/${site}`, { recursive: true });
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** The folder of Deno's cache that holds a package. */
async function cacheOf(npmCache: string, name: string): Promise<string | undefined> {
  for await (const site of Deno.readDir(npmCache)) {
    for await (const kept of Deno.readDir(`${npmCache}/${site.name}`)) {
      if (kept.name === name) return site.name;
    }
  }
  return undefined;
}
