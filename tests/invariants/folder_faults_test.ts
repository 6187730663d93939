/** What befalls a run folder while the run goes on. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { explainFailure } from "../../src/cli/failure.ts";
import { assertRefused, temporaryFolder } from "../ci/command_line.ts";
import { smallConfig, writeSmallData } from "../ci/small_run.ts";
import { configIn, dataFolder, filesOf, run } from "../train/small_runs.ts";

const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

for (
  const [stage, step, set] of [
    ["sft", 1, ["checkpoint.everySteps=1"]],
    ["align", 2, []],
    ["evaluate", 3, []],
  ] as const
) {
  Deno.test({
    ...UNSANITIZED,
    name:
      `a run whose folder is removed in ${stage} stops with its name, and does not make half a folder anew`,
    async fn() {
      await using data = await dataFolder();
      const folder = `${data.path}/run`;
      const remove = (event: { readonly stage: string; readonly step: number }) => {
        if (event.stage === stage && event.step === step) Deno.removeSync(folder, { recursive: true });
      };
      const error = await assertRejects(
        () => run(configIn(data.path, set), folder, undefined, remove),
        Error,
      );
      const { message, exitCode } = explainFailure(error, false);
      assertEquals(exitCode, 2);
      assert(message.startsWith(`error: ${folder}: must stay where it is while the run goes on`), message);
      assert(message.includes("\n  To mend: "), message);
      await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
    },
  });
}

/** What starts a program that the modes of files bind; null where there is nothing: to root they mean little. */
async function bound(): Promise<readonly string[] | null> {
  if (Deno.build.os === "windows") return null;
  if (Deno.uid() !== 0) return [];
  const without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
  const { success } = await new Deno.Command(without[0]!, {
    args: [...without.slice(1), "true"],
    stderr: "null",
  })
    .output().catch(() => ({ success: false }));
  return success ? without : null;
}

const prefix = await bound();
const unbound = prefix === null ? " (ignored: root without setpriv is bound by no mode)" : "";

/** Starts the program so that it may write only where the modes of the folders let it. */
function start(args: readonly string[], folder: string) {
  const [command, ...rest] = [
    ...prefix!,
    Deno.execPath(),
    ...["run", "-P", "--quiet", "--no-prompt", `--allow-write=${folder}`, "main.ts", ...args],
  ];
  const child = new Deno.Command(command!, {
    args: rest,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  })
    .spawn();
  const ended = child.output().then(({ code, stdout, stderr }) => {
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  });
  return { ended };
}

Deno.test({
  ...UNSANITIZED,
  ignore: prefix === null,
  name: `a folder that nothing may be written into refuses the run by its name${unbound}`,
  async fn() {
    await using folder = await temporaryFolder();
    await writeSmallData(folder.path);
    await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
    await Deno.mkdir(`${folder.path}/closed`, { mode: 0o555 });
    const out = `${folder.path}/closed/run`;
    const refused = await start(["train", `${folder.path}/small.jsonc`, "--out", out], folder.path).ended;
    assertRefused(refused, [out, "must be open to this user", "change the owner or the mode"]);
    assertEquals([...Deno.readDirSync(`${folder.path}/closed`)], []);
  },
});

Deno.test({
  ...UNSANITIZED,
  ignore: prefix === null,
  name:
    `a run folder that is closed while the run goes on stops it; opened again, it ends as it would have${unbound}`,
  async fn() {
    await using folder = await temporaryFolder();
    await writeSmallData(folder.path);
    const config = {
      ...smallConfig(),
      sft: { epochs: 60, patience: 60, batch: 16 },
      checkpoint: { everySteps: 1, keep: 1 },
    };
    await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(config));
    const out = `${folder.path}/run`, checkpoints = `${out}/checkpoints`;
    const { ended } = start(["train", `${folder.path}/small.jsonc`, "--out", out], folder.path);
    const isKept = () => [...Deno.readDirSync(checkpoints)].some(({ name }) => name.startsWith("sft-step-"));
    while (!(await Deno.stat(checkpoints).then(isKept, () => false))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Deno.chmod(checkpoints, 0o555);
    const stopped = await ended;
    assertRefused(stopped, [`${checkpoints}/`, "must be open to this user", "change the owner or the mode"]);
    // One that was being written when the folder was closed lies beside the others, under a name of its own.
    const kept = Array.from(Deno.readDirSync(checkpoints), ({ name }) => name).filter((name) =>
      !name.endsWith(".part")
    );
    assert(kept.length > 0 && kept.every((name) => /^sft-step-\d+\.safetensors$/.test(name)), `${kept}`);
    await Deno.chmod(checkpoints, 0o755);
    const resumed = await start(["train", "--resume", out], folder.path).ended;
    assertEquals(resumed.code, 0, resumed.err);
    const whole = await start(["train", `${folder.path}/small.jsonc`, "--out", `${out}-whole`], folder.path)
      .ended;
    assertEquals(whole.code, 0, whole.err);
    assertEquals(await filesOf({ folder: out }), await filesOf({ folder: `${out}-whole` }));
  },
});
