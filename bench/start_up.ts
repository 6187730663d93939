import type { Bench } from "./figure.ts";
import { medianMs } from "./figure.ts";

/** `--help` against a program that does nothing. */
export const startUp: Bench = async () => {
  const root = new URL("../", import.meta.url);
  const empty = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(empty, "");
  const run = (...args: string[]) => async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
    if (code !== 0) throw new Error(`deno ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  };
  const ms = await medianMs({
    empty: run("run", "--config=deno.json", "-P", empty),
    help: run("run", "-P", "main.ts", "--help"),
  });
  await Deno.remove(empty);
  return {
    "start-up/help": {
      ms: ms.help,
      emptyMs: ms.empty,
      overMs: ms.help - ms.empty,
      ratio: ms.empty / ms.help,
      bound: "an empty program",
    },
  };
};
