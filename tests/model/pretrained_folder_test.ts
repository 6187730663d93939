import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { pretrainedFolder, type PretrainedOptions } from "../../src/model/pretrained_folder.ts";
import { encodeSafetensors } from "../../src/model/safetensors.ts";
import { openWeightFiles } from "../../src/model/weight_files.ts";
import { type FakeHub, fakeHub, type FakeModel } from "./fake_hub.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const OTHER = "f".repeat(40);

const weightsOf = (name: string, ...values: number[]) =>
  encodeSafetensors(new Map([[name, { shape: [values.length], data: Float32Array.from(values) }]]));

const WHOLE: FakeModel = {
  commit: COMMIT,
  files: {
    "config.json": '{"model_type":"llama"}',
    "tokenizer.json": '{"version":"1.0"}',
    "tokenizer_config.json": "{}",
    "README.md": "# A model",
    "pytorch_model.bin": "pickled",
    "consolidated.safetensors": weightsOf("other", 9),
    "model.safetensors": weightsOf("w", 1, 2),
  },
};

const SHARDED: FakeModel = {
  commit: COMMIT,
  files: {
    "config.json": "{}",
    "generation_config.json": "{}",
    "model.safetensors.index.json": JSON.stringify({
      weight_map: { a: "1.safetensors", b: "2.safetensors" },
    }),
    "1.safetensors": weightsOf("a", 1),
    "2.safetensors": weightsOf("b", 2),
    "3.safetensors": weightsOf("c", 3),
  },
};

