/**
 * Blade's own training step and rollout on one device, printed as the other peers print theirs:
 *
 *     deno run -P=native bench/peers/blade_peer.ts --device wasm --threads 2
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { closeDevice, type DeviceName } from "../../src/device/open_device.ts";
import { disposeTree } from "../../src/optimizer/parameter_tree.ts";
import { fitOptimizer, fitStep } from "../../src/train/fit_next_items.ts";
import { freeFitState, startFit } from "../../src/train/fit_state.ts";
import { createStepLog } from "../../src/train/step_log.ts";
import { tryDevice } from "../devices.ts";
import { rolloutContexts, rolloutsOn } from "../rollouts.ts";
import { batchOfExamples, onDevice as trainStepOn, OPTIONS } from "../train_step.ts";
import type { PeerReport } from "./peer.ts";
import { CONFIG, drawingModel, trainedModel } from "./workload.ts";

if (import.meta.main) console.log(JSON.stringify(await measure(Deno.args)));

async function measure(args: string[]): Promise<PeerReport> {
  const { device: asked, threads: count } = parseArgs(args, { string: ["device", "threads"] });
  const name = (asked ?? "wasm") as DeviceName;
  const device = await tryDevice(name, count === undefined ? undefined : Number(count));
  if ("missing" in device) return { skipped: device.missing };
  const losses = await firstLosses();
  const greedyLogProbs = [await greedyLogProb()];
  const [train] = Object.values(await trainStepOn(name, device));
  const rollouts = await rolloutsOn(device);
  closeDevice();
  return {
    losses,
    greedyLogProbs,
    rows: [{
      name: "blade",
      device: name === "webgpu" ? `webgpu, ${device.adapter}` : name,
      threads: name === "webgpu" ? null : device.threads,
      matmulGflops: (Number(train!.boundGflops) + Number(rollouts.boundGflops)) / 2,
      trainMs: train!.ms,
      rolloutMs: rollouts.ms,
    }],
  };
}

async function firstLosses(): Promise<number[]> {
  const { model, parameters } = trainedModel();
  const examples = batchOfExamples();
  const optimizer = fitOptimizer(examples.length, OPTIONS);
  const losses: number[] = [];
  const observer = {
    stage() {},
    note() {},
    step: ({ values }: { values: Readonly<Record<string, number>> }) => void losses.push(values.loss!),
  };
  const log = createStepLog("sft", observer, 1);
  let state = startFit(parameters, optimizer);
  for (let step = 0; step < CONFIG.checkedSteps; step++) {
    state = await fitStep(model, state, examples, optimizer, OPTIONS, log);
  }
  freeFitState(state);
  return losses;
}

async function greedyLogProb(): Promise<number> {
  const { model, parameters } = drawingModel();
  const { behaviorLogProb } = await model.policy.rank(parameters, rolloutContexts(), {
    cutoff: CONFIG.cutoff,
    beams: 1,
  });
  disposeTree(parameters);
  return behaviorLogProb.reduce((sum, value) => sum + value, 0) / behaviorLogProb.length;
}
