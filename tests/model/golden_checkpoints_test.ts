import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { loadPretrained } from "../../src/config/load_pretrained.ts";
import { logSumExp } from "../../src/numerics/log_space.ts";
import { absence } from "../device/devices.ts";

const GOLDEN = fromFileUrl(new URL("../../../shared/golden/llm", import.meta.url));

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const there = await isThere(GOLDEN);

/** What an independent forward pass in 64 bits gives for a checkpoint. */
interface Expected {
  readonly inputIds: number[][];
  readonly lastPositionLogits: number[][];
  readonly nextTokenLogProb: number[][];
  readonly tolerance: number;
}

for (const name of ["llama", "llama3-rope", "qwen2", "qwen3", "mistral"]) {
  for (const device of ["cpu", "wasm", "native", "webgpu"] as const) {
    const why = there ? absence(device) : " (ignored: no golden checkpoints)";
    Deno.test({
      name: `the checkpoint ${name} gives its golden logits and log-probabilities on ${device}${why}`,
      ignore: why !== "",
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const folder = join(GOLDEN, name);
        const expected: Expected = JSON.parse(await Deno.readTextFile(join(folder, "expected.json")));
        const { inputIds, lastPositionLogits, nextTokenLogProb, tolerance } = expected;
        using model = await loadPretrained(folder, { device });
        const logits = await model.logits(inputIds);
        const vocabulary = model.config.decoder.vocabulary, length = inputIds[0]!.length;
        assertEquals(logits.length, inputIds.length * length * vocabulary);
        assert(tolerance < 0.01);
        inputIds.forEach((text, row) => {
          const at = (position: number) => {
            const first = (row * length + position) * vocabulary;
            return logits.subarray(first, first + vocabulary);
          };
          at(length - 1).forEach((value, token) =>
            assertAlmostEquals(
              value,
              lastPositionLogits[row]![token]!,
              tolerance,
              `text ${row}, token ${token}`,
            )
          );
          for (let t = 0; t + 1 < length; t++) {
            const own = at(t);
            const logProb = own[text[t + 1]!]! - logSumExp(own);
            assertAlmostEquals(logProb, nextTokenLogProb[row]![t]!, tolerance, `text ${row}, position ${t}`);
          }
        });
      },
    });
  }
}