/** A cache for one test, and how to fetch from a fake hub into it. */
async function cacheOf() {
  const path = await Deno.makeTempDir();
  return {
    path,
    fetch: (hub: { url: string }, spec = "hf:org/name", options: PretrainedOptions = {}) =>
      pretrainedFolder(spec, {
        cache: path,
        hubUrl: hub.url,
        environment: () => undefined,
        patience: 10_000,
        ...options,
      }),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

const refusalOf = async (fetching: Promise<unknown>) =>
  (await assertRejects(() => fetching, BladeError)).message;

const bytesTo = (hub: FakeHub, name: string) => hub.requests.filter((asked) => asked.endsWith(name)).length;

Deno.test("a model of the hub is downloaded: what is needed of it, and nothing else", async () => {
  await using hub = fakeHub(WHOLE);
  await using cache = await cacheOf();
  const told: string[] = [];
  const { folder, revision } = await cache.fetch(hub, "hf:org/name", {
    progress: (message) => told.push(message),
  });
  assertEquals(revision, COMMIT);
  assertEquals(folder, `${cache.path}/models--org--name/snapshots/${COMMIT}`);
  assertEquals(await namesIn(folder), [
    ".files.json",
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  for (const name of ["config.json", "tokenizer.json", "model.safetensors"]) {
    const expected = WHOLE.files[name]!;
    const bytes = typeof expected === "string" ? new TextEncoder().encode(expected) : expected;
    assertEquals(await Deno.readFile(`${folder}/${name}`), bytes);
  }
  assertEquals(told.length, 4);
  assertStringIncludes(told.join("\n"), "hf:org/name@main: model.safetensors, ");
  using weights = await openWeightFiles(folder);
  assertEquals([...await weights.readFloats("w")], [1, 2]);
});

Deno.test("of a sharded model, the index and the shards that it names are downloaded", async () => {
  await using hub = fakeHub(SHARDED);
  await using cache = await cacheOf();
  const { folder } = await cache.fetch(hub);
  assertEquals(await namesIn(folder), [
    ".files.json",
    "1.safetensors",
    "2.safetensors",
    "config.json",
    "generation_config.json",
    "model.safetensors.index.json",
  ]);
  using weights = await openWeightFiles(folder);
  assertEquals([...weights.tensors.keys()].sort(), ["a", "b"]);
});

Deno.test("a commit that is in the cache needs no network, and a branch no more than its name", async () => {
  await using cache = await cacheOf();
  const gone = await (async () => {
    await using hub = fakeHub(WHOLE);
    const first = await cache.fetch(hub, `hf:org/name@${COMMIT}`);
    assertEquals(first.revision, COMMIT);
    const asked = hub.requests.length;
    assertEquals(await cache.fetch(hub, `hf:org/name@${COMMIT}`), first);
    assertEquals(hub.requests.length, asked);
    assertEquals(await cache.fetch(hub), first);
    assertEquals(hub.requests.slice(asked), ["GET /api/models/org/name/revision/main"]);
    return { url: hub.url, first };
  })();
  assertEquals(await cache.fetch(gone, `hf:org/name@${COMMIT}`), gone.first);
  // What a branch means, only the hub knows: the message names the commit that is there.
  const message = await refusalOf(cache.fetch(gone));
  assertStringIncludes(message, "hf:org/name@main: must be reachable on the hub, and is not (");
  assertStringIncludes(message, `or name what is in the cache: hf:org/name@${COMMIT}`);
});

Deno.test("a branch that moves on is downloaded anew, what was there before is kept", async () => {
  await using cache = await cacheOf();
  const fetchAt = async (commit: string, config: string) => {
    await using hub = fakeHub({ commit, files: { ...WHOLE.files, "config.json": config } });
    const { folder, revision } = await cache.fetch(hub);
    assertEquals(revision, commit);
    assertEquals(await Deno.readTextFile(`${folder}/config.json`), config);
    return folder;
  };
  const before = await fetchAt(COMMIT, "{}");
  await fetchAt(OTHER, "[]");
  assertEquals(await Deno.readTextFile(`${before}/config.json`), "{}");
});

Deno.test("a file that someone removed from the cache is downloaded again, and only that", async () => {
  await using hub = fakeHub(SHARDED);
  await using cache = await cacheOf();
  const { folder } = await cache.fetch(hub, `hf:org/name@${COMMIT}`);
  await Deno.remove(`${folder}/2.safetensors`);
  await Deno.truncate(`${folder}/config.json`, 1);
  hub.requests.length = 0;
  await cache.fetch(hub, `hf:org/name@${COMMIT}`);
  assertEquals(
    hub.requests.filter((asked) => !asked.startsWith("POST")),
    [
      `GET /org/name/resolve/${COMMIT}/config.json`,
      `GET /org/name/resolve/${COMMIT}/2.safetensors`,
      "cdn GET /2.safetensors",
    ],
  );
  assertEquals(await Deno.readTextFile(`${folder}/config.json`), "{}");
});

const LARGE = WHOLE.files["model.safetensors"] as Uint8Array<ArrayBuffer>;

/** Sends half of the weights, and then does what `end` says. */
function half(
  end: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
): FakeModel["answer"] {
  return (_request, { pathname }) => {
    if (pathname !== "/model.safetensors") return;
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) =>
      controller.enqueue(LARGE.slice(0, LARGE.length / 2));
    return new Response(new ReadableStream<Uint8Array>({ start, pull: end }));
  };
}

/** A server that promises the weights, sends half of them and hangs up. */
function cuttingServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const head = new TextEncoder().encode(`HTTP/1.1 200 OK\r\ncontent-length: ${LARGE.length}\r\n\r\n`);
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      await connection.write(head);
      await connection.write(LARGE.slice(0, LARGE.length / 2));
      connection.close();
    }
  })();
  const { hostname, port } = listener.addr;
  const answer: FakeModel["answer"] = (_request, { pathname }) =>
    pathname === "/model.safetensors" ? Response.redirect(`http://${hostname}:${port}/`) : undefined;
  const stop = async () => {
    listener.close();
    await serving;
  };
  return { answer, [Symbol.asyncDispose]: stop };
}

const flipped = () => {
  const bytes = LARGE.slice();
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
};

