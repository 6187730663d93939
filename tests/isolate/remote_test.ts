import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { childrenOf, strangerText } from "./_strangers.ts";

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
  const { message } = await assertRejects(() => createRegistry([specifier], { isolate }), BladeError);
  assertEquals(await childrenOf(Deno.pid), []);
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
      await using registry = await createRegistry([specifier], { isolate });
      const metric = await registry.load("stranger@1");
      assertEquals(metric.judge === undefined, isolate === "never");
      assertEquals(metric.source, { specifier, sha256: hash });
      const { values } = await judgeOf(metric).scoreList(batch, {} as never);
      assertEquals(values, Float64Array.of(1, 0.09));
    }
    assertEquals(web.served(), 1);
  }
  await using registry = await createRegistry([], {});
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
async function packages(text: string, folder: string) {
  await Deno.mkdir(`${folder}/package`);
  const manifest = {
    name: "some-metric",
    version: "1.2.3",
    type: "module",
    exports: { ".": { import: "./main.js" } },
  };
  await Deno.writeTextFile(`${folder}/package/package.json`, JSON.stringify(manifest));
  await Deno.writeTextFile(`${folder}/package/main.js`, `export { default } from "./lib.js";\n`);
  await Deno.writeTextFile(`${folder}/package/lib.js`, text);
  const archive = `${folder}/some-metric.tgz`;
  await new Deno.Command("tar", { args: ["-czf", archive, "-C", folder, "package"] }).output();
  const bytes = await Deno.readFile(archive);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64();
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }): Response => {
    if (url.endsWith(".tgz")) return new Response(bytes);
    const tarball = new URL("/some-metric.tgz", url).href;
    const release = { ...manifest, dist: { tarball, integrity: `sha512-${digest}` } };
    return Response.json({
      name: manifest.name,
      "dist-tags": { latest: "1.2.3" },
      versions: { "1.2.3": release },
    });
  });
}

Deno.test({
  name: "a package is refused without its pin, runs with it, and is refused when it has changed",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const before = { NPM_CONFIG_REGISTRY: "", DENO_DIR: "" };
    for (const name of ["NPM_CONFIG_REGISTRY", "DENO_DIR"] as const) before[name] = Deno.env.get(name) ?? "";
    await using server = await packages(strangerText("return 1;"), folder);
    try {
      Deno.env.set("NPM_CONFIG_REGISTRY", addressOf(server));
      Deno.env.set("DENO_DIR", `${folder}/deno`);
      const pinned = /npm:some-metric@1\.2\.3#sha256=[0-9a-f]{64}/.exec(
        await refusal("npm:some-metric@1.2.3"),
      )?.[0];
      assert(pinned !== undefined);
      {
        await using registry = await createRegistry([pinned]);
        const { judge, source } = await registry.load("stranger@1");
        assert(judge !== undefined);
        assertEquals(source.sha256, pinned.slice(-64));
      }
      const [file] = await Array.fromAsync(Deno.readDir(`${folder}/deno/npm`));
      await Deno.writeTextFile(`${folder}/deno/npm/${file!.name}/some-metric/1.2.3/lib.js`, "// other\n", {
        append: true,
      });
      assertStringIncludes(await refusal(pinned), "has changed");
      assertStringIncludes(
        await refusal("npm:no-such-metric@1.2.3"),
        "must be a package that Deno can download",
      );
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === "") Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
      await Deno.remove(folder, { recursive: true });
    }
  },
});
