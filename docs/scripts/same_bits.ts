/**
 * Whether another Deno gives the same bits: one of another version, or for another processor. Trains a configuration with
 * this Deno and with the other, and compares the files that a run computes.
 *
 *     deno run -P=test docs/scripts/same_bits.ts configs/quickstart.jsonc "COMMAND" --device wasm --set sft.epochs=1
 *
 * A Deno for arm64 runs on x86-64 by emulation. On Debian:
 *
 *     apt-get install qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross
 *     npm pack @deno/linux-arm64-glibc@2.9.6 && tar xzf deno-linux-arm64-glibc-2.9.6.tgz
 *     export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu
 *
 * after which COMMAND is `qemu-aarch64-static package/deno`.
 */
import { createHash } from "node:crypto";

/** A file that both left, or one of them. */
export interface ComparedFile {
  readonly name: string;
  /** SHA-256 of what each Deno wrote; undefined where it wrote none. */
  readonly hashes: readonly (string | undefined)[];
}

/**
 * Trains with each command and hashes checkpoints, lists and values per user.
 *
 * @param commands of a Deno each, with the arguments that come before its own
 * @param args of `train`: the configuration and its flags
 * @throws {Error} when a run fails, with what it printed
 */
export async function sameBits(
  commands: readonly (readonly string[])[],
  args: readonly string[],
): Promise<ComparedFile[]> {
  const folder = await Deno.makeTempDir();
  try {
    const runs: Map<string, string>[] = [];
    for (const [at, command] of commands.entries()) {
      const out = `${folder}/${at}`;
      await train(command, [...args, "--out", out], folder);
      runs.push(await hashesOf(out));
    }
    const names = [...new Set(runs.flatMap((run) => [...run.keys()]))].sort();
    return names.map((name) => ({ name, hashes: runs.map((run) => run.get(name)) }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function train([command, ...before]: readonly string[], args: string[], folder: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(command!, {
    args: [
      ...before,
      "run",
      "-P",
      "--quiet",
      "--no-prompt",
      `--allow-write=${folder}`,
      "main.ts",
      "train",
      ...args,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${new TextDecoder().decode(stderr)}`);
}

async function hashesOf(run: string): Promise<Map<string, string>> {
  const checkpoints = await Array.fromAsync(
    Deno.readDir(`${run}/checkpoints`),
    ({ name }) => `checkpoints/${name}`,
  );
  const hashes = new Map<string, string>();
  for (const name of [...checkpoints, "lists.csv", "per-user.csv"]) {
    hashes.set(name, createHash("sha256").update(await Deno.readFile(`${run}/${name}`)).digest("hex"));
  }
  return hashes;
}

if (import.meta.main) {
  const [config, other, ...flags] = Deno.args;
  if (config === undefined || other === undefined) {
    console.error(
      'same_bits: must be given a configuration and a command: same_bits.ts CONFIG "COMMAND" [flags of train]',
    );
    Deno.exit(2);
  }
  const files = await sameBits([[Deno.execPath()], other.split(" ")], [config, ...flags]);
  const isSame = ({ hashes: [one, two] }: ComparedFile) => one === two;
  for (const file of files) {
    console.log(file.name, file.hashes[0], isSame(file) ? "same" : `other: ${file.hashes[1]}`);
  }
  Deno.exit(files.every(isSame) ? 0 : 1);
}
