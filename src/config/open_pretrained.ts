import { openDevice } from "../device/open_device.ts";
import { logitsOf } from "../model/logits.ts";
import { loadWeights } from "../model/load_weights.ts";
import { pretrainedFolder } from "../model/pretrained_folder.ts";
import { disposeTree } from "../optimizer/parameter_tree.ts";
import type { Pretrained, PretrainedOptions } from "./load_pretrained.ts";
import { readCheckpointConfig } from "./read_checkpoint_config.ts";

/** Opens the device and puts a checkpoint's weights on it. */
export async function openPretrained(
  spec: string,
  { device = "auto" }: PretrainedOptions,
): Promise<Pretrained> {
  const { folder } = await pretrainedFolder(spec, {});
  const config = await readCheckpointConfig(folder);
  await openDevice({ device });
  const parameters = await loadWeights(folder, config.decoder);
  return {
    config,
    logits: (tokenIds) => logitsOf(config.decoder, parameters, tokenIds),
    [Symbol.dispose]: () => disposeTree(parameters),
  };
}