Deno.test.each<[string, FakeModel["answer"], string]>([
  [
    "that ends early",
    half((controller) => controller.close()),
    "must send 72 bytes of model.safetensors, got 36",
  ],
  [
    "that stalls",
    half(() => new Promise(() => {})),
    "must be reachable on the hub, and is not (nothing came for 300 ms",
  ],
  [
    "of other bytes",
    (_request, { pathname }) => pathname === "/model.safetensors" ? new Response(flipped()) : undefined,
    "must send model.safetensors as the model has it",
  ],
  [
    "without an end",
    half((controller) => controller.enqueue(new Uint8Array(1000))),
    'must send 72 bytes of model.safetensors, got "more"',
  ],
  [
    "of a small file with other bytes",
    (_request, { pathname }) =>
      pathname.endsWith("/config.json") ? new Response('{"model_type":"llamA"}') : undefined,
    "must send config.json as the model has it",
  ],
])(
  "a download %s leaves nothing that would be taken for whole, and is mended by another",
  (_name, answer, says) => brokenDownload(answer, says),
);

Deno.test("a download that is cut midway leaves nothing that would be taken for whole", async () => {
  await using server = cuttingServer();
  await brokenDownload(server.answer, "hf:org/name@main: must be reachable on the hub, and is not (");
});

/** A download breaks, nothing is left that would be taken for whole, and another download mends it. */
async function brokenDownload(answer: FakeModel["answer"], says: string): Promise<void> {
  assertEquals(LARGE.length, 72);
  await using cache = await cacheOf();
  await using broken = fakeHub({ ...WHOLE, ...(answer === undefined ? {} : { answer }) });
  assertStringIncludes(await refusalOf(cache.fetch(broken, "hf:org/name", { patience: 300 })), says);
  const folder = `${cache.path}/models--org--name/snapshots/${COMMIT}`;
  const left = await namesIn(folder);
  assert(!left.includes("model.safetensors"), left.join());
  assert(!left.some((name) => name.startsWith(".") || name.endsWith(".part")), left.join());
  // Not even the commit's own name finds it.
  assertStringIncludes(
    await refusalOf(cache.fetch(broken, `hf:org/name@${COMMIT}`, { patience: 300 })),
    "hf:org/name@",
  );
  await using hub = fakeHub(WHOLE);
  await cache.fetch(hub);
  assertEquals(bytesTo(hub, "cdn GET /model.safetensors"), 1);
  assertEquals(bytesTo(hub, `/tokenizer.json`), left.includes("tokenizer.json") ? 0 : 1);
  using weights = await openWeightFiles(folder);
  assertEquals([...await weights.readFloats("w")], [1, 2]);
}

Deno.test("two downloads of one model at the same time do not meet", async () => {
  await using hub = fakeHub(SHARDED);
  await using cache = await cacheOf();
  const [one, two] = await Promise.all([cache.fetch(hub), cache.fetch(hub)]);
  assertEquals(one, two);
  using weights = await openWeightFiles(one.folder);
  assertEquals([...await weights.readFloats("b")], [2]);
  assert(!(await namesIn(one.folder)).some((name) => name.endsWith(".part")));
});

