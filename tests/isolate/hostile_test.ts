import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { PluginFault } from "../../src/reward/fault.ts";
import { BladeError } from "../../src/core/errors.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { createPopulationState } from "../../src/reward/marginal.ts";
import { checkMayRun, type Child, ChildFailure, startChild } from "../../src/reward/isolate/process.ts";
import type { MetricBatch } from "../../src/reward/metric.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { busyness, childrenWith, strangeCrowd, strangerFile, strangerText } from "./_strangers.ts";

/** Tells the processes of this file from those of others. */
const MEMORY_MIB = 192;

const LIMITS = { deadlineMs: 400, memoryMiB: MEMORY_MIB };

/** Long enough for a busy machine to fill the memory before the time is up. */
const PATIENT = { ...LIMITS, deadlineMs: 8000 };

const limitsFor = (says: string) => says === "must fit in memory" ? PATIENT : LIMITS;

/** What the user waits beyond the deadline at most on an idle machine: for the search, and for the process to go. */
const GRACE_MS = 1500;

/** For modules that have no watch, which answer or fail at once: how long they may take to start. */
const START_MS = 30_000;

/** On a busy machine everything takes longer but the deadline itself, which is held to all the same. */
async function assertWaited(waited: number, deadlineMs: number): Promise<void> {
  if (waited < deadlineMs + GRACE_MS) return;
  const busy = await busyness();
  assert(waited < deadlineMs + 2 * busy * GRACE_MS, `waited ${waited} ms on a machine ${busy} times as busy`);
}

const ROWS = 300;

/** 300 slates of 3 items for 10 contexts; that of row 217 begins with item 7. */
const BATCH: MetricBatch = {
  items: Int32Array.from({ length: 3 * ROWS }, (_, at) => at === 3 * 217 ? 7 : 8 + at % 90),
  contextRow: Int32Array.from({ length: ROWS }, (_, row) => Math.floor(row / 30)),
  contexts: Array.from({ length: 10 }, (_, row) => ({
    contextId: row,
    user: 50 + row,
    history: [],
    seen: new Set<number>(),
  })),
  cutoff: 3,
};
const SIGNALS = { catalogSize: 100 } as never;

/** The slate, and whose it is, as a message names them. */
const CULPRIT = "context 7 (user 57), slate [7, ";

const AT_SCORE: Readonly<Record<string, readonly [body: string, says: string]>> = {
  "loops": ["for (;;);", "must answer in time"],
  "throws": ['throw new Error("no such shelf");', "Error: no such shelf"],
  "fills the heap": ["const all = []; for (;;) all.push(new Array(1e5).fill(0));", "must fit in memory"],
  "fills buffers": ["const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));", "must fit in memory"],
  "calls Deno": ['return Deno.readTextFileSync("/etc/hostname").length;', "Deno is not defined"],
  "calls Node": ["return process.pid;", "process is not defined"],
  "starts a thread": [
    'new Worker("data:text/javascript,for(;;);", { type: "module" });',
    "Worker is not defined",
  ],
  "keeps things": ['localStorage.setItem("a", "b");', "localStorage is not defined"],
  "waits without a loop": [
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
    "must answer in time",
  ],
  "reaches for the network": ['return fetch("https://example.com/?secret");', "must give a finite number"],
  "reaches Deno by another way": ['return Function("return Deno.ppid")();', "Deno is not defined"],
  "reaches Deno by an indirect eval": ['return (0, eval)("Deno.ppid");', "Deno is not defined"],
  "reaches Deno by a constructor": [
    'return [].constructor.constructor("return this.Deno.ppid")();',
    "Cannot read properties of undefined",
  ],
  "breaks the arrays that answers are made of": [
    "Uint8Array.prototype.set = () => {}; return 0.5;",
    "must leave stdout to the program",
  ],
  "breaks the writing of JSON": [
    'JSON.stringify = () => "{"; return 0.5;',
    "must answer what it was asked",
  ],
  "gives NaN": ["return NaN;", "NaN"],
  "gives infinity": ["return Infinity;", "Infinity"],
  "gives a text": ['return "good";', "good"],
  "gives nothing": ["return;", "undefined"],
  "gives what has no JSON": ["const knot = {}; knot.knot = knot; return knot;", "without JSON"],
};

