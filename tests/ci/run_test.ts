import { assertEquals, assertStringIncludes } from "@std/assert";

/** Runs `.ci/run` with an `npx` that plays the given answers and an `apt-get` that fails; the summary is the real one. */
async function runCi(
  answers: { ok: string; okCode: number; demoCode: number; verifyCode?: number },
  apt = "exit 100",
) {
  const bin = await Deno.makeTempDir();
  const program = async (name: string, body: string) => {
    await Deno.writeTextFile(`${bin}/${name}`, `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  };
  await program(
    "npx",
    `echo "$*" >> "${bin}/calls"
case "$*" in
  *"task ok") cat "${bin}/ok.log"; exit ${answers.okCode} ;;
  *"task demo"*) echo "demo"; exit ${answers.demoCode} ;;
  *"task verify"*) echo "verified"; exit ${answers.verifyCode ?? 0} ;;
  *) shift 2; exec "${Deno.execPath()}" "$@" ;;
esac`,
  );
  await program("dpkg", "exit 1");
  await program("id", "echo 0");
  await program("apt-get", apt);
  await Deno.writeTextFile(`${bin}/ok.log`, answers.ok);
  try {
    const { code, stdout } = await new Deno.Command("bash", {
      args: [".ci/run"],
      env: { PATH: `${bin}:${Deno.env.get("PATH")}` },
      stdin: "null",
    }).output();
    const calls = (await Deno.readTextFile(`${bin}/calls`)).trimEnd().split("\n");
    return { code, text: new TextDecoder().decode(stdout), calls };
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
}

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1);
const GREEN = "ok | 3 passed | 0 failed | 1 ignored (7ms)\nok | 4 passed | 0 failed (7ms)\n";
const ignore = Deno.build.os === "windows";

Deno.test({
  name: ".ci/run checks, runs the demo, verifies it, and ends with one line that adds all test runs up",
  ignore,
  async fn() {
    const { code, text, calls } = await runCi({ ok: GREEN, okCode: 0, demoCode: 0 }, "exit 0");
    assertEquals(code, 0);
    assertEquals(lastLine(text), "7 passed, 0 failed, 1 skipped");
    assertEquals(calls.map((call) => call.replace(/ci-demo-\d+/, "ci-demo")), [
      "-y deno@2.9.6 task ok",
      "-y deno@2.9.6 task demo --out runs/ci-demo",
      "-y deno@2.9.6 task verify runs/ci-demo --steps 20",
      "-y deno@2.9.6 run --no-config .ci/summary.ts 0",
    ]);
  },
});

Deno.test({
  name: ".ci/run says that software Vulkan and a BLAS are missing and goes on",
  ignore,
  async fn() {
    const { code, text } = await runCi({ ok: GREEN, okCode: 0, demoCode: 0 });
    assertEquals(code, 0);
    assertStringIncludes(text, "tests of webgpu and native may report themselves ignored");
  },
});

Deno.test({
  name: ".ci/run fails with a failed check, and trains nothing after it",
  ignore,
  async fn() {
    const { code, text, calls } = await runCi({
      ok: "FAILED | 3 passed | 2 failed (7ms)\n",
      okCode: 1,
      demoCode: 0,
    });
    assertEquals([code, lastLine(text)], [1, "3 passed, 2 failed"]);
    assertEquals(calls.some((call) => call.includes("demo")), false);
  },
});

Deno.test({
  name: ".ci/run fails with a failed demo although every test passed",
  ignore,
  async fn() {
    const { code, text } = await runCi({ ok: GREEN, okCode: 0, demoCode: 2 });
    assertEquals([code, lastLine(text)], [2, "7 passed, 1 failed, 1 skipped"]);
  },
});

Deno.test({
  name: ".ci/run fails with a demo that is not the same when it is repeated",
  ignore,
  async fn() {
    const { code, text } = await runCi({ ok: GREEN, okCode: 0, demoCode: 0, verifyCode: 1 });
    assertEquals([code, lastLine(text)], [1, "7 passed, 1 failed, 1 skipped"]);
  },
});

Deno.test({
  name: ".ci/run fails when not a single test ran",
  ignore,
  async fn() {
    const { code, text } = await runCi({ ok: "ok | 0 passed | 0 failed (0ms)\n", okCode: 0, demoCode: 0 });
    assertEquals([code, lastLine(text)], [1, "0 passed, 1 failed"]);
  },
});

Deno.test({
  name: ".ci/run goes once more, aloud, when the software GPU broke down and no test had failed; only then",
  ignore,
  async fn() {
    const broken = "corrupted size vs. prev_size in fastbins\n";
    const checks = (calls: string[]) => calls.filter((call) => call.includes("task ok")).length;
    const again = await runCi({ ok: GREEN + broken, okCode: 134, demoCode: 0 });
    assertStringIncludes(again.text, "everything once more");
    // It broke down a second time, and that is a failure.
    assertEquals([again.code, checks(again.calls), lastLine(again.text)], [
      134,
      2,
      "7 passed, 1 failed, 1 skipped",
    ]);
    const otherwise = await runCi({
      ok: `${GREEN}malloc_consolidate(): unaligned fastbin chunk detected\n`,
      okCode: 134,
      demoCode: 0,
    });
    assertEquals(checks(otherwise.calls), 2);
    const failed = await runCi({
      ok: `FAILED | 3 passed | 2 failed (7ms)\n${broken}`,
      okCode: 1,
      demoCode: 0,
    });
    assertEquals([failed.code, checks(failed.calls)], [1, 1]);
    const other = await runCi({ ok: GREEN, okCode: 1, demoCode: 0 });
    assertEquals([other.code, checks(other.calls)], [1, 1]);
  },
});
