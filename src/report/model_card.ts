import { basename } from "@std/path";
import type { BladeConfig } from "../config/schema.ts";
import type { Result } from "../core/results.ts";
import { methodOf } from "../objective/methods.ts";
import { duration } from "./duration.ts";
import type { RunManifest } from "./manifest.ts";
import { markdownCode, markdownText } from "./markdown.ts";
import { methodWords } from "./method_words.ts";
import { resultGrid } from "./result_grid.ts";
import { rewardWords } from "./reward_words.ts";
import { differenceCell, systemLabel } from "./results_table.ts";

/** What a model card tells beside the manifest. */
export interface ModelCardFacts {
  /** Name of the run for people: that of its folder. */
  readonly title: string;
  readonly dataName: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Licence of the data, as the configuration states it; null when it does not. */
  readonly dataLicence: string | null;
  /** Numbers that the model consists of. */
  readonly parameters: number;
}

/**
 * The model card of a run, as Markdown: what the model is for, what it learned from, to which objective, and how it
 * did. Text from data and plugins is escaped.
 *
 * @param manifest the run's record
 * @param facts what the manifest does not hold
 */
export function modelCard(manifest: RunManifest, facts: ModelCardFacts): string {
  const { config, runtime } = manifest;
  const { model, align, reward } = config;
  const count = (value: number) => value.toLocaleString("en");
  const objective = rewardWords(reward, (spec) => markdownCode(spec));
  const warnings = manifest.warnings.map((warning) => `- ${markdownText(warning)}\n`).join("");
  return `# Model card: ${markdownText(facts.title)}

A decoder that recommends lists of ${align.cutoff} items to users of one data set, from what they met before.
It knows the users' histories and nothing else of them, and can name only the items of its catalog.

## Data
${markdownText(facts.dataName)}: ${count(facts.users)} users, ${count(facts.items)} items, ${
    count(facts.interactions)
  } interactions
after filtering (${config.data.kCore}-core${
    config.data.minRating === null ? "" : `, ratings of at least ${config.data.minRating}`
  }), split ${config.data.split}.
${licence(facts.dataLicence)}

${
    manifest.data.map((file) =>
      `- ${markdownCode(basename(file.path))}, ${count(file.bytes)} bytes, SHA-256 \`${file.sha256}\`\n`
    ).join("")
  }
## Model
${model.layers} layers of width ${model.width}, ${model.heads} heads, ${
    count(facts.parameters)
  } parameters; lists are ${model.slate}, items are ${model.codec} tokens.

## Objective
Reward: ${objective}.
${alignment(config)}

## Results
${resultsMarkdown(manifest.results)}
${warnings === "" ? "" : `## Warnings\n${warnings}\n`}## Limits
Measured on held-out past interactions, which favour what was shown at the time; no live test stands behind the
numbers. Groups of users or items that the data hold few of are served worse than the means tell.

## Run
Run ${markdownCode(manifest.runId)}: ${manifest.startedAt}, ${
    duration(manifest.durationMs)
  }, seed ${manifest.seed}, ${manifest.outcome};
code ${
    manifest.commit ?? "of no known commit"
  }; deno ${runtime.deno}, tfjs ${runtime.tfjs} on ${runtime.backend}${
    runtime.adapter === null ? "" : ` (${markdownText(runtime.adapter)})`
  }, ${runtime.threads} ${runtime.threads === 1 ? "thread" : "threads"}.
${
    manifest.plugins.map((plugin) => `- plugin ${markdownCode(plugin.spec)}, SHA-256 \`${plugin.sha256}\`\n`)
      .join("")
  }`;
}

/** Weights learn from the data: whoever passes them on has to know on what terms the data came. */
function licence(stated: string | null): string {
  return stated === null
    ? "Licence of the data: not stated. Ask its source before you pass on the weights, or lists made with them."
    : `Licence of the data: ${markdownText(stated)}. It may also bind the weights, and lists made with them.`;
}

function alignment({ align, target }: BladeConfig): string {
  if (align.method === "sft") return "Supervised next-item learning alone, no alignment to the reward.";
  const start = align.start === "sft-continued" ? "From the model that learned the same labels, " : "";
  const effort = `${start}${align.groupSize} lists per context, ${align.epochs} visits${
    align.patience === null ? "" : " at most"
  }, KL to the reference weighed ${align.klCoefficient}.`;
  const method = methodOf(align.method);
  if (method?.target !== "any") {
    return `Aligned by ${methodWords({ align, target })}: ${method?.summary},\n${effort}`;
  }
  return `Aligned by ${align.method} (${align.objective}, anchor ${align.anchor}) to a ${target.kind} best-of-${target.n} target,
${effort}
The target is this program's own derivation from published work on best-of-N alignment.`;
}

/** Means, then paired differences, as Markdown tables; the run's manifest holds every number. */
function resultsMarkdown(results: readonly Result[]): string {
  if (results.length === 0) return "None: the run measured nothing.\n";
  const { systems, metrics, at, comparisons } = resultGrid(results);
  const names = metrics.map((metric) => markdownCode(metric).replaceAll("|", "\\|"));
  const means = markdownTable(
    ["system", ...names],
    systems.map((system) => [systemLabel(system), ...metrics.map((metric) => meanCell(at(system, metric)))]),
  );
  const differences = markdownTable(
    ["metric", ...comparisons.map(({ label }) => label)],
    metrics.flatMap((metric, row) => {
      const pairs = comparisons.map(({ byMetric }) => byMetric.get(metric));
      return pairs.every((pair) => pair === undefined) ? [] : [[names[row]!, ...pairs.map(differenceCell)]];
    }),
  );
  const users = Math.max(...results.map((result) => result.contexts));
  return `Means over ${users} ${
    results[0]!.split
  } users, with 95 % bootstrap intervals. best-of-n, where it is shown,
reads the labels: a bound, no competitor.

${means}${
    comparisons.length === 0
      ? ""
      : `\nDifferences over the same users, paired, with 95 % bootstrap intervals.\n\n${differences}`
  }`;
}

function meanCell(result: Result | undefined): string {
  if (result === undefined || result.mean === null) return "–";
  const { mean, interval95 } = result;
  if (interval95 === null) return mean.toFixed(4);
  return `${mean.toFixed(4)} [${interval95.map((bound) => bound.toFixed(4)).join(", ")}]`;
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