/** Asks an isolated plugin, and holds the time, the processes that are left and the kind of error. */
async function faultOf(
  text: string,
  ask: (path: string) => Promise<unknown> = (path) => scored(path),
): Promise<BladeError> {
  await using stranger = await strangerFile(text);
  const error = await assertRejects(() => ask(stranger.path), BladeError);
  assertEquals(await childrenWith(MEMORY_MIB), []);
  assertEquals(await Array.fromAsync(Deno.readDir(stranger.folder), ({ name }) => name), ["stranger.ts"]);
  return error;
}

async function scored(path: string, limits = LIMITS): Promise<unknown> {
  await using registry = await createRegistry([path], limits);
  const metric = await registry.load("stranger@3");
  const start = performance.now();
  try {
    return await judgeOf(metric).scoreList(BATCH, SIGNALS);
  } finally {
    await assertWaited(performance.now() - start, limits.deadlineMs);
  }
}

/** What a module without permissions is refused, were it to find Deno all the same, by the permission. */
const DENIED: readonly (readonly [what: string, permission: string, code: string])[] = [
  ["read a file", "read", 'Deno.readTextFileSync("/etc/hostname");'],
  ["read its own memory", "(?:all|read)", 'Deno.readFileSync("/proc/self/mem");'],
  ["write a file", "write", 'Deno.writeTextFileSync("of-a-stranger", "x");'],
  ["make a link", "(?:read|write)|unscoped", 'Deno.symlinkSync("/etc", "of-a-stranger");'],
  ["listen", "net", "Deno.listen({ port: 0 });"],
  ["connect", "net", 'await Deno.connect({ hostname: "127.0.0.1", port: 9 });'],
  ["run a program", "run", 'new Deno.Command("true").outputSync();'],
  ["signal its parent", "run", 'Deno.kill(Deno.ppid, "SIGTERM");'],
  ["read a secret of the environment", "env", 'Deno.env.get("HOME");'],
  ["list the environment", "env", "Deno.env.toObject();"],
  ["know the machine", "sys", "Deno.hostname();"],
  ["load a library", "ffi", 'Deno.dlopen("libc.so.6", {});'],
];

for (const [what, permission, code] of DENIED) {
  Deno.test(`the process of a stranger's plugin has no permission to ${what}`, async () => {
    await using file = await strangerFile(code);
    const module = toFileUrl(file.path).href;
    const child = await startChild("plugin", module, module, LIMITS);
    const error = await assertRejects(
      () => child.ask({ message: {}, arrays: [] }, 9000, START_MS),
      ChildFailure,
    );
    assertMatch(error.message, new RegExp(`NotCapable: .*(?:Requires )?(?:${permission})`));
    await child.end();
  });
}

Deno.test("the process of a stranger's plugin that asks for a permission is given none, and nobody is asked", async () => {
  const code = `const names = ["read", "write", "net", "env", "sys", "run", "ffi", "import"];
throw new Error(names.map((name) => Deno.permissions.requestSync({ name }).state).join());`;
  await using file = await strangerFile(code);
  const module = toFileUrl(file.path).href;
  const child = await startChild("plugin", module, module, LIMITS);
  const error = await assertRejects(
    () => child.ask({ message: {}, arrays: [] }, 9000, START_MS),
    ChildFailure,
  );
  assertStringIncludes(error.message, Array.from({ length: 8 }, () => "denied").join());
  await child.end();
});

