import { bestOf } from "../core/best_of.ts";
import { coarseSize } from "../device/coarse_size.ts";
import type { DecoderConfig } from "../model/config.ts";
import { contextsAtOnce } from "../rollout/contexts_at_once.ts";
import { BRANCHES } from "../train/supervision.ts";
import type { DrawPass, GradientPass, Scores, Workload } from "../train/workload.ts";
import { alignMethodOf } from "./assemble.ts";
import type { ContextSizes, ExampleSizes, RunSizes } from "./run_sizes.ts";
import type { BladeConfig } from "./schema.ts";
import { startsContinued } from "./starts_continued.ts";
import { tokensOfItems } from "./token_counts.ts";
import { type TokenCounts } from "./token_counts.ts";

/** Contexts of a pass that ranks, and of one that draws for best-of-n. */
const RANKED = 128, CHOSEN = 64;

/** The moments of a run in which it may hold most: steps, and slates drawn without a gradient. */
export function runMoments(config: BladeConfig, decoder: DecoderConfig, sizes: RunSizes): Workload[] {
  const { align, sft, evaluate, target, reward } = config;
  const aligns = align.method !== "sft";
  const continues = startsContinued(config) || evaluate.systems.includes("sft-continued");
  const { cutoff } = align;
  const validated = Math.max(cutoff, 10);
  const validation = drawn(config, decoder, sizes, sizes.validation, RANKED, { group: 1, cutoff: validated });
  const trained = (name: string, copies: number, passes: Record<string, Workload["pass"] | null>) =>
    Object.entries({ ...passes, [`validation in ${name}`]: validation }).flatMap(([at, pass]) =>
      pass === null ? [] : [{ name: at, optimizer: true, copies, pass }]
    );
  // The best weights of the stage, and those of the stages before.
  const fits = [
    ...sft.epochs === 0 ? [] : trained("sft", 1, fitPasses(config, decoder, sizes, sizes.sft, "sft", sft)),
    ...!continues || align.epochs === 0
      ? []
      : trained("sft-continued", 2, fitPasses(config, decoder, sizes, sizes.heldOut, "sft-continued", align)),
  ];
  const before = continues ? 1 : 0;
  const draws = (group: number) => drawn(config, decoder, sizes, sizes.align, align.batch, { group, cutoff });
  const prior = aligns || reward.combine === "quantile"
    ? [{ name: "slates of the prior", optimizer: false, copies: before, pass: draws(target.priorSlates) }]
    : [];
  const aligned = !aligns || align.epochs === 0 ? [] : trained("align", 2 + before + averages(config), {
    "slates of a step of align": draws(align.groupSize),
    "a step of align": alignPass(config, sizes),
  });
  const groups = evaluate.systems.flatMap((system) => bestOf(system, target.n) ?? []);
  const options = { cutoff: sizes.listLength };
  const beams = evaluate.decode === "beam" ? evaluate.beams : 1;
  const evaluated = [
    drawn(config, decoder, sizes, sizes.test, RANKED, { ...options, group: beams, beams }),
    ...groups.map((group) => drawn(config, decoder, sizes, sizes.test, CHOSEN, { ...options, group })),
  ].map((pass) => ({ name: "evaluation", optimizer: false, copies: before + (aligns ? 1 : 0), pass }));
  return [...fits, ...prior, ...aligned, ...evaluated];
}

/** Trees that a moving anchor or an opponent takes. */
function averages(config: BladeConfig): number {
  const anchor = alignMethodOf(config).anchor ?? config.align.anchor;
  return anchor === "ema" || anchor === "opponent" ? 1 : 0;
}

/** What supervised training does in a step. */
function fitPasses(
  config: BladeConfig,
  decoder: DecoderConfig,
  sizes: RunSizes,
  examples: ExampleSizes,
  name: string,
  { batch: wanted, microBatch }: { readonly batch: number; readonly microBatch: number | null },
): Record<string, Workload["pass"] | null> {
  const { cutoff } = config.align;
  const { rows, parts } = partsOf(Math.min(wanted, examples.count), microBatch);
  const { tokens, closing, items } = sizes;
  const branches = Math.min(BRANCHES, examples.targets);
  const history = filled(examples.history);
  const completes = tokens === null && config.model.slate === "autoregressive" && cutoff > 1;
  const common = { kind: "gradient", rows, parts, drops: dropsInFit(config) } as const;
  if (tokens === null) {
    const inSlates = completes ? branches * (cutoff - 1) : 0;
    const kept = filled(rows * (Math.min(examples.targets, history) + inSlates), 256);
    const negatives = config.sft.loss === "sampled" ? Math.min(config.sft.negatives, items) : null;
    const scores = { kind: "catalog", rows: kept, columns: negatives ?? items, targets: 1 } as const;
    const step: GradientPass = {
      ...common,
      columns: history + inSlates,
      kept,
      tableGathers: negatives === null ? 0 : 1,
      scores: [scores],
    };
    const plausible: DrawPass = {
      ...{ kind: "draw", rows, readTogether: rows, columns: history, slates: 0, capacity: 0, caches: 0 },
      scores: [{ kind: "catalog", rows: coarseSize(rows * branches), columns: items, targets: 0 }],
    };
    return { [`picks of a step of ${name}`]: completes ? plausible : null, [`a step of ${name}`]: step };
  }
  const later = cutoff > 1 ? 1 : 0;
  const longest = closing + tokensOfItems(tokens, cutoff);
  const first = closing + tokensOfItems(tokens, 1);
  const columns = branchColumns(
    branches + later,
    later === 1 ? longest : first,
    branches * first + later * longest,
  );
  const drawnFirst: DrawPass = {
    ...tokenDraw(decoder, sizes, tokens, { rows, prompt: examples.history + closing, group: 1, cutoff }),
  };
  return {
    [`slates of a step of ${name}`]: later === 1 ? drawnFirst : null,
    [`a step of ${name}`]: {
      ...common,
      columns: history + columns,
      ...decided(config, tokens, rows * (branches + later)),
    },
  };
}

