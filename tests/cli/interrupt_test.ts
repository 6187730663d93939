import { assertEquals } from "@std/assert";

/** Where the processor computes, nothing is ever waited for: the event loop has to be let in on purpose. */
const COMPUTING = `
import * as tf from "@tensorflow/tfjs";
import { readNumbers } from ${
  JSON.stringify(new URL("../../src/device/computation.ts", import.meta.url).href)
};
import { openDevice } from ${
  JSON.stringify(new URL("../../src/device/open_device.ts", import.meta.url).href)
};
await openDevice({ device: "cpu" });
const until = performance.now() + 20_000;
const body = async () => {
  while (performance.now() < until) await readNumbers([tf.scalar(1)]);
};
`;

const WAITING = "const body = () => new Promise((resolve) => setTimeout(resolve, 20_000));";

const program = (body: string) => `
${body}
import { stopOnInterrupt } from ${
  JSON.stringify(new URL("../../src/cli/interrupt.ts", import.meta.url).href)
};
const io = { out() {}, err: (text) => console.log(text.trim()), errIsTerminal: false };
using interrupt = stopOnInterrupt(io);
interrupt.signal.addEventListener("abort", () => console.log("aborted"));
console.log("ready");
await body();
`;

for (const [what, body] of [["waits", WAITING], ["computes", COMPUTING]] as const) {
  Deno.test({
    name: `in a program that ${what} the first Ctrl-C asks to save, the second ends it with 3`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-read", "--allow-env", "--allow-sys", "-"],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const input = child.stdin.getWriter();
      await input.write(new TextEncoder().encode(program(body)));
      await input.close();
      const said: string[] = [];
      let text = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        text += part;
        const lines = text.split("\n").slice(0, -1);
        for (const line of lines.slice(said.length)) {
          said.push(line);
          if (line === "ready" || line === "aborted") child.kill("SIGINT");
        }
      }
      assertEquals(said, [
        "ready",
        "saving after this step, press again to stop at once",
        "aborted",
        "stopped at once; what was saved before is whole",
      ]);
      assertEquals((await child.status).code, 3);
    },
  });
}