for (const [what, [body, says]] of Object.entries(AT_SCORE)) {
  Deno.test(`a stranger's plugin that ${what} is stopped, and its slate named`, async () => {
    const error = await faultOf(strangerText(body), (path) => scored(path, limitsFor(says)));
    assert(error instanceof PluginFault);
    assertStringIncludes(error.message, "metric stranger@3: ");
    assertStringIncludes(error.message, CULPRIT);
    assertStringIncludes(error.message, says);
    assertEquals(error.rows, [217, 218]);
  });
}

for (const what of ["loops", "fills the heap", "throws", "gives infinity"]) {
  const [body, says] = AT_SCORE[what]!;
  Deno.test(`a stranger's plugin that scores batches and ${what} is stopped, and its slate found`, async () => {
    const text = strangerText(body.replace("return Infinity", "out[row] = Infinity; continue"), {
      batch: true,
    });
    const error = await faultOf(text, (path) => scored(path, limitsFor(says)));
    assertStringIncludes(error.message, CULPRIT);
    assertStringIncludes(error.message, says);
  });
}

Deno.test("a stranger's plugin that takes the values away is refused", async () => {
  const text = strangerText("structuredClone(out, { transfer: [out.buffer] }); return;", { batch: true });
  assertStringIncludes((await faultOf(text)).message, "must answer what it was asked");
});

Deno.test("what a child writes on stdout without the token is not taken for an answer", async () => {
  const forged =
    "Deno.stdin.readSync(new Uint8Array(9)); Deno.stdout.writeSync(new Uint8Array(4096)); for (;;);";
  await using file = await strangerFile(forged);
  const module = toFileUrl(file.path).href;
  const child = await startChild("plugin", module, module, LIMITS);
  const error = await assertRejects(
    () => child.ask({ message: {}, arrays: [] }, 9000, START_MS),
    ChildFailure,
  );
  assertStringIncludes(error.message, "stdout");
  await child.end();
});

Deno.test("an answer that is longer than asked for, or no JSON, is refused", async () => {
  const parrot = (change: string) =>
    `const bytes = new Uint8Array(32);
Deno.stdin.readSync(bytes);
const words = new Uint32Array(bytes.buffer, 16);
${change}
Deno.stdout.writeSync(bytes);
Deno.stdout.writeSync(new Uint8Array(words[1]! + words[2]!));
for (;;);`;
  for (const change of ["words[2] = 4e9;", "words[1] = 64;", "words[0] = 99;", "bytes[0] ^= 1;"]) {
    await using file = await strangerFile(parrot(change));
    const module = toFileUrl(file.path).href;
    const child = await startChild("plugin", module, module, LIMITS);
    const error = await assertRejects(
      () => child.ask({ message: {}, arrays: [] }, 9000, START_MS),
      ChildFailure,
    );
    const says = /^w.*[21]\]/.test(change) ? /\d bytes|cannot be read/ : /something else than an answer/;
    assert(says.test(error.message), `${change} ${error.message}`);
    await child.end();
  }
  assertEquals(await childrenWith(MEMORY_MIB), []);
});

Deno.test("a stranger's plugin may print", async () => {
  await using stranger = await strangerFile(
    strangerText(
      'console.log("seven"); console.table([7]); return 1;',
      {
        before: 'console.log("loaded");',
      },
    ),
  );
  const { values } = await scored(stranger.path) as { values: Float64Array };
  assertEquals([values[217], values[0]], [1, 0.08]);
});

Deno.test("what a stranger's plugin says cannot draw on the terminal", async () => {
  const { message } = await faultOf(strangerText('throw new Error("\\u001b[2Jgone\\u202e\\nnext line");'));
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u202e]/.test(message), JSON.stringify(message));
  assertEquals(message.split("\n").length, 2);
});

