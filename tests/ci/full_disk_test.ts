import { assertEquals } from "@std/assert";
import { assertRefused, blade, temporaryFolder } from "./command_line.ts";
import { smallConfig, writeSmallData } from "./small_run.ts";

/** Whether this process may mount a disk of its own; elsewhere no disk can be filled without harm. */
const mounts = Deno.build.os === "linux" && Deno.uid() === 0 && await mount("/tmp", 64, ["--fake"]);

async function mount(folder: string, kibibytes: number, flags: readonly string[] = []): Promise<boolean> {
  const { success } = await new Deno.Command("mount", {
    args: [...flags, "-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder],
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  return success;
}

Deno.test({
  name: "a disk that is full stops a run with one message; with room again, it goes on to the same end",
  ignore: !mounts,
  async fn() {
    await using folder = await temporaryFolder();
    const disk = `${folder.path}/disk`;
    await writeSmallData(folder.path);
    await Deno.writeTextFile(`${folder.path}/small.jsonc`, JSON.stringify(smallConfig()));
    await Deno.mkdir(disk);
    assertEquals(await mount(disk, 40), true);
    try {
      const write = [`--allow-write=${folder.path}`];
      const stopped = await blade(["train", `${folder.path}/small.jsonc`, "--out", `${disk}/run`], write);
      assertRefused(stopped, [`${disk}/run/`, "must fit on the disk, which is full", "make room"]);
      assertEquals(await mount(disk, 1024, ["-o", "remount"]), true);
      const resumed = await blade(["train", "--resume", `${disk}/run`], write);
      assertEquals(resumed.code, 0, resumed.err);
      const whole = await blade(
        ["train", `${folder.path}/small.jsonc`, "--out", `${folder.path}/run`],
        write,
      );
      assertEquals(whole.code, 0, whole.err);
      for (const name of ["checkpoints/align.safetensors", "lists.csv", "per-user.csv"]) {
        assertEquals(
          await Deno.readFile(`${disk}/run/${name}`),
          await Deno.readFile(`${folder.path}/run/${name}`),
        );
      }
      const parts = (await Array.fromAsync(Deno.readDir(`${disk}/run`), ({ name }) => name))
        .filter((name) => name.endsWith(".part"));
      assertEquals(parts, []);
    } finally {
      await new Deno.Command("umount", { args: [disk] }).output();
    }
  },
});