Deno.test("of a large file every tenth is told", async () => {
  const large = new Uint8Array(60_000_000);
  await using hub = fakeHub({ commit: COMMIT, files: { "config.json": "{}", "model.safetensors": large } });
  await using cache = await cacheOf();
  const told: string[] = [];
  await cache.fetch(hub, "hf:org/name", { progress: (message) => told.push(message) });
  assertEquals(told.slice(0, 2), [
    "hf:org/name@main: config.json, 2 B",
    "hf:org/name@main: model.safetensors, 60 MB",
  ]);
  const tenths = told.slice(2).map((message) => Number(/, ([\d.]+) MB of 60 MB$/.exec(message)?.[1]));
  assertEquals(tenths.map((megabytes) => Math.floor(megabytes / 6)), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("what a killed download left is removed once it is old, and what is under way is kept", async () => {
  await using hub = fakeHub(WHOLE);
  await using cache = await cacheOf();
  const folder = `${cache.path}/models--org--name/snapshots/${COMMIT}`;
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, hours] of [["old", 3], ["new", 0]] as const) {
    await Deno.writeTextFile(`${folder}/model.safetensors.${name}.part`, "half");
    const time = new Date(Date.now() - hours * 3_600_000);
    await Deno.utime(`${folder}/model.safetensors.${name}.part`, time, time);
  }
  await cache.fetch(hub);
  assertEquals((await namesIn(folder)).filter((name) => name.endsWith(".part")), [
    "model.safetensors.new.part",
  ]);
});

Deno.test("HF_TOKEN goes to the hub, and not to where the hub sends on", async () => {
  await using hub = fakeHub(WHOLE);
  await using cache = await cacheOf();
  const environment = (name: string) => name === "HF_TOKEN" ? " hf_secret\n" : undefined;
  await cache.fetch(hub, "hf:org/name", { environment });
  hub.requests.forEach((asked, at) =>
    assertEquals(hub.tokens[at], asked.startsWith("cdn ") ? null : "Bearer hf_secret", asked)
  );
  assert(hub.requests.some((asked) => asked.startsWith("cdn ")));
  const message = await refusalOf(cache.fetch(hub, "hf:org/name", { environment: () => "hunter 2" }));
  assertStringIncludes(message, "HF_TOKEN: must begin with hf_");
  assert(!message.includes("hunter"), "the token must not be shown");
});

Deno.test("the cache is where the environment says", async () => {
  await using hub = fakeHub(WHOLE);
  await using cache = await cacheOf();
  const { path } = cache;
  const at = async (variables: Record<string, string>) => {
    const options = { hubUrl: hub.url, environment: (name: string) => variables[name] };
    return (await pretrainedFolder("hf:org/name", options)).folder;
  };
  const inside = `models--org--name/snapshots/${COMMIT}`;
  assertEquals(await at({ HF_HOME: path }), `${path}/hub/${inside}`);
  assertEquals(await at({ HF_HOME: path, HF_HUB_CACHE: `${path}/b` }), `${path}/b/${inside}`);
  const script = `
    import { pretrainedFolder } from "./src/model/pretrained_folder.ts";
    console.log((await pretrainedFolder("hf:org/name", ${JSON.stringify({ hubUrl: hub.url })})).folder);`;
  const { out } = await run(["--allow-read", "--allow-net=127.0.0.1", `--allow-write=${path}`], script, path);
  assertEquals(out.trim(), `runs/.hub/${inside}`);
  assert((await Deno.stat(`${path}/runs/.hub/${inside}/config.json`)).isFile);
});

const failing = (status: number, error?: string): FakeModel["answer"] => () =>
  error === undefined ? new Response("no", { status }) : Response.json({ error }, { status });

Deno.test("an answer of the hub that refuses says what to do about it", async (t) => {
  const token = (name: string) => name === "HF_TOKEN" ? "hf_x" : undefined;
  const cases: readonly [string, FakeModel["answer"], typeof token | undefined, readonly string[]][] = [
    ["unknown", failing(401, "Repository not found"), undefined, [
      'hf:org/name@main: must be a model that you may read: the hub answered 401, "Repository not found"',
      "check the name; if the model is private or has terms, accept them on ",
      "/org/name and set HF_TOKEN, which is read if it is set",
    ]],
    ["gated", failing(403, "gated"), token, [
      'must be a model that you may read: the hub answered 403, "gated"',
      "accept the model's terms on ",
      "check that HF_TOKEN may read it",
    ]],
    ["revision", undefined, undefined, [
      "must be on the hub: the hub answered 404, ",
      "check name and revision",
    ]],
    ["busy", failing(503), undefined, ["must be had from the hub: the hub answered 503.", "try again"]],
    [
      "silence",
      () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
      undefined,
      ["must be reachable on the hub, and is not ("],
    ],
    ["no JSON", () => new Response("<html>"), undefined, ["must be reachable on the hub, and is not ("]],
    ["no commit", () => Response.json({ sha: "../.." }), undefined, ["must have a commit, got"]],
    [
      "no sizes",
      (_request, { pathname }) =>
        pathname.includes("paths-info") ? Response.json([{ type: "file", path: "config.json" }]) : undefined,
      undefined,
      ["must have a size of config.json"],
    ],
    [
      "weights that are not given",
      (_request, { pathname }) =>
        pathname === "/model.safetensors" ? new Response(null, { status: 403 }) : undefined,
      undefined,
      [
        "the hub answered 403",
      ],
    ],
  ];
  for (const [name, answer, environment = () => undefined, says] of cases) {
    await t.step(name, async () => {
      await using hub = fakeHub({ ...WHOLE, ...(answer === undefined ? {} : { answer }) });
      await using cache = await cacheOf();
      const spec = name === "revision" ? "hf:org/name@v9" : "hf:org/name";
      const message = await refusalOf(cache.fetch(hub, spec, { environment, patience: 500 }));
      for (const part of says) assertStringIncludes(message, part);
    });
  }
});

Deno.test("a model that cannot be used is refused before its weights are downloaded", async (t) => {
  const { "config.json": _config, ...withoutConfig } = WHOLE.files;
  const cases: readonly [string, FakeModel["files"], string][] = [
    ["no config", withoutConfig, "hf:org/name@main: must hold config.json"],
    [
      "pickled",
      { "config.json": "{}", "pytorch_model.bin": "x" },
      'only safetensors is read, got "pytorch_model.bin"',
    ],
    [
      "no weights",
      { "config.json": "{}", "model.gguf": "x" },
      "hf:org/name@main: must hold model.safetensors, or",
    ],
    [
      "a shard short",
      { "config.json": "{}", "model.safetensors.index.json": '{"weight_map":{"a":"4.safetensors"}}' },
      'must hold every shard that model.safetensors.index.json names, and lacks one, got "4.safetensors"',
    ],
    [
      "a shard elsewhere",
      { "config.json": "{}", "model.safetensors.index.json": '{"weight_map":{"a":"../../x"}}' },
      "tensor a: must be in a shard named by a plain file name",
    ],
  ];
  for (const [name, files, says] of cases) {
    await t.step(name, async () => {
      await using hub = fakeHub({ commit: COMMIT, files });
      await using cache = await cacheOf();
      assertStringIncludes(await refusalOf(cache.fetch(hub)), says);
      assertEquals(hub.requests.filter((asked) => asked.startsWith("cdn ")), []);
    });
  }
});

Deno.test({
  name: "without leave for the network, the message names the set of permissions that has it",
  permissions: { net: false, read: true, write: true, env: true },
  async fn() {
    const cache = await Deno.makeTempDir();
    const message = await refusalOf(pretrainedFolder("hf:org/name", { cache }));
    assertStringIncludes(message, 'Requires net access to "huggingface.co:443"');
    assertStringIncludes(message, "To mend: start it as: deno run -P=hub main.ts …");
    await Deno.remove(cache, { recursive: true });
  },
});

Deno.test("without leave for the host that the hub sends on to, the message names it too", async () => {
  await using hub = fakeHub(WHOLE);
  await using cache = await cacheOf();
  const [hubHost, cdnHost] = [new URL(hub.url).host, new URL(hub.cdn).host];
  const flags = ["--allow-read", `--allow-write=${cache.path}`, `--allow-net=${hubHost}`];
  const { code, out } = await refusalWith(flags, hub.url, cache.path);
  assertEquals(code, 0, out);
  assertStringIncludes(out, `Requires net access to "${cdnHost}"`);
  assertStringIncludes(
    out,
    `deno run -P=hub --allow-net=huggingface.co,*.huggingface.co,*.hf.co,${cdnHost} main.ts`,
  );
});

Deno.test("without leave to write the cache, the message names the folder", async () => {
  await using hub = fakeHub(WHOLE);
  const { code, out } = await refusalWith(
    ["--allow-read", "--allow-net=127.0.0.1"],
    hub.url,
    "no-such-cache",
  );
  assertEquals(code, 0, out);
  assertStringIncludes(out, "must be a folder that the program may write to");
  assertStringIncludes(out, "deno run -P=hub --allow-write=./runs,no-such-cache main.ts");
});

/** Fetches with other permissions in a process of its own, which prints the refusal. */
async function refusalWith(flags: readonly string[], hubUrl: string, cache: string) {
  const script = `
    import { pretrainedFolder } from "./src/model/pretrained_folder.ts";
    const options = ${JSON.stringify({ hubUrl, cache })};
    try { await pretrainedFolder("hf:org/name", options); } catch (error) { console.log(error.name, error.message); }`;
  return await run(flags, script);
}

/** Of the environment that `run` starts in; without leave to read them they are not there. */
const VARIABLES = { HF_TOKEN: "hf_x", HF_HOME: "no-such-home", HF_HUB_CACHE: "no-cache", HF_OTHER: "1" };

async function run(
  flags: readonly string[],
  script: string,
  cwd = ".",
): Promise<{ code: number; out: string }> {
  const url = `data:application/typescript,${
    encodeURIComponent(script.replaceAll('"./', `"file://${Deno.cwd()}/`))
  }`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", `--config=${Deno.cwd()}/deno.json`, "--no-check", "--no-prompt", "--quiet", ...flags, url],
    env: { NO_COLOR: "1", ...VARIABLES },
    cwd,
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout) + (code === 0 ? "" : text.decode(stderr)) };
}

Deno.test("the permission set hub reaches the hub and its storage, writes under runs, and no more", async () => {
  const asked = [
    { name: "net", host: "huggingface.co:443" },
    { name: "net", host: "cdn-lfs.huggingface.co:443" },
    { name: "net", host: "cdn-lfs-us-1.hf.co:443" },
    { name: "net", host: "cas-bridge.xethub.hf.co:443" },
    { name: "net", host: "us.aws.cdn.hf.co:443" },
    { name: "write", path: "runs/.hub" },
    { name: "read" },
    { name: "net", host: "example.com:443" },
    { name: "net", host: "evilhf.co:443" },
    { name: "net" },
    { name: "write", path: "src" },
    { name: "run" },
    { name: "ffi" },
  ];
  const script = `for (const permission of ${JSON.stringify(asked)}) {
    console.log((await Deno.permissions.query(permission)).state);
  }
  for (const name of ${JSON.stringify(Object.keys(VARIABLES))}) console.log(Deno.env.get(name));`;
  const { code, out } = await run(["-P=hub"], script);
  assertEquals(code, 0, out);
  const states = [...Array(7).fill("granted"), ...Array(6).fill("prompt")];
  assertEquals(out.trim().split("\n"), [...states, ...Object.values(VARIABLES).slice(0, 3), "undefined"]);
});

Deno.test("a folder is taken as it is if it holds config.json", async () => {
  await using folder = await cacheOf();
  const { path } = folder;
  assertStringIncludes(await refusalOf(pretrainedFolder(path)), `${path}: must hold config.json`);
  await Deno.mkdir(`${path}/a/config.json`, { recursive: true });
  assertStringIncludes(await refusalOf(pretrainedFolder(`${path}/a`)), `${path}/a: must hold config.json`);
  await Deno.writeTextFile(`${path}/config.json`, "{}");
  assertEquals(await pretrainedFolder(path), { folder: path, revision: null });
  for (const nowhere of [`${path}/nowhere`, `${path}/config.json`]) {
    const message = await refusalOf(pretrainedFolder(nowhere));
    assertStringIncludes(message, `${nowhere}: must be a folder that exists`);
    assertStringIncludes(message, "hf:org/name for a model of the Hugging Face hub");
  }
});
