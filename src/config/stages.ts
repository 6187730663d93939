import { join } from "@std/path";
import type { Observer } from "../core/observer.ts";
import { copyParameters, type Parameters, trainedShapes } from "../model/parameters.ts";
import { randomKey } from "../numerics/random.ts";
import { learnsOnline } from "../report/method_words.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { columnsOf, compose, type Composition, rewardsOf } from "../reward/composition.ts";
import { createPopulationState } from "../reward/marginal.ts";
import { createBelief, setPrior } from "../target/belief.ts";
import { align, type AlignSetting } from "../train/align.ts";
import { type AlignState, alignStateFrom, startAlignment } from "../train/align_state.ts";
import { numbersIn, under, weightsFrom, weightsOf, within } from "../train/checkpoint.ts";
import { finishStage, readCheckpoint, readFinished } from "../train/checkpoint_files.ts";
import { type Course, courseFrom, courseNumbers } from "../train/course.ts";
import { exposureFrom, exposureTensors } from "../train/exposure.ts";
import { fitNextItems, fitOptimizer, type FitOptions } from "../train/fit_next_items.ts";
import { fitStateFrom, startFit } from "../train/fit_state.ts";
import type { Keeper } from "../train/keeper.ts";
import type { Model } from "../train/model.ts";
import { heldOutExamples, type NextItemExample, nextItemExamples } from "../train/next_item_examples.ts";
import { bestOfNBound, type PriorRewards, rollOutPrior } from "../train/prior.ts";
import { type ValidationMeasure, validationScore } from "../train/validation.ts";
import { alignMethodOf, alignOptimizerOf, fitOptionsOf, updateOf } from "./assemble.ts";
import type { Materials } from "./materials.ts";
import type { BladeConfig } from "./schema.ts";

/** What every stage of a run works with. */
export interface Stage {
  readonly config: BladeConfig;
  readonly materials: Materials;
  readonly model: Model;
  readonly observer: Observer;
  readonly keeper: Keeper;
  readonly runFolder: string;
}

/** The supervised model: next-item cross-entropy from fresh weights, the epoch with the best validation nDCG@10. */
export async function referenceStage(stage: Stage): Promise<Parameters> {
  const { config, materials, model } = stage;
  const fresh = () => model.start(randomKey(config.seed).split("weights"));
  const examples = nextItemExamples(materials.sftLog, config.data.maxHistory);
  return await fitStage(stage, "sft", examples, fresh, await nextItemMeasure(stage));
}

/**
 * The control that has seen as many labels: cross-entropy from the reference on the very targets of alignment.
 *
 * @param composition by which its epochs are judged; null where alignment starts from it, before there is one: by nDCG@10
 */
export async function continuedStage(
  stage: Stage,
  reference: Parameters,
  composition: Pick<Composition, "terms"> | null,
): Promise<Parameters> {
  const { materials } = stage;
  const measure = composition === null ? await nextItemMeasure(stage) : { reward: composition.terms };
  const copy = () => Promise.resolve(copyParameters(reference));
  return await fitStage(stage, "sft-continued", heldOutExamples(materials.align), copy, measure);
}

async function nextItemMeasure({ materials }: Stage): Promise<ValidationMeasure> {
  return { metric: await materials.registry.load("ndcg@10") };
}

async function fitStage(
  stage: Stage,
  name: FitOptions["stage"],
  examples: readonly NextItemExample[],
  start: () => Promise<Parameters>,
  measure: ValidationMeasure,
): Promise<Parameters> {
  const { config, model, observer, keeper, runFolder } = stage;
  const shapes = trainedShapes(model.config);
  const place = placeOf(runFolder, name);
  const finished = await readFinished(runFolder, name);
  if (finished !== null) return weightsFrom("parameters", finished.tensors, shapes, place);
  const options = fitOptionsOf(config, name);
  const optimizer = fitOptimizer(examples.length, options);
  const kept = await readCheckpoint(runFolder, name);
  const state = kept === null
    ? startFit(await start(), optimizer)
    : fitStateFrom(kept, shapes, optimizer, place);
  const judge = validator(stage, measure);
  const validate = async (parameters: Parameters) => (await judge(parameters)).score;
  const { parameters, bestEpoch, bestScore } = await fitNextItems(
    model,
    examples,
    state,
    options,
    validate,
    observer,
    keeper,
  );
  await finishStage(runFolder, name, await weightsOf("parameters", parameters), { bestEpoch, bestScore });
  return parameters;
}

/** What alignment says of itself beside its weights. */
export interface AlignmentFacts {
  /** Whether the policy draws slates to learn from, so that their reward tells of it. */
  readonly online: boolean;
  /** What best-of-n of the reference reaches on the contexts of alignment. */
  readonly bestOfN: number;
  readonly course: Course;
  readonly bestEpoch: number;
  /** [constraints] after the last step. */
  readonly multipliers: Float64Array;
}

