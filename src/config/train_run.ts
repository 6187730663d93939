import { join } from "@std/path";
import type { Observer } from "../core/observer.ts";
import type { SystemName } from "../core/results.ts";
import type { Device } from "../device/open_device.ts";
import type { Parameters } from "../model/parameters.ts";
import { disposeTree } from "../optimizer/parameter_tree.ts";
import { randomKey } from "../numerics/random.ts";
import { tidyCheckpoints } from "../train/checkpoint.ts";
import { createKeeper, type Keeper } from "../train/keeper.ts";
import { evaluateSystems, type TrainedSystem } from "../train/systems.ts";
import { modelOf } from "./assemble.ts";
import { listenToDevice } from "../device/computation.ts";
import { withAlarms } from "../report/alarms.ts";
import { readEvents, type RunEvent } from "../report/event_log.ts";
import { isThere } from "../report/is_there.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { checkMemory } from "./check_memory.ts";
import { limitsOf, openDeviceOf } from "./device.ts";
import { keepData } from "./kept_data.ts";
import { type Materials, prepareMaterials } from "./materials.ts";
import type { RunOptions, TrainOutcome } from "./run_api.ts";
import { adviceOn } from "./advice.ts";
import type { BladeConfig } from "./schema.ts";
import {
  alignedStage,
  compositionOf,
  continuedStage,
  priorStage,
  referenceStage,
  type Stage,
} from "./stages.ts";
import { startsContinued } from "./starts_continued.ts";
import { writeRunRecord } from "./run_record.ts";
import { survivingLosses } from "./surviving_losses.ts";

/**
 * The whole way: sft → prior → align → evaluate, into the run folder. Stages that the folder holds are not repeated. A GPU
 * that is lost on the way is opened anew.
 */
export async function trainRun(config: BladeConfig, options: RunOptions): Promise<TrainOutcome> {
  const [startedAt, startMs] = [new Date(), performance.now()];
  const device = await openDeviceOf(config);
  const warnings: string[] = [];
  const collecting: Observer = {
    ...options.observer,
    note(level, message) {
      if (level === "warning") warnings.push(message);
      options.observer.note(level, message);
    },
  };
  const observer = withAlarms(collecting, {
    cutoff: config.align.cutoff,
    events: await eventsSoFar(options.runFolder),
  });
  sayDevice(device, observer);
  const materials = await prepareMaterials(config);
  await using _plugins = materials.registry;
  const { dataset, files, plan } = materials;
  for (const warning of [...dataset.warnings ?? [], ...plan.notes]) observer.note("warning", warning);
  checkMemory(config, materials, device.backend, await limitsOf(device.backend));
  await keepData(options.runFolder, files);
  await keeperOf(config, options, observer).afterPart("reading the data");
  return await survivingLosses(
    { runFolder: options.runFolder, device, observer },
    (device) => trainStages({ config, options, materials, observer, device, warnings, startedAt, startMs }),
  );
}

/** What the stages of a run start from, whatever the device that they run on. */
interface Prepared {
  readonly config: BladeConfig;
  readonly options: RunOptions;
  readonly materials: Materials;
  readonly observer: Observer;
  readonly device: Device;
  /** All that was warned of so far, and will be. */
  readonly warnings: readonly string[];
  readonly startedAt: Date;
  /** The same moment by `performance.now`. */
  readonly startMs: number;
}

async function trainStages(
  { config, options, materials, observer, device, warnings, startedAt, startMs }: Prepared,
): Promise<TrainOutcome> {
  const { runFolder } = options;
  listenToDevice((message) => observer.note("warning", message));
  await tidyCheckpoints(runFolder);
  const model = await modelOf(config, materials.plan);
  const stage: Stage = {
    config,
    materials,
    model,
    observer,
    keeper: keeperOf(config, options, observer),
    runFolder,
  };

  const reference = await referenceStage(stage);
  const labelled = startsContinued(config) ? await continuedStage(stage, reference, null) : null;
  const start = labelled ?? reference;
  const aligns = config.align.method !== "sft";
  const prior = aligns || config.reward.combine === "quantile" ? await priorStage(stage, start) : null;
  const composition = prior === null ? null : compositionOf(stage, prior);
  const terms = composition?.terms ?? materials.terms;
  const continued = labelled ??
    (wants(config, "sft-continued") ? await continuedStage(stage, reference, { terms }) : null);
  const aligned = aligns && prior !== null && composition !== null
    ? await alignedStage(stage, start, prior, composition)
    : null;

  const weights: Partial<Record<TrainedSystem, Parameters>> = {
    reference,
    ...(continued === null ? {} : { "sft-continued": continued }),
    ...(aligned === null ? {} : { aligned: aligned.parameters }),
  };
  const systems = config.evaluate.systems.filter((name) => name !== "aligned" || aligned !== null);
  observer.resumed?.({ stage: "evaluate", step: 0 });
  observer.stage("evaluate", systems.length);
  let done = 0;
  const evaluation = await evaluateSystems(
    systems,
    {
      model,
      weights,
      oracle: start,
      train: materials.split.train,
      popularity: materials.popularity,
      set: materials.split.test,
      signals: materials.signals(materials.split.test),
      terms,
      cutoff: materials.listLength,
      beams: config.evaluate.decode === "beam" ? config.evaluate.beams : 1,
      n: config.target.n,
      key: randomKey(config.seed).split("evaluate"),
    },
    { metrics: materials.metrics, resamples: config.evaluate.resamples },
    async () => {
      done++;
      observer.step({ stage: "evaluate", step: done, values: {} });
      await stage.keeper.afterPart("evaluate");
    },
  );
  for (const parameters of [...Object.values(weights), model.policy.frozen]) disposeTree(parameters);

  const summary = adviceOn(
    config.target.n,
    materials.constraints,
    evaluation.results,
    aligned?.facts ?? null,
    observer,
  );
  for (const loss of materials.registry.losses()) observer.note("warning", loss);
  await writeRunRecord({
    config,
    materials,
    model,
    device,
    evaluation,
    warnings,
    startedAt,
    startMs,
    runFolder,
  });
  return { runFolder, results: evaluation.results, warnings, summary };
}

async function eventsSoFar(runFolder: string): Promise<RunEvent[]> {
  const path = join(runFolder, RUN_FILES.events);
  return await isThere(path) ? await readEvents(path) : [];
}

/** Says which device computes, and aloud if it is not the one that people hope for. */
function sayDevice(device: Device, observer: Observer): void {
  const threads = device.threads > 1 ? `, ${device.threads} threads` : "";
  observer.note("info", `device: ${device.backend} (${device.adapter}${threads}), ${device.why}`);
  if (device.fallbackAdapter) {
    observer.note(
      "warning",
      `The GPU adapter ${device.adapter} is played by the processor: --device wasm is faster.`,
    );
  }
}

function keeperOf(
  { checkpoint }: BladeConfig,
  { runFolder, signal }: RunOptions,
  observer: Observer,
): Keeper {
  return createKeeper({ runFolder, signal, ...checkpoint, saved: (state) => observer.saved?.(state) });
}

function wants({ evaluate }: BladeConfig, system: SystemName): boolean {
  return evaluate.systems.includes(system);
}
