/** A disk of a few kibibytes that a test may fill: a file system in memory, which only root on Linux may mount. */

/** Whether this process may mount a disk of its own; elsewhere no disk can be filled without harm. */
export const mounts = Deno.build.os === "linux" && Deno.uid() === 0 && await mount("/tmp", 64, ["--fake"]);

/** Why a test of a full disk is ignored, as a part of its name; "" where it is not. */
export const noDisk = mounts ? "" : " (ignored: only root on Linux may mount a small disk)";

/** Bytes that the disk gives out at a time. */
const PAGE = 4096;

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Fills it up to so many free pages of 4 KiB. */
  fill(pages: number): void;
  /** Frees what was filled. */
  makeRoom(): void;
  /** Makes it one that can only be read, or one that can be written again. */
  remount(mode: "ro" | "rw"): Promise<void>;
}

/** Mounts one in a folder of its own. */
export async function smallDisk(kibibytes: number): Promise<SmallDisk> {
  const path = await Deno.makeTempDir();
  if (!await mount(path, kibibytes)) throw new Error(`Cannot mount a disk in ${path}`);
  const filler = `${path}/filler`;
  return {
    path,
    fill(pages) {
      using file = Deno.openSync(filler, { write: true, create: true });
      const page = new Uint8Array(PAGE);
      let bytes = 0;
      try {
        for (;;) bytes += file.writeSync(page);
      } catch (error) {
        if ((error as { code?: string }).code !== "ENOSPC") throw error;
      }
      file.truncateSync(bytes - pages * PAGE);
    },
    makeRoom: () => Deno.removeSync(filler),
    async remount(mode) {
      if (!await mount(path, kibibytes, ["-o", `remount,${mode}`])) {
        throw new Error(`Cannot make ${path} ${mode}`);
      }
    },
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: [path] }).output();
      await Deno.remove(path);
    },
  };
}

async function mount(folder: string, kibibytes: number, flags: readonly string[] = []): Promise<boolean> {
  const { success } = await new Deno.Command("mount", {
    args: [...flags, "-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder],
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  return success;
}
