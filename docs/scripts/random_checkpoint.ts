/**
 * Writes a Llama of any size with random weights, to measure what a model of that size takes:
 *
 *     deno run -P=test docs/scripts/random_checkpoint.ts FOLDER --tokenizer fixtures/tiny-llm --layers 12 --width 768
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { openDevice } from "../../src/device/open_device.ts";
import { plainDecoder } from "../../src/model/config.ts";
import { exportedConfig } from "../../src/model/exported_config.ts";
import { initialParameters, parameterCount } from "../../src/model/parameters.ts";
import { type WeightFormat, writeCheckpoint } from "../../src/model/write_checkpoint.ts";
import { randomKey } from "../../src/numerics/random.ts";

const flags = parseArgs(Deno.args, {
  string: ["tokenizer", "dtype"],
  default: {
    layers: 12,
    width: 768,
    heads: 12,
    kvHeads: 4,
    hidden: 2048,
    vocabulary: 32000,
    seed: 1,
    dtype: "f32",
  },
});
const folder = String(flags._[0]);
const format = flags.dtype as WeightFormat;
const config = plainDecoder({
  layers: Number(flags.layers),
  width: Number(flags.width),
  heads: Number(flags.heads),
  kvHeads: Number(flags.kvHeads),
  hidden: Number(flags.hidden),
  vocabulary: Number(flags.vocabulary),
  ropeBase: 10_000,
  normEpsilon: 1e-5,
  marksPicks: false,
});
await openDevice({ device: "wasm" });
const parameters = initialParameters(config, randomKey(Number(flags.seed)));
await writeCheckpoint(folder, config, parameters, format, {
  "config.json": JSON.stringify(exportedConfig(config, null, format), null, 2) + "\n",
  "tokenizer.json": await Deno.readTextFile(join(flags.tokenizer!, "tokenizer.json")),
});
console.log(`${parameterCount(config).toLocaleString("en")} weights in ${folder}`);
Deno.exit(0);
