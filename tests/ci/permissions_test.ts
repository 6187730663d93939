import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { resolve } from "@std/path";
import { explainFailure } from "../../src/cli/failure.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { assertRefused, blade, type Finished, temporaryFolder } from "./command_line.ts";
import { smallConfig, writeSmallData } from "./small_run.ts";

type PermissionSet = Readonly<Record<string, unknown>>;

const SETS: Readonly<Record<string, PermissionSet>> =
  JSON.parse(await Deno.readTextFile("deno.json")).permissions;

/** A folder below ./runs, where the program may write; gone after the test. */
async function folderInRuns() {
  await Deno.mkdir("runs", { recursive: true });
  const path = await Deno.makeTempDir({ dir: "runs" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Each command with the smallest set that it runs under, and what it is given; the run `F/run` is there from `train` on. */
const RUNS_UNDER: Readonly<Record<string, readonly [set: string, args: readonly string[]]>> = {
  "train": ["train", ["F/small.jsonc", "--out", "F/run"]],
  "evaluate": ["evaluate", ["F/run", "--json"]],
  "compare": ["evaluate", ["F/run", "F/run", "--resamples", "100", "--flips", "100"]],
  "verify": ["train", ["F/run", "--steps", "1"]],
  "recommend": ["evaluate", ["F/run", "--cutoff", "2"]],
  "export": ["train", ["F/run", "--merged", "F/exported"]],
  "experiment": ["default", ["F/experiment.jsonc", "--out", "F/experiment"]],
  "metrics list": ["evaluate", []],
  "metrics show": ["evaluate", ["ndcg"]],
  // It writes sources, which ./runs does not hold: the folder is named beside the set.
  "plugin new": ["train", ["mine", "--out", "O/mine"]],
  "plugin check": ["evaluate", ["ild@3", "--config", "F/small.jsonc"]],
  "data inspect": ["evaluate", ["F/small.jsonc"]],
  "config schema": ["evaluate", []],
  "doctor": ["evaluate", []],
};

Deno.test("every command runs under the set of permissions that is named for it, and asks for no more", async (t) => {
  assertEquals(Object.keys(RUNS_UNDER).sort(), COMMANDS.map(({ name }) => name).sort());
  await using folder = await folderInRuns();
  await using outside = await temporaryFolder();
  await writeSmallData(folder.path);
  await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
  const experiment = {
    base: smallConfig(),
    seeds: [1],
    arms: [{ name: "sft", set: { "align.method": "sft" } }],
  };
  await Deno.writeTextFile(`${folder.path}/experiment.jsonc`, JSON.stringify(experiment));
  for (const [name, [set, args]] of Object.entries(RUNS_UNDER)) {
    await t.step(`${name}: -P=${set}`, async () => {
      const filled = args.map((arg) => arg.replace(/^F/, folder.path).replace(/^O/, outside.path));
      const more = filled.some((arg) => arg.startsWith(outside.path))
        ? [`--allow-write=${outside.path}`]
        : [];
      const done = await blade([...name.split(" "), ...filled], [`-P=${set}`, ...more]);
      if (name === "export") {
        // A model of item ids has no layout that others know: the refusal comes after everything was read.
        assert(!/must be granted|permission/.test(done.err), done.err);
      } else {
        assertEquals(done.code, 0, done.err);
      }
      assert(!done.err.includes("NotCapable"), done.err);
    });
  }
  await t.step("doctor says what a set does not tell it", async () => {
    const { out } = await blade(["doctor"], ["-P=evaluate"]);
    assertStringIncludes(out, "memory unknown");
    assert(/^ {2}write\s+(?:prompt|denied): /m.test(out), out);
  });
  await t.step("evaluate writes nothing: it says which flag would let it", async () => {
    const file = `${folder.path}/per-user.csv`;
    const refused = await blade(["evaluate", `${folder.path}/run`, "--per-user", file], ["-P=evaluate"]);
    assertRefused(refused, [file, "--allow-write=./runs"]);
  });
});

/** What a script does under a set, one line of the code each; `F` is a folder that exists outside, `R` one in ./runs. */
const DEEDS: Readonly<Record<string, string>> = {
  "read outside": 'Deno.readTextFileSync("F/secret")',
  "list outside": '[...Deno.readDirSync("F")]',
  "read through a link": 'Deno.readTextFileSync("R/link/secret")',
  "read inside": 'Deno.readTextFileSync("deno.json")',
  "write in runs": 'Deno.writeTextFileSync("R/x", "x")',
  "write outside": 'Deno.writeTextFileSync("F/x", "x")',
  "write to the program": 'Deno.writeTextFileSync("src/x.ts", "x")',
  "write beside runs": 'Deno.writeTextFileSync("runs/../x", "x")',
  "write through a link": 'Deno.writeTextFileSync("R/link/x", "x")',
  "link outside": 'Deno.symlinkSync("F", "R/own-link")',
  "remove outside": 'Deno.removeSync("F/secret")',
  "connect": 'await Deno.connect({ hostname: "127.0.0.1", port: 9 })',
  "fetch": 'await fetch("http://192.0.2.1:8099/")',
  "listen": "Deno.listen({ port: 0 })",
  "import from the web": 'await import("http://192.0.2.1:8099/x.ts")',
  "run": 'new Deno.Command("true").outputSync()',
  "run deno": "new Deno.Command(Deno.execPath()).outputSync()",
  "load a library": 'Deno.dlopen("F/lib.so", {})',
  "load the C library": 'Deno.dlopen("libc.so.6", {})',
  "know the machine": "Deno.hostname()",
  "know the network": "Deno.networkInterfaces()",
  "signal another": 'Deno.kill(1, "SIGCONT")',
};

const READS = ["read outside", "list outside", "read inside"];

/** What each set lets through; all else must be denied. */
const LETS: Readonly<Record<string, readonly string[]>> = {
  default: [...READS, "write in runs", "know the machine"],
  train: [...READS, "write in runs"],
  evaluate: READS,
  native: [...READS, "write in runs", "know the machine"],
  hub: [...READS, "write in runs"],
  ci: ["read inside", "write in runs", "know the machine"],
};

/** Deno follows a link that is there already, where the link may be read or written; no set lets a script make one. */
const followed = (lets: readonly string[]) => [
  "read through a link",
  ...lets.includes("write in runs") ? ["write through a link"] : [],
];

for (const [set, lets] of Object.entries(LETS)) {
  Deno.test(`under -P=${set} a script may do what the set names, and nothing else of ${Object.keys(DEEDS).length} deeds`, async () => {
    await using inside = await folderInRuns();
    const outside = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${outside}/secret`, "secret");
      await Deno.symlink(outside, `${inside.path}/link`);
      const deeds = Object.entries(DEEDS).map(([name, code]) => {
        const filled = code.replaceAll('"F', `"${outside}`).replaceAll('"R', `"${inside.path}`);
        return `  ${JSON.stringify(name)}: async () => { ${filled}; },`;
      });
      const script = `const deeds = {\n${deeds.join("\n")}\n};
const ended = {};
for (const [name, deed] of Object.entries(deeds)) {
  ended[name] = await deed().then(() => "done", (error) => \`\${error.name}: \${error.message}\`);
}
console.log(JSON.stringify({ ended, secret: String(Deno.env.get("BLADE_TEST_SECRET")), names: Object.keys(Deno.env.toObject()) }));\n`;
      await Deno.writeTextFile(`${outside}/script.ts`, script);
      const { out, err } = await scriptUnder(set, `${outside}/script.ts`);
      const { ended, secret, names } = JSON.parse(out || JSON.stringify({ err }));
      const done = Object.keys(ended).filter((name) => ended[name] === "done");
      const allowed = [...lets, ...followed(lets)];
      assertEquals(
        done,
        Object.keys(DEEDS).filter((name) => allowed.includes(name)),
        JSON.stringify(ended, null, 1),
      );
      const refused = Object.keys(ended).filter((name) =>
        !/NotCapable|Requires \w+ access/.test(ended[name])
      );
      assertEquals(refused.filter((name) => !allowed.includes(name)), [], JSON.stringify(ended, null, 1));
      // Another's variables are not there, and nothing says that they are.
      assertEquals(secret, "undefined");
      const { allow } = SETS[set]!.env as { allow: string[] };
      assertEquals(names.filter((name: string) => !allow.includes(name)), []);
      assertEquals(await Deno.readTextFile(`${outside}/secret`), "secret");
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  });
}

async function scriptUnder(set: string, path: string): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", `-P=${set}`, "--no-prompt", "--quiet", "--no-check", "--config", "deno.json", path],
    env: { NO_COLOR: "1", BLADE_TEST_SECRET: "hush" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("what a set of deno.json holds is what its commands were found to need, and no set is all", () => {
  assertEquals(Object.keys(SETS), [...Object.keys(LETS), "test"]);
  for (const [name, set] of Object.entries(SETS)) {
    assert(!Object.hasOwn(set, "all"), name);
    if (name === "test") continue;
    assert(!Object.hasOwn(set, "run") && !Object.hasOwn(set, "import"), name);
    assertEquals(Object.hasOwn(set, "ffi"), name === "native");
    assertEquals(Object.hasOwn(set, "net"), name === "hub");
    assertEquals(set.write, name === "evaluate" ? undefined : ["./runs"]);
  }
});

Deno.test("a permission that is missing ends in words with the flag that grants it, for each kind", async () => {
  const failure = resolve("src/cli/failure.ts");
  const kinds: Readonly<Record<string, readonly [code: string, place: string, flag: string]>> = {
    read: ['Deno.readTextFileSync("/etc/hostname")', "/etc/hostname", "-P=ci --allow-read=.,/etc/hostname"],
    write: ['Deno.writeTextFileSync("/elsewhere/x", "")', "/elsewhere/x", "--allow-write=./runs,/elsewhere"],
    net: ['await fetch("http://192.0.2.1:8099/")', "192.0.2.1:8099", "--allow-net=192.0.2.1:8099"],
    run: ['new Deno.Command("true").outputSync()', "true", "--allow-run=true"],
    ffi: ['Deno.dlopen("/lib/x.so", {})', "/lib/x.so", "--allow-ffi=/lib/x.so"],
    sys: ["Deno.networkInterfaces()", "networkInterfaces", "--allow-sys=networkInterfaces"],
  };
  const code = Object.entries(kinds).map(([kind, [deed]]) =>
    `try { ${deed}; } catch (error) { said.${kind} = explainFailure(error, false); }`
  );
  await using folder = await folderInRuns();
  const script = `${folder.path}/script.ts`;
  const text = `import { explainFailure } from ${JSON.stringify(failure)};
const said = {};\n${code.join("\n")}\nconsole.log(JSON.stringify(said));\n`;
  await Deno.writeTextFile(script, text);
  const { out, err } = await scriptUnder("ci", script);
  const said = JSON.parse(out || JSON.stringify({ err }));
  for (const [kind, [, place, flag]] of Object.entries(kinds)) {
    const { message, exitCode } = said[kind];
    assertEquals(exitCode, 2);
    for (const part of [`error: ${place}`, kind, "\n  To mend: ", flag]) assertStringIncludes(message, part);
  }
  // The sets keep variables away without a word; other flags of Deno's do not.
  const env = new Deno.errors.NotCapable(
    'Requires env access to "HOME", run again with the --allow-env flag',
  );
  assertStringIncludes(explainFailure(env, false).message, "deno run -P --allow-env=HOME main.ts");
});
