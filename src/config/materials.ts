import type { ContextSet } from "../core/context.ts";
import type { DataFile, Dataset, InteractionLog, Popularity } from "../core/dataset.ts";
import type { Signals } from "../core/signals.ts";
import { alignmentContexts } from "../data/alignment_contexts.ts";
import { popularityOf } from "../data/popularity.ts";
import { readDataset } from "../data/read_dataset.ts";
import { signalsOf } from "../data/signals.ts";
import { type Split, splitDataset } from "../data/split.ts";
import type { Constraint } from "../reward/constraints.ts";
import { checkNeeds } from "../reward/needs.ts";
import { createRegistry, type LoadedMetric, type MetricRegistry } from "../reward/registry.ts";
import type { RewardTerm } from "../reward/score_rollouts.ts";
import { checkCandidates } from "../rollout/candidates.ts";
import { checkPromptLengths, type ModelPlan, planModel } from "./plan_model.ts";
import type { BladeConfig } from "./schema.ts";

/** Everything a run works on that is not a tensor: the data cut into its parts, and the metrics. */
export interface Materials {
  readonly dataset: Dataset;
  readonly split: Split;
  /** What supervised fine-tuning reads: train, less the targets of alignment where these are kept unseen. */
  readonly sftLog: InteractionLog;
  readonly align: ContextSet;
  /** How items become tokens, and the decoder that reads them. */
  readonly plan: ModelPlan;
  /** Every file that decides what the run computes: data, checkpoint, ids of items. */
  readonly files: readonly DataFile[];
  /** Of train. */
  readonly popularity: Popularity;
  readonly terms: readonly RewardTerm[];
  readonly constraints: readonly Constraint[];
  /** Of the evaluation; the constraints' metrics are among them. */
  readonly metrics: readonly LoadedMetric[];
  /** To be disposed of by who asked for the materials: it holds the processes of isolated plugins. */
  readonly registry: MetricRegistry;
  /** Items of a list in evaluation: the slate's cutoff, or the largest that a metric asks for. */
  readonly listLength: number;
  /** What judges may read of a part. */
  signals(set: ContextSet): Signals;
}

/**
 * Reads the data and loads the metrics of a run, and refuses what would fail later: a metric whose signal the data
 * lack, a slate longer than what a user has not seen.
 */
export async function prepareMaterials(config: BladeConfig): Promise<Materials> {
  const { data, align: alignment, reward, evaluate } = config;
  await using closing = new AsyncDisposableStack();
  const registry = closing.use(await createRegistry(config.plugins, reward));
  const terms = await Promise.all(
    reward.terms.map(async ({ metric, weight }) => ({ metric: await registry.load(metric), weight })),
  );
  const constraints = await Promise.all(reward.constraints.map(async (constraint): Promise<Constraint> => ({
    metric: await registry.load(constraint.metric),
    ...constraint.atMost === undefined
      ? { side: "atLeast", bound: constraint.atLeast! }
      : { side: "atMost", bound: constraint.atMost },
  })));
  const specs = new Set([...evaluate.metrics, ...reward.constraints.map(({ metric }) => metric)]);
  const metrics = await Promise.all([...specs].map((spec) => registry.load(spec)));
  const dataset = await readDataset(data);
  checkNeeds([...terms, ...metrics], availabilityOf(dataset));
  const split = splitDataset(dataset, data);
  const { sft: sftLog, align } = alignmentContexts(split.train, {
    ...alignment,
    maxHistory: data.maxHistory,
  });
  const listLength = Math.max(
    alignment.cutoff,
    ...[...metrics, ...terms.map(({ metric }) => metric)].map(({ cutoff }) => cutoff ?? 0),
  );
  const items = dataset.catalog.ids.length;
  const lists = [align, split.validation, split.test];
  for (const { contexts } of lists) {
    checkCandidates(
      contexts,
      items,
      listLength,
      "align.cutoff and the cutoffs of the metrics",
      dataset.users,
    );
  }
  const plan = await planModel(config, dataset, sftLog);
  checkPromptLengths(plan, lists.flatMap(({ contexts }) => contexts), listLength);
  const popularity = popularityOf(split.train, items);
  const signals = (set: ContextSet) => signalsOf(dataset, popularity, set);
  // From here on the processes of plugins are the caller's.
  closing.move();
  return {
    dataset,
    split,
    sftLog,
    align,
    plan,
    files: [...dataset.files, ...plan.files],
    popularity,
    terms,
    constraints,
    metrics,
    registry,
    listLength,
    signals,
  };
}

/** Which signals a data set has. */
export function availabilityOf(dataset: Dataset): Parameters<typeof checkNeeds>[1] {
  return {
    categories: dataset.catalog.categoryNames.length > 0,
    features: dataset.catalog.features !== undefined,
    embedding: false,
    userGroups: dataset.userGroups.size > 0,
    itemGroups: false,
  };
}