for (
  const [what, body] of [["loops", "for (;;);"], ["fills the heap", AT_SCORE["fills the heap"]![0]], [
    "throws",
    'throw "no";',
  ]] as const
) {
  Deno.test(`a stranger's metric of many slates that ${what} is stopped, by slate where each has a value`, async () => {
    const text = strangeCrowd(body);
    const marginal = await faultOf(text, async (path) => {
      await using registry = await createRegistry([path], LIMITS);
      const metric = await registry.load("stranger@3");
      const state = createPopulationState([{ metric, weight: 1 }], SIGNALS, { discount: 0.9 });
      await judgeOf(metric).marginalRewards(BATCH, SIGNALS, state);
    });
    assertStringIncludes(marginal.message, what === "throws" ? "a batch of 300 slates" : CULPRIT);
    const whole = await faultOf(text, async (path) => {
      await using registry = await createRegistry([path], LIMITS);
      await judgeOf(await registry.load("stranger@3")).populationValue(BATCH, SIGNALS);
    });
    assertStringIncludes(whole.message, "a batch of 300 slates");
  });
}

const AT_LOAD: Readonly<Record<string, readonly [before: string, says: string]>> = {
  "loops": ["for (;;);", "must answer in time as it is loaded"],
  "waits for ever": ["await new Promise(() => {});", "must"],
  "ends its process": [
    'setTimeout(() => { throw new Error("out"); }); await new Promise((done) => setTimeout(done, 9e4));',
    "must not end its process as it is loaded",
  ],
  "throws": ['throw new Error("no licence");', "no licence"],
  "fills buffers": ["const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));", "must fit in memory"],
  "calls Deno": ['Deno.readTextFileSync("/etc/hostname");', "Deno is not defined"],
  "reaches for the network": ['await fetch("https://example.com/?secret");', "Requires net access"],
  "opens a web socket": ['new WebSocket("wss://example.com/");', "Requires net access"],
  "imports a file as JSON": [
    'import secret from "file:///etc/hostname" with { type: "json" };',
    "read access",
  ],
  "imports a file above its folder": ['import secret from "../secret.ts";', "its own folder only"],
  "imports from the network": ['import "https://example.com/?secret";', "import access"],
  "imports a package": ['import "npm:zod@4.6.7";', "npm"],
  "imports a file as it runs": ['await import("file:///etc/hostname");', "must be a module"],
  "imports a file as text as it runs": [
    'await import("file:///etc/hostname", { with: { type: "text" } });',
    "must be a module",
  ],
  "imports from the network as it runs": ['await import("https://example.com/?secret");', "import access"],
  "imports a package as it runs": ['await import("npm:zod@4.6.7");', "npm"],
  "imports a module of Node as it runs": [
    'await import("node:" + "fs");',
    "modules of Node are not there",
  ],
  "imports text that calls Deno": [
    'await import("data:text/javascript,Deno.readTextFileSync(1)");',
    "Deno is not defined",
  ],
  "imports a module of Node": ['import "node:fs";', "modules of Node are not there"],
  "keeps things in a cache": ['await caches.open("mine");', "caches is not defined"],
  "imports what is not there": ['import "./gone.ts";', "gone.ts"],
};

for (const [what, [before, says]] of Object.entries(AT_LOAD)) {
  Deno.test(`a stranger's plugin that ${what} as it is loaded is refused`, async () => {
    const start = performance.now();
    const error = await faultOf(
      strangerText("return 1;", { before }),
      (path) => createRegistry([path], limitsFor(says)),
    );
    await assertWaited(performance.now() - start, limitsFor(says).deadlineMs);
    assertStringIncludes(error.message, "stranger.ts");
    assertStringIncludes(error.message, says);
  });
}

Deno.test("a stranger's plugin cannot answer with more than it was asked for", async () => {
  const text = strangerText('return notDefined("x".repeat(1e6));', {
    before: 'import { notDefined } from "blade";',
  });
  const error = await faultOf(text);
  assertStringIncludes(error.message, CULPRIT);
  assertMatch(error.message, /must answer what it was asked, got "\d{7} bytes"/);
});

