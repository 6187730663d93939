import type { BladeConfig } from "../config/schema.ts";
import type { Result } from "../core/results.ts";
import type { RunManifest } from "./manifest.ts";
import { duration } from "./duration.ts";
import { signed, systemLabel } from "./results_table.ts";

/** What a model card tells beside the manifest. */
export interface ModelCardFacts {
  readonly dataName: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Licence of the data, as far as their files tell; null when unknown. */
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
  const terms = reward.terms.map((term) => `${term.weight} × \`${escaped(term.metric)}\``).join(" + ");
  const warnings = manifest.warnings.map((warning) => `- ${escaped(warning)}\n`).join("");
  return `# Model card: ${escaped(manifest.runId)}

A decoder that recommends lists of ${align.cutoff} items to users of one data set, from what they met before.
It knows the users' histories and nothing else of them, and can name only the items of its catalog.

## Data
${escaped(facts.dataName)}: ${count(facts.users)} users, ${count(facts.items)} items, ${
    count(facts.interactions)
  } interactions
after filtering (${config.data.kCore}-core${
    config.data.minRating === null ? "" : `, ratings of at least ${config.data.minRating}`
  }), split ${config.data.split}.
Licence of the data: ${
    facts.dataLicence === null ? "not stated in its files; ask its source" : escaped(facts.dataLicence)
  }.

${
    manifest.data.map((file) =>
      `- \`${escaped(file.path)}\`, ${count(file.bytes)} bytes, SHA-256 \`${file.sha256}\`\n`
    ).join("")
  }
## Model
${model.layers} layers of width ${model.width}, ${model.heads} heads, ${
    count(facts.parameters)
  } parameters; lists are ${model.slate}, items are ${model.codec} tokens.

## Objective
Reward: ${terms}.
${alignment(config)}

## Results
${resultsMarkdown(manifest.results)}
${warnings === "" ? "" : `## Warnings\n${warnings}\n`}## Limits
Measured on held-out past interactions, which favour what was shown at the time; no live test stands behind the
numbers. Groups of users or items that the data hold few of are served worse than the means tell.

## Run
${manifest.startedAt}, ${duration(manifest.durationMs)}, seed ${manifest.seed}, ${manifest.outcome};
code ${
    manifest.commit ?? "of no known commit"
  }; deno ${runtime.deno}, tfjs ${runtime.tfjs} on ${runtime.backend}${
    runtime.adapter === null ? "" : ` (${escaped(runtime.adapter)})`
  }, ${runtime.threads} threads.
${
    manifest.plugins.map((plugin) => `- plugin \`${escaped(plugin.spec)}\`, SHA-256 \`${plugin.sha256}\`\n`)
      .join("")
  }`;
}

function alignment({ align, target }: BladeConfig): string {
  if (align.method === "sft") return "Supervised next-item learning alone, no alignment to the reward.";
  return `Aligned by ${align.method} (${align.objective}, anchor ${align.anchor}) to a ${target.kind} best-of-${target.n} target,
${align.groupSize} lists per context, ${align.epochs} visits, KL to the reference weighed ${align.klCoefficient}.
The target is this program's own derivation from published work on best-of-N alignment.`;
}

/** Results as a Markdown table, one row per system and metric. */
export function resultsMarkdown(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { mean, interval95, versusReference } = result;
    return [
      systemLabel(result.system),
      `\`${escaped(result.metric)}\``,
      result.split,
      mean === null ? "–" : mean.toFixed(4),
      interval95 === null ? "–" : `[${interval95.map((bound) => bound.toFixed(4)).join(", ")}]`,
      versusReference === undefined
        ? ""
        : `${signed(versusReference.difference)} [${versusReference.interval95.map(signed).join(", ")}]`,
      String(result.contexts),
    ];
  });
  const header = ["system", "metric", "split", "mean", "95 % interval", "versus reference", "users"];
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** Keeps text from being read as Markdown or HTML. */
function escaped(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replace(
    /[|`*_\[\]\\]/g,
    "\\$&",
  );
}
