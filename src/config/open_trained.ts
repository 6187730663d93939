import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { type Parameters, trainedShapes } from "../model/parameters.ts";
import { readManifest } from "../report/manifest.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { weightsFrom } from "../train/checkpoint.ts";
import { readFinished } from "../train/checkpoint_files.ts";
import type { Model } from "../train/model.ts";
import { modelOf } from "./assemble.ts";
import { openDeviceOf } from "./device.ts";
import { checkSameData } from "./kept_data.ts";
import { type Materials, prepareMaterials } from "./materials.ts";
import type { BladeConfig } from "./schema.ts";

/** A finished run whose weights are on the device. */
export interface Trained {
  readonly config: BladeConfig;
  readonly materials: Materials;
  readonly model: Model;
  /** The aligned weights, or the supervised ones where nothing was aligned. */
  readonly parameters: Parameters;
  readonly stage: "sft" | "align";
}

/**
 * Reads the data of a finished run again, opens its device and puts its weights there.
 *
 * @throws {BladeError} when the folder is no finished run, its weights do not fit, or its data are gone or have changed.
 */
export async function openTrained(folder: string): Promise<Trained> {
  const { config, data } = await readManifest(folder);
  const materials = await prepareMaterials(config);
  checkSameData(data, materials.files);
  const stage = config.align.method === "sft" ? "sft" : "align";
  const place = join(folder, RUN_FILES.checkpoints, `${stage}.safetensors`);
  const finished = await readFinished(folder, stage);
  if (finished === null) {
    throw new BladeError({
      place,
      rule: "must hold the weights of the run",
      mend: "take a folder whose run has finished; `train --resume` finishes an interrupted one",
    });
  }
  await openDeviceOf(config);
  const model = await modelOf(config, materials.plan);
  const parameters = weightsFrom("parameters", finished.tensors, trainedShapes(model.config), place);
  return { config, materials, model, parameters, stage };
}