/** Alignment from the prior; the epoch with the best validation reward of those that keep the constraints. */
export async function alignedStage(
  stage: Stage,
  reference: Parameters,
  prior: PriorRewards,
  composition: Composition,
): Promise<{ parameters: Parameters; facts: AlignmentFacts }> {
  const { config, materials, model, observer, keeper, runFolder } = stage;
  const shapes = trainedShapes(model.config);
  const place = placeOf(runFolder, "align");
  const bestOfN = bestOfNBound(prior.slates, rewardsOf(composition.terms, prior), config.target.n);
  const online = learnsOnline(config.align.method, config.align.groupSize);
  const finished = await readFinished(runFolder, "align");
  if (finished !== null) {
    const course = courseFrom(numbersIn<Float64Array>(finished.tensors, "epochs", place));
    const parameters = weightsFrom("parameters", finished.tensors, shapes, place);
    const multipliers = numbersIn<Float64Array>(finished.tensors, "multipliers", place);
    return {
      parameters,
      facts: { online, bestOfN, course, bestEpoch: finished.numbers["bestEpoch"]!, multipliers },
    };
  }
  const setting = alignSettingOf(stage, reference, composition);
  const fresh = freshAlignment(stage, reference, prior, setting);
  const kept = await readCheckpoint(runFolder, "align");
  const start = kept === null ? fresh : alignStateFrom(kept, fresh, shapes, setting.optimizer, place);
  const { terms, constraints, scales } = composition;
  const validate = validator(stage, { reward: terms, constraints, scales });
  const aligned = await align(start, materials.align, setting, config.align, validate, observer, keeper);
  const { parameters, bestEpoch, bestScore, course, multipliers } = aligned;
  const numbers = courseNumbers(course);
  await finishStage(
    runFolder,
    "align",
    new Map([
      ["epochs", { shape: [numbers.length], data: numbers }],
      ["multipliers", { shape: [multipliers.length], data: multipliers }],
      ...await weightsOf("parameters", parameters),
    ]),
    { bestEpoch, bestScore },
  );
  return { parameters, facts: { online, bestOfN, course, bestEpoch, multipliers } };
}

/** Rolls the reference out on the contexts of alignment: what the belief starts from. */
export async function priorStage(stage: Stage, reference: Parameters): Promise<PriorRewards> {
  const { config, materials, model, observer, keeper, runFolder } = stage;
  const slates = config.target.priorSlates;
  const { discount } = config.target;
  const signals = materials.signals(materials.align);
  const columns = columnsOf(materials.terms, materials.constraints);
  const population = createPopulationState(columns, signals, { discount });
  const finished = await readFinished(runFolder, "prior");
  const place = placeOf(runFolder, "prior");
  if (finished !== null) {
    return {
      slates,
      values: columns.map((_, i) => numbersIn<Float64Array>(finished.tensors, `values.${i}`, place)),
      defined: numbersIn<Uint8Array>(finished.tensors, "defined", place),
      population: exposureFrom(within("population", finished.tensors), population),
    };
  }
  const { cutoff, batch, groupSize } = config.align;
  const key = randomKey(config.seed).split("prior");
  const options = { slates, cutoff, batch, groupSize, population, key };
  const prior = await rollOutPrior(
    model,
    reference,
    materials.align,
    columns,
    signals,
    options,
    observer,
    keeper,
  );
  const steps = Math.ceil(materials.align.contexts.length / batch);
  const rewards = rewardsOf(compositionOf(stage, prior).terms, prior);
  const bestOfN = bestOfNBound(slates, rewards, config.target.n);
  observer.step({ stage: "prior", step: steps, values: { bestOfN } });
  await finishStage(
    runFolder,
    "prior",
    new Map([
      ...prior.values.map((data, i) => [`values.${i}`, { shape: [data.length], data }] as const),
      ["defined", { shape: [prior.defined.length], data: prior.defined }],
      ...under("population", exposureTensors(prior.population)),
    ]),
  );
  return prior;
}

/** How the reward's metrics go together, fitted to the reference's slates. */
export function compositionOf({ config, materials }: Stage, prior: PriorRewards): Composition {
  const { combine, multiplierRate: rate } = config.reward;
  const { terms, constraints } = materials;
  const together = config.align.batch * config.align.groupSize;
  return compose({ combine, terms, constraints, rate }, prior, prior.slates, together);
}

function alignSettingOf(
  { config, materials, model }: Stage,
  reference: Parameters,
  composition: Composition,
): AlignSetting {
  const { emaDecay, klCoefficient, groupSize, cutoff } = config.align;
  const contexts = materials.align.contexts.length;
  return {
    model,
    reference,
    ...updateOf(config, contexts),
    optimizer: alignOptimizerOf(config, contexts),
    composition,
    signals: materials.signals(materials.align),
    emaDecay,
    klCoefficient,
    groupSize,
    cutoff,
    key: randomKey(config.seed).split("align"),
  };
}

function freshAlignment(
  { config, materials }: Stage,
  reference: Parameters,
  prior: PriorRewards,
  { optimizer, anchor, composition }: AlignSetting,
): AlignState {
  const { contexts } = materials.align;
  const empty = createBelief({
    ...config.target,
    ties: alignMethodOf(config).ties,
    contexts: contexts.length,
    columns: composition.terms.length,
  });
  const ids = contexts.map(({ contextId }) => contextId);
  const belief = setPrior(empty, ids, prior, prior.slates);
  return startAlignment(reference, optimizer, belief, prior.population, {
    average: anchor === "ema" || anchor === "opponent",
    constraints: composition.constraints.length,
  });
}

function validator({ config, materials, model }: Stage, measure: ValidationMeasure) {
  const { validation } = materials.split;
  const signals = materials.signals(validation);
  const cutoff = Math.max(config.align.cutoff, 10);
  return (parameters: Parameters) => validationScore(model, parameters, validation, signals, measure, cutoff);
}

function placeOf(runFolder: string, stage: string): string {
  return join(runFolder, RUN_FILES.checkpoints, `${stage}.safetensors`);
}
