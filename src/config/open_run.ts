import type { Context } from "../core/context.ts";
import type { UserIndex } from "../core/ids.ts";
import { contextNow } from "../data/past.ts";
import { evaluateSlates } from "../evaluate/evaluate_slates.ts";
import { randomKey } from "../numerics/random.ts";
import { checkNeeds } from "../reward/needs.ts";
import { checkCandidates } from "../rollout/candidates.ts";
import { rankAll } from "../rollout/roll_out.ts";
import { availabilityOf } from "./materials.ts";
import { openTrained } from "./open_trained.ts";
import type { OpenRun, Recommendation, RunEvaluation } from "./run_api.ts";

/**
 * Opens a finished run: its aligned weights (the supervised ones where nothing was aligned) and its data, read again.
 *
 * @throws {BladeError} when the folder is no finished run, its weights do not fit, or its data are gone or have changed.
 */
export async function openRun(folder: string): Promise<OpenRun> {
  const { config, materials, model, parameters, stage } = await openTrained(folder);
  const { dataset, split, registry } = materials;
  const items = dataset.catalog.ids.length;
  const beams = config.evaluate.decode === "beam" ? config.evaluate.beams : 1;
  const rank = (contexts: readonly Context[], cutoff: number) =>
    rankAll(model.policy, parameters, contexts, { cutoff, beams });

  return {
    config,
    dataset,
    async evaluate({ metrics: specs, perUser }): Promise<RunEvaluation> {
      const metrics = await Promise.all(specs.map((spec) => registry.load(spec)));
      checkNeeds(metrics, availabilityOf(dataset));
      const { contexts } = split.test;
      const cutoff = Math.max(config.align.cutoff, ...metrics.map((metric) => metric.cutoff ?? 0));
      checkCandidates(contexts, items, cutoff, "--metrics", dataset.users);
      const ranked = await rank(contexts, cutoff);
      const { results, perContext } = await evaluateSlates({
        system: stage === "sft" ? "reference" : "aligned",
        split: "test",
        items: ranked.items,
        cutoff,
        contexts,
        metrics,
        signals: materials.signals(split.test),
        resamples: config.evaluate.resamples,
        key: randomKey(config.seed).split("evaluate"),
      });
      return {
        metrics: Object.fromEntries(
          results.map((result) => [result.metric, {
            mean: result.mean,
            interval95: result.interval95,
            contexts: result.contexts,
            undefined: result.undefined,
          }]),
        ),
        perUser: perUser !== true
          ? []
          : [...perContext].flatMap(([metric, values]) =>
            [...values].map((value, row) => ({
              user: dataset.users[contexts[row]!.user]!,
              metric,
              value: Number.isNaN(value) ? null : value,
            }))
          ),
      };
    },

    async recommend(users, cutoff): Promise<readonly Recommendation[]> {
      const chosen: readonly UserIndex[] = users === "all" ? dataset.users.map((_, user) => user) : users;
      const contexts = chosen.map((user, contextId) =>
        contextNow(dataset.log, user, { contextId, maxHistory: config.data.maxHistory })
      );
      checkCandidates(contexts, items, cutoff, "--cutoff", dataset.users);
      const ranked = await rank(contexts, cutoff);
      return chosen.map((user, row) => ({
        user: dataset.users[user]!,
        items: Array.from({ length: cutoff }, (_, k) => {
          const item = ranked.items[row * cutoff + k]!;
          return {
            item: dataset.catalog.ids[item]!,
            title: dataset.catalog.titles[item]!,
            score: ranked.scores[row * cutoff + k]!,
          };
        }),
      }));
    },
  };
}
