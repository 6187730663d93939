import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { explainFailure } from "../../src/cli/failure.ts";
import { parseFlags } from "../../src/cli/flags.ts";
import { BladeError } from "../../src/core/errors.ts";
import { ran, TRAINED } from "./_io.ts";

Deno.test("every command answers --help with its flags and runnable examples", async () => {
  for (const { name, flags, examples } of COMMANDS) {
    const { code, out } = await ran([...name.split(" "), "--help", "--nonsense"]);
    assertEquals(code, 0);
    for (const flag of flags) assertStringIncludes(out, `--${flag.name}`);
    for (const { line } of examples) assertStringIncludes(out, `deno run -P main.ts ${line}`);
  }
});

Deno.test("every example of the help is accepted by the command's own flags", () => {
  for (const command of COMMANDS) {
    for (const { line } of command.examples) {
      const words = line.split(" > ")[0]!.match(/'[^']*'|\S+/g)!.map((word) => word.replace(/^'|'$/g, ""));
      const rest = words.slice(command.name.split(" ").length);
      assertEquals(words.join(" ").startsWith(command.name), true);
      parseFlags(rest, command.flags, command.name);
    }
  }
});

Deno.test("nothing typed gives the help and exit code 2", async () => {
  const { code, out } = await ran([]);
  assertEquals(code, 2);
  assertStringIncludes(out, "Usage: blade COMMAND");
});

Deno.test("the first word of a pair of words lists what may follow", async () => {
  const { code, out } = await ran(["metrics", "--help"]);
  assertEquals(code, 0);
  assertMatch(out, /metrics list[\s\S]+metrics show SPEC/);
  assertEquals((await ran(["metrics"])).code, 2);
});

Deno.test.each([
  [["metrics", "lst"], "metrics lst: is not a command", "did you mean metrics list?"],
  [["forecast"], "forecast: is not a command", "To mend: `blade --help` lists them all"],
  [["--quiet"], "--quiet: is not a flag of blade itself", "name a command first"],
  [["doctor", "now"], "blade doctor: must stand without arguments", '"now"'],
  [["recommend", "a", "b"], "blade recommend: must be given RUN", '"a b"'],
  [["evaluate", "a", "--json=no"], "--json: must stand without a value", '"no"'],
  [["evaluate", "a", "-q"], "-q: is not a flag of `blade evaluate`", "--metrics"],
  [["recommend", "a", "--out", "x", "--out", "y"], "--out: must be given once", '"x, y"'],
  [["recommend", "a", "--cutoff", "0"], "--cutoff: must be a whole number of at least 1", '"0"'],
  [["recommend", "a", "--cutoff", "1e2"], "--cutoff: must be a whole number", '"1e2"'],
])("%j is refused with exit code 2", async (args, rule, detail) => {
  const { code, out, err } = await ran(args);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, rule);
  assertStringIncludes(err, detail);
});

Deno.test("a fault of the program is called one, with its stack only when debugging", async () => {
  const { code, err } = await ran(["evaluate", "runs/a"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "blade failed unexpectedly");
  assertStringIncludes(err, "this test computes nothing");
  assertNotMatch(err, /^\s+at /m);
  assertMatch(explainFailure(new Error("boom"), true).message, /^\s+at /m);
  assertStringIncludes(explainFailure("a string", false).message, "a string");
});

Deno.test("a missing permission names the flag that grants it", () => {
  const write = new Deno.errors.NotCapable(
    'Requires write access to "/data/lists.csv", run again with the --allow-write flag',
  );
  assertStringIncludes(
    explainFailure(write, false).message,
    "deno run -P --allow-write=./runs,/data main.ts",
  );
  const below = new Deno.errors.NotCapable('Requires write access to "runs/tiny", run again with …');
  assertStringIncludes(explainFailure(below, false).message, "deno run -P --allow-write=./runs main.ts");
  const net = new Deno.errors.NotCapable(
    'Requires net access to "example.org:443", run again with the --allow-net flag',
  );
  assertStringIncludes(explainFailure(net, false).message, "--allow-net=example.org:443");
});

Deno.test("a full disk is said in plain words, and a missing file by its path", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  const { message, exitCode } = explainFailure(full, false);
  assertEquals(exitCode, 2);
  assertStringIncludes(message, "must fit on the disk, which is full");
  assertStringIncludes(message, "what was saved before is intact");
  const missing = assertThrows(() => Deno.readTextFileSync("/no/such/file"));
  assertStringIncludes(explainFailure(missing, false).message, "/no/such/file: must exist");
});

Deno.test("a device as output is refused as what it is", async () => {
  const { code, err } = await ran(["recommend", "runs/a", "--out", "/dev/full"], {
    openRun: () => Promise.resolve(TRAINED),
  });
  assertEquals(code, 2);
  assertStringIncludes(err, "/dev/full: must");
  assertStringIncludes(err, "To mend: name ");
});

Deno.test("an error that can be mended keeps its own exit code", () => {
  const error = new BladeError({ place: "p", rule: "r", mend: "m", exitCode: 3 });
  assertEquals(explainFailure(error, false), { message: "error: p: r.\n  To mend: m.", exitCode: 3 });
});

Deno.test("the reader of a pipe may leave early without a word", async () => {
  const pipe = () => Promise.reject(new Deno.errors.BrokenPipe("Broken pipe"));
  assertEquals(await ran(["evaluate", "runs/a"], { openRun: pipe }), { code: 0, out: "", err: "" });
});
