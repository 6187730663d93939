import fc from "fast-check";
import { z } from "zod";
import { keptConfig } from "../../../src/config/run_in_folder.ts";
import { readCheckedRun } from "../../../src/config/checked_run.ts";
import { keepData } from "../../../src/config/kept_data.ts";
import { readRunValues } from "../../../src/evaluate/run_values.ts";
import { keptExperiment } from "../../../src/experiment/experiment_folder.ts";
import { planExperiment } from "../../../src/experiment/plan.ts";
import { readCourse } from "../../../src/experiment/run_facts.ts";
import { readRunMeasures } from "../../../src/experiment/run_measures.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../../src/model/safetensors.ts";
import { checkedJson } from "../../../src/report/checked_json.ts";
import { readEvents } from "../../../src/report/event_log.ts";
import { readManifest } from "../../../src/report/manifest.ts";
import { modelCard } from "../../../src/report/model_card.ts";
import { reportHtml } from "../../../src/report/report_html.ts";
import { createPopulationState } from "../../../src/reward/marginal.ts";
import { deserializeBelief, serializeBelief } from "../../../src/target/belief_arrays.ts";
import { createBelief, setPrior } from "../../../src/target/belief.ts";
import {
  countIn,
  numbersIn,
  readCheckpoint,
  readFinished,
  under,
  within,
} from "../../../src/train/checkpoint.ts";
import { courseFrom } from "../../../src/train/course.ts";
import { exposureFrom, exposureTensors } from "../../../src/train/exposure.ts";
import { manifestOf } from "../../report/_manifest.ts";
import { type Family, type Parts, writeParts } from "../family.ts";
import { asBytes, spoiled, spoiledBytes } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const MANIFEST = manifestOf();

const EVENTS = [
  { kind: "stage", timeMs: 0, stage: "sft", steps: 2 },
  { kind: "step", timeMs: 5, stage: "sft", step: 1, values: { loss: 2, nothing: null }, times: { draw: 1 } },
  { kind: "step", timeMs: 6, stage: "prior", step: 1, values: { bestOfN: 0.5, reward: 0.3 } },
  { kind: "stage", timeMs: 7, stage: "align", steps: 2 },
  { kind: "step", timeMs: 8, stage: "align", step: 1, values: { reward: 0.2, signal: 2, rollouts: 8 } },
  { kind: "step", timeMs: 9, stage: "align", step: 1, values: { epoch: 1, validation: 0.5 } },
  { kind: "note", timeMs: 9, level: "warning", message: "Few labels." },
];

const linesOf = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

/** Events, one spoiled in its parts or all as a text. */
const events = fc.oneof(
  fc.tuple(fc.nat(EVENTS.length), spoiledJson(...EVENTS)).map(([at, line]) =>
    `${linesOf(EVENTS.slice(0, at))}${line}\n${linesOf(EVENTS.slice(at))}`
  ),
  spoiled(linesOf(EVENTS)),
);

const PER_USER =
  "user,system,metric,value\nann,aligned,ndcg@10?note=plain,0.5\nbob,aligned,ndcg@10?note=plain,\n";

const flat = (data: Float64Array | Int32Array): NamedTensor => ({ shape: [data.length], data });

function beliefTensors(): Map<string, NamedTensor> {
  const settings = { n: 4, priorStrength: 2, discount: 0.9, pooling: 0, maxAtoms: 128, columns: 1 };
  const empty = createBelief({ kind: "bayesian", contexts: 2, ...settings });
  const belief = setPrior(empty, [1], { values: [Float64Array.of(0, 1)], defined: Uint8Array.of(1, 1) }, 2);
  return new Map(Object.entries(serializeBelief(belief)).map(([name, data]) => [name, flat(data)]));
}

const POPULATION = {
  ...createPopulationState([], { catalogSize: 9 } as never, { discount: 0.5 }),
  items: [1, 2],
  places: [0, 1],
  weights: [1, 0.5],
  shown: { cutoff: 2, contextIds: [0], items: [1, 2], weights: [1] },
};

const NUMBERS = { epoch: 1, batch: 0, optimizerStep: 3, bestScore: 0.5, bestViolation: 0, bestEpoch: 1 };