Deno.test("a stranger's plugin that pollutes prototypes reaches none of this process", async () => {
  const forged = JSON.stringify(
    JSON.stringify({ reasons: [["__proto__", [0]], ["constructor", ["length"]]] }),
  )
    .replace("{", '{\\"__proto__\\":{\\"polluted\\":1},');
  await using stranger = await strangerFile(strangerText(
    `Object.prototype.polluted = 1;
Array.prototype.push = () => 0;
JSON.stringify = () => ${forged};
return 0.5;`,
    { before: 'globalThis.polluted = 1; Object.prototype.toJSON = () => "polluted";' },
  ));
  // Whether its own answers survive that is its own affair; they are values, or a refusal that names it.
  try {
    const { values, reasons } = await scored(stranger.path) as {
      values: Float64Array;
      reasons: Map<number, string>;
    };
    assertEquals([values.length, [...reasons.keys()].every(Number.isInteger)], [ROWS, true]);
  } catch (error) {
    assert(error instanceof BladeError);
    assertStringIncludes(error.message, "stranger");
  }
  assertEquals(["polluted" in {}, "polluted" in globalThis, "toJSON" in {}], [false, false, false]);
  assertEquals([].length, Array.prototype.push.call([]));
});

Deno.test("a stranger's plugin that names another of its rows blames itself for it, and nobody else", async () => {
  // It can find the token that its watch signs with, and sign a lie about itself.
  const text = strangerText("for (;;);", {
    before: `const { toHex } = Uint8Array.prototype;
Uint8Array.prototype.toHex = function () { const token = toHex.call(this); console.error("\\n" + token + " late 3"); return token; };`,
  });
  const error = await faultOf(text);
  assertStringIncludes(error.message, "metric stranger@3: ");
  assertStringIncludes(error.message, "must answer in time");
});

Deno.test("a link in the folder of a stranger's plugin leads it nowhere", async () => {
  await using stranger = await strangerFile(strangerText("return 1;", { before: 'import "./linked.ts";' }));
  await using other = await strangerFile('throw new Error("of elsewhere");');
  await Deno.symlink(other.path, `${stranger.folder}/linked.ts`);
  const error = await assertRejects(() => createRegistry([stranger.path], LIMITS), BladeError);
  assertStringIncludes(error.message, "must import modules of its own folder only");
});

/** What a child comes to whose module is this. */
async function endOf(module: string, ask: (child: Child) => Promise<unknown>): Promise<string> {
  await using file = await strangerFile(module);
  const address = toFileUrl(file.path).href;
  const child = await startChild("plugin", address, address, { ...LIMITS, deadlineMs: 60_000 });
  const { message } = await assertRejects(() => ask(child), ChildFailure);
  await child.end();
  return message;
}

Deno.test("a child that ends in the middle of its answer, or before it was told anything, has ended its process", async () => {
  const half = `const bytes = new Uint8Array(32);
Deno.stdin.readSync(bytes);
new Uint32Array(bytes.buffer, 16)[1] = 64;
Deno.stdout.writeSync(bytes);
Deno.exit(5);`;
  const said = await endOf(half, (child) => child.ask({ message: {}, arrays: [] }, 9000));
  assertStringIncludes(said, "must not end its process, got exit code 5");
  const large = { message: {}, arrays: [new Float64Array(1e6)] };
  const sent = await endOf("Deno.exit(6);", (child) => child.send(large));
  assertStringIncludes(sent, "must not end its process, got exit code 6");
});

Deno.test({
  name: "where the program may not start deno a plugin's process is refused with the flag",
  permissions: { run: false },
  async fn() {
    const { refusal } = await assertRejects(() => checkMayRun("plugin p", "/opt/deno"), BladeError);
    assertEquals(refusal.place, "plugin p");
    assertStringIncludes(refusal.mend, "--allow-run=/opt/deno");
    assertStringIncludes(refusal.mend, "--isolate never");
  },
});
