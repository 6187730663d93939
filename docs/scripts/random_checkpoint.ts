/**
 * Writes a Llama of any size with random weights and somebody's tokenizer, to measure what a model of that size takes:
 *
 *     deno run -P=test docs/scripts/random_checkpoint.ts runs/llama-0.1b fixtures/tiny-llm --layers 12 --width 768
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { BladeError } from "../../src/core/errors.ts";
import { closeDevice, openDevice } from "../../src/device/open_device.ts";
import { plainDecoder } from "../../src/model/config.ts";
import { exportedConfig } from "../../src/model/exported_config.ts";
import { initialParameters, parameterCount } from "../../src/model/parameters.ts";
import { writeCheckpoint } from "../../src/model/write_checkpoint.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { disposeTree } from "../../src/optimizer/parameter_tree.ts";

/** The shape that flags change: 0.1 B weights. */
const SHAPE = { layers: 12, width: 768, heads: 12, kvHeads: 4, hidden: 2048, vocabulary: 32_000 };

/** Writes it in 32 bits, and says how many weights it has. */
export async function randomCheckpoint(
  folder: string,
  tokenizer: string,
  shape: Partial<typeof SHAPE> = {},
): Promise<number> {
  const rest = { ropeBase: 10_000, normEpsilon: 1e-5, marksPicks: false };
  const config = plainDecoder({ ...SHAPE, ...shape, ...rest });
  await openDevice({ device: "wasm" });
  const parameters = initialParameters(config, randomKey(1));
  await writeCheckpoint(folder, config, parameters, "f32", {
    "config.json": JSON.stringify(exportedConfig(config, null, "f32"), null, 2) + "\n",
    "tokenizer.json": await Deno.readTextFile(join(tokenizer, "tokenizer.json")),
  });
  disposeTree(parameters);
  return parameterCount(config);
}

if (import.meta.main) {
  const { _: [folder, tokenizer], ...flags } = parseArgs(Deno.args);
  if (typeof folder !== "string" || typeof tokenizer !== "string") {
    console.error(
      new BladeError({
        place: "random_checkpoint",
        rule: "must be given a folder to write and one with a tokenizer",
        mend: "for instance: runs/llama-0.1b fixtures/tiny-llm",
      }).message,
    );
    Deno.exit(2);
  }
  const shape = Object.fromEntries(
    Object.keys(SHAPE).flatMap((key) => key in flags ? [[key, Number(flags[key])]] : []),
  );
  console.log(
    `${(await randomCheckpoint(folder, tokenizer, shape)).toLocaleString("en")} weights in ${folder}`,
  );
  closeDevice();
}