/** The step of alignment. */
function alignPass(config: BladeConfig, sizes: RunSizes): GradientPass {
  const { align: { batch: wanted, groupSize, cutoff, microBatch, dropout }, model } = config;
  const { rows, parts } = partsOf(Math.min(wanted, sizes.align.count), microBatch);
  const { tokens, items } = sizes;
  const history = filled(sizes.align.prompt);
  const common = { kind: "gradient", rows, parts, drops: dropout > 0 } as const;
  const picks = rows * groupSize * cutoff;
  if (tokens !== null) {
    const slate = tokensOfItems(tokens, cutoff);
    const columns = branchColumns(groupSize, slate, tokensOfItems(tokens, groupSize * cutoff));
    return { ...common, columns: history + columns, ...decided(config, tokens, picks) };
  }
  if (model.slate === "autoregressive") {
    return {
      ...{ ...common, columns: history + groupSize * (cutoff - 1), kept: picks, tableGathers: 0 },
      scores: [{ kind: "catalog", rows: picks, columns: items, targets: 1 }],
    };
  }
  return {
    ...{ ...common, columns: history, kept: rows, tableGathers: 0 },
    scores: [
      { kind: "catalog", rows, columns: items, targets: groupSize * cutoff },
      // What the slates of a context pick, held against each other, and each rank against those behind it.
      { kind: "whole", rows: rows * groupSize, columns: groupSize * cutoff + 1, copies: 6 },
      { kind: "whole", rows: picks, columns: cutoff + 1, copies: 4 },
    ],
  };
}

/** Decisions of items of several tokens each. */
function decided(
  { model }: BladeConfig,
  tokens: TokenCounts,
  items: number,
): Pick<GradientPass, "kept" | "scores" | "tableGathers"> {
  const few = coarseSize(Math.ceil(items * tokens.few)), many = coarseSize(Math.ceil(items * tokens.many));
  const scores: Scores[] = [
    { kind: "few", rows: few, columns: coarseSize(tokens.fewTokens) },
    { kind: "catalog", rows: many, columns: coarseSize(tokens.manyTokens), targets: 1 },
  ];
  const trainsTable = model.pretrained === null || model.train === "all";
  return { kept: few + many, scores, tableGathers: trainsTable ? 2 : 0 };
}

/** Slates drawn for some contexts of a set, `atOnce` at a time. */
function drawn(
  config: BladeConfig,
  decoder: DecoderConfig,
  sizes: RunSizes,
  { count, prompt }: ContextSizes,
  atOnce: number,
  o: { readonly group: number; readonly cutoff: number; readonly beams?: number },
): DrawPass {
  const rows = Math.min(atOnce, count);
  const { group, cutoff } = o;
  if (sizes.tokens !== null) {
    return tokenDraw(decoder, sizes, sizes.tokens, {
      rows,
      prompt,
      group: o.beams === undefined ? group : 1,
      cutoff,
    });
  }
  const decodes = config.model.slate === "autoregressive";
  const searches = decodes && (o.beams ?? 1) > 1;
  const slates = decodes ? rows * group : 0;
  return {
    ...{ kind: "draw", rows, readTogether: rows, columns: filled(prompt), slates },
    capacity: Math.max(1, cutoff - 1),
    caches: searches ? 2 : 1,
    scores: [
      searches
        ? { kind: "whole", rows: slates, columns: sizes.items, copies: 4 }
        : { kind: "catalog", rows: decodes ? slates : rows, columns: sizes.items, targets: 0 },
    ],
  };
}

function tokenDraw(
  decoder: DecoderConfig,
  sizes: RunSizes,
  { longest, decidedTokens }: TokenCounts,
  o: { readonly rows: number; readonly prompt: number; readonly group: number; readonly cutoff: number },
): DrawPass {
  const { prompt, group: groupSize } = o;
  const capacity = o.cutoff * longest;
  const rows = Math.min(o.rows, contextsAtOnce(decoder, { prompt, groupSize, capacity }));
  const slates = rows * groupSize;
  return {
    ...{ kind: "draw", rows, readTogether: rows, columns: filled(prompt), slates, caches: 1, capacity },
    scores: [{
      kind: "whole",
      rows: slates,
      columns: coarseSize(Math.min(decidedTokens, sizes.items)),
      copies: 1,
    }],
  };
}

function dropsInFit({ model }: BladeConfig): boolean {
  if (model.pretrained === null) return model.dropout > 0;
  return model.train === "adapters" && model.lora.dropout > 0;
}

/** Rows of the largest part of a batch. */
function partsOf(batch: number, microBatch: number | null) {
  const parts = microBatch === null ? 1 : Math.max(1, Math.ceil(batch / microBatch));
  return { parts, rows: Math.ceil(batch / parts) };
}

/** Columns of branches: side by side, or one right after the other where that spares a quarter. */
function branchColumns(branches: number, longest: number, together: number): number {
  const aligned = branches * longest, packed = filled(together);
  return packed >= 0.75 * aligned ? aligned : packed;
}

function filled(size: number, step = 8): number {
  return step * Math.ceil(size / step);
}
