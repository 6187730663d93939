import { assertEquals } from "@std/assert";

const PROGRAM = `
import { stopOnInterrupt } from ${
  JSON.stringify(new URL("../../src/cli/interrupt.ts", import.meta.url).href)
};
const io = { out() {}, err: (text) => console.log(text.trim()), errIsTerminal: false };
using interrupt = stopOnInterrupt(io);
interrupt.signal.addEventListener("abort", () => console.log("aborted"));
console.log("ready");
await new Promise((resolve) => setTimeout(resolve, 20_000));
`;

Deno.test({
  name: "the first Ctrl-C asks to save, the second ends the program with 3",
  ignore: Deno.build.os === "windows",
  async fn() {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode(PROGRAM));
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
