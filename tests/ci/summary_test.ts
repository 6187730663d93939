import { assertEquals } from "@std/assert";
import { conclude, countTests } from "../../.ci/summary.ts";

const COUNTS = { passed: 5, failed: 0, ignored: 0, runs: 1 };

Deno.test("countTests() reads Deno's closing lines through colours, steps and filters", () => {
  const green =
    "\u001b[0m\u001b[32mok\u001b[0m | 12 passed (3 steps) | 0 failed \u001b[0m\u001b[38;5;245m(1s)\u001b[0m\r\n";
  const red = "FAILED | 3 passed | 2 failed (1 step) | 4 ignored (2 steps) | 7 filtered out (12ms)\n";
  assertEquals(countTests(green), { passed: 12, failed: 0, ignored: 0, runs: 1 });
  assertEquals(countTests(green + "some output\n" + red), { passed: 15, failed: 2, ignored: 4, runs: 2 });
});

Deno.test("countTests() takes no closing line from a sentence about tests", () => {
  assertEquals(
    countTests('assertEquals(log, "ok | 5 passed | 0 failed (7ms)")\n5 passed, 0 failed\n').runs,
    0,
  );
});

Deno.test("conclude() passes a clean run on, and says what was ignored as skipped", () => {
  assertEquals(conclude(COUNTS, 0), { line: "5 passed, 0 failed", exitCode: 0 });
  assertEquals(conclude({ ...COUNTS, ignored: 2 }, 0), {
    line: "5 passed, 0 failed, 2 skipped",
    exitCode: 0,
  });
});

Deno.test("conclude() fails on a failed test, on another failed check and on no test at all", () => {
  assertEquals(conclude({ ...COUNTS, failed: 2 }, 1), { line: "5 passed, 2 failed", exitCode: 1 });
  assertEquals(conclude({ ...COUNTS, failed: 2 }, 0).exitCode, 1);
  assertEquals(conclude(COUNTS, 3), { line: "5 passed, 1 failed", exitCode: 3 });
  assertEquals(conclude({ passed: 0, failed: 0, ignored: 9, runs: 1 }, 0), {
    line: "0 passed, 1 failed, 9 skipped",
    exitCode: 1,
  });
});

Deno.test("the summary prints its line last and exits with the code that it was given", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--quiet", ".ci/summary.ts", "1"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("ok | 8 passed | 0 failed (7ms)\nerror: the demo failed\n"));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 1);
  assertEquals(new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1), "8 passed, 1 failed");
});