const TENSORS = new Map<string, NamedTensor>([
  ["epochs", flat(Float64Array.of(1, 0.5, 1, 0.2, 2))],
  ["multipliers", flat(Float64Array.of(0.5))],
  ["parameters/embedding", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ...under("belief", beliefTensors()),
  ...under("population", exposureTensors(POPULATION)),
]);

/** Checkpoints: numbers or tensors that are others, or bytes changed. */
const checkpoint = fc.oneof(
  spoiledJson(NUMBERS).map((numbers) => encodeSafetensors(TENSORS, { stage: "align", numbers })),
  fc.tuple(
    fc.nat(TENSORS.size - 1),
    fc.constantFrom<NamedTensor | null>(
      null,
      { shape: [0], data: new Float64Array(0) },
      { shape: [2], data: Int32Array.of(-1, 7) },
      { shape: [3], data: Float64Array.of(NaN, 1e300, -1) },
      { shape: [1], data: BigInt64Array.of(3n) },
      { shape: [1], data: Uint8Array.of(3) },
    ),
  ).map(([at, other]) => {
    const name = [...TENSORS.keys()][at]!;
    const tensors = new Map(TENSORS);
    if (other === null) tensors.delete(name);
    else tensors.set(name, other);
    return encodeSafetensors(tensors, { stage: "align", numbers: JSON.stringify(NUMBERS) });
  }),
  spoiledBytes(fc.constant(encodeSafetensors(TENSORS, { stage: "align", numbers: JSON.stringify(NUMBERS) }))),
);

async function plan(): Promise<unknown> {
  const arms = '[{ "name": "blade" }, { "name": "sft", "set": { "align.method": "sft" } }]';
  const halving = '{ "rungs": [1, 2], "keep": 0.5 }';
  return await planExperiment(
    `{ "base": {}, "seeds": [1], "arms": ${arms}, "halving": ${halving} }`,
    "two.jsonc",
  );
}

const PLAN = await plan();

/** What a run and an experiment leave in their folders. */
export const RUN_FAMILIES: readonly Family[] = [
  {
    name: "manifest",
    inputs: fc.record({ "manifest.json": asBytes(spoiledJson(MANIFEST)) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readManifest(folder);
      // What only its readers would stumble over is a find as well.
      const manifest = await readCheckedRun(folder);
      const named = { title: "a", dataName: "b" };
      reportHtml(manifest, [], named);
      const sizes = { users: 1, items: 1, interactions: 1, dataLicence: null, parameters: 1 };
      modelCard(manifest, { ...named, ...sizes });
    },
  },
  {
    name: "compare-runs",
    inputs: fc.record({
      "a/manifest.json": spoiledJson(MANIFEST),
      "a/per-user.csv": fc.oneof(fc.constant(PER_USER), spoiled(PER_USER)),
      "b/manifest.json": fc.constant(JSON.stringify(MANIFEST)),
      "b/per-user.csv": fc.constant(PER_USER),
    }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readRunValues([`${folder}/a`, `${folder}/b`], "aligned");
    },
  },
  {
    name: "run-measures",
    inputs: fc.tuple(
      fc.nat(4),
      fc.record({
        "manifest.json": spoiledJson(MANIFEST),
        "per-user.csv": spoiled(PER_USER),
        "events.jsonl": events,
        "checkpoints/prior.safetensors": checkpoint,
        "checkpoints/align.safetensors": checkpoint,
      }),
    ).map(([which, all]): Parts => ({
      "manifest.json": which === 0 ? all["manifest.json"] : JSON.stringify(MANIFEST),
      "per-user.csv": which === 1 ? all["per-user.csv"] : PER_USER,
      "events.jsonl": which === 2 ? all["events.jsonl"] : linesOf(EVENTS),
      ...(which >= 3
        ? {
          "checkpoints/prior.safetensors": all["checkpoints/prior.safetensors"],
          "checkpoints/align.safetensors": all["checkpoints/align.safetensors"],
        }
        : {}),
    })),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readRunMeasures(folder);
    },
  },
  {
    name: "kept-config",
    inputs: fc.record({ "config.resolved.json": asBytes(spoiledJson(MANIFEST.config)) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await keptConfig(folder);
    },
  },
  {
    name: "kept-data",
    inputs: fc.record({ "data.json": asBytes(spoiledJson(MANIFEST.data)) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await keepData(folder, MANIFEST.data);
    },
  },
  {
    name: "events",
    inputs: fc.record({ "events.jsonl": asBytes(events) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      reportHtml(MANIFEST, await readEvents(`${folder}/events.jsonl`), { title: "a", dataName: "b" });
      await readCourse(folder);
    },
  },
  {
    name: "checkpoint",
    inputs: fc.record({
      "checkpoints/align-step-0000003.safetensors": checkpoint,
      "checkpoints/sft.safetensors": checkpoint,
    }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readCheckpoint(folder, "align");
      // What a checksum lets through could be wrong all the same, of another version.
      const { tensors, metadata } = decodeSafetensors(
        parts["checkpoints/align-step-0000003.safetensors"] as Uint8Array,
        "align",
      );
      const numbers = checkedJson(
        metadata["numbers"] ?? "{}",
        "align",
        z.record(z.string(), z.number().nullable()),
        "",
      );
      for (const name of ["epoch", "batch", "optimizerStep"]) countIn(numbers, name, "align");
      courseFrom(numbersIn(tensors, "epochs", Float64Array, "align"), "align");
      numbersIn(tensors, "multipliers", Float64Array, "align");
      exposureFrom(within("population", tensors), POPULATION, "align");
      const belief = [...within("belief", tensors)].map(([key, { data }]) => [key, data as Float64Array]);
      deserializeBelief(Object.fromEntries(belief));
      await readFinished(folder, "sft");
    },
  },
  {
    name: "experiment-plan",
    inputs: fc.record({ "experiment.json": asBytes(spoiledJson(PLAN)) }),
    async run(parts, folder) {
      writeParts(parts, folder);
      await keptExperiment(folder);
    },
  },
];
