import type { DecoderConfig } from "../model/config.ts";
import { projectionParts, PROJECTIONS } from "../model/lora.ts";
import { blockNumbers, type HeldNumbers } from "./block_memory.ts";
import { scoreMemory } from "./score_memory.ts";
import { type NamedTensor, type Sized, sized } from "./sized.ts";
import type { DrawPass, GradientPass } from "./workload.ts";

/** What a pass holds beside weights. */
export interface PassMemory {
  readonly activations: Sized;
  readonly scores: Sized;
  readonly caches: Sized;
}

/**
 * What a pass of the decoder holds at its largest. For n tokens, of which the last of L layers keeps k:
 *
 * - activations with a gradient: over all blocks, n times what `blockNumbers` says is saved and made going back, k
 *   times for what the last block does after mixing. With `recompute` three residual streams of n·width a block, and
 *   one block's inside.
 *   A twelfth on top is spare.
 * - activations without: one block's inside, and L + 2 residual streams; or where slates are decoded L insides of a
 *   token of each, if that is more
 * - scores: see `scoreMemory`
 * - decoding caches: queries, keys and values of the histories, L·n·(heads + 2·kvHeads)·head, and keys and values of the
 *   slates, L·slates·capacity·2·kvHeads·head
 */
export function passMemory(decoder: DecoderConfig, pass: GradientPass | DrawPass): PassMemory {
  return {
    activations: pass.kind === "gradient" ? activationsOf(decoder, pass) : readingOf(decoder, pass),
    scores: scoreMemory(decoder, pass.scores, pass.kind === "gradient"),
    caches: pass.kind === "gradient" ? sized(0, []) : cachesOf(decoder, pass),
  };
}

/** Sums, masks and what an allocator leaves between tensors: a few hundredths of what was measured. */
const SPARE = 1.08;

/** Integers of a token that a pass is told: itself, its position, whom it sees, whether it is a pick. */
const TOLD = 6;

function activationsOf(decoder: DecoderConfig, { rows, columns, kept, drops }: GradientPass): Sized {
  const { layers, width, heads, headWidth, marksPicks } = decoder;
  const { mixing, rest } = blockNumbers(decoder, drops);
  const tokens = rows * columns;
  const held = ({ saved, gradient }: HeldNumbers) => saved + gradient;
  const block = tokens * (held(mixing) + held(rest));
  // What is kept is taken out of its input and the mixed tokens, and the gradient put back among zeros.
  const last = tokens * held(mixing) + Math.min(kept, tokens) * held(rest) +
    (kept < tokens ? (tokens + kept) * (width + heads * headWidth) : 0);
  const blocks = decoder.recompute
    ? layers * tokens * 3 * width + Math.max(layers > 1 ? block : 0, last)
    : (layers - 1) * block + last;
  const embedded = tokens * width * (2 + (drops && decoder.lora === null ? 2 : 0) + (marksPicks ? 6 : 0));
  return sized(
    SPARE * (blocks + embedded + tokens * TOLD + kept * width * 6 + unpacked(decoder)),
    tensorsOf(decoder, tokens, layers > 1 ? tokens : kept),
  );
}

function readingOf(decoder: DecoderConfig, { readTogether, columns, slates }: DrawPass): Sized {
  const { layers, width } = decoder;
  const { mixing, rest } = blockNumbers(decoder, false);
  const inside = mixing.inside + rest.inside;
  const tokens = readTogether * columns;
  const reading = tokens * (inside + (layers + 2) * width + TOLD);
  const decoding = slates * layers * inside;
  return sized(Math.max(reading, decoding) + unpacked(decoder), tensorsOf(decoder, tokens, tokens));
}

function cachesOf(decoder: DecoderConfig, { rows, columns, slates, capacity, caches }: DrawPass): Sized {
  if (slates === 0) return sized(0, []);
  const { layers, heads, kvHeads, headWidth } = decoder;
  const history = { name: "cache of histories", shape: [rows * columns, (heads + 2 * kvHeads) * headWidth] };
  const picks = { name: "cache of slates", shape: [slates, capacity, 2 * kvHeads * headWidth] };
  const numbers = ({ shape }: NamedTensor) => shape.reduce((product, size) => product * size, 1);
  return sized(layers * (numbers(history) + caches * numbers(picks)), [history, picks]);
}

/** The tensors of a block that may be the widest; `after` of the tokens go on behind the mixing. */
function tensorsOf(decoder: DecoderConfig, tokens: number, after: number): NamedTensor[] {
  const { heads, kvHeads, headWidth, hidden, width } = decoder;
  return [
    { name: "gates", shape: [after, 2 * hidden] },
    { name: "queries, keys and values", shape: [tokens, (heads + 2 * kvHeads) * headWidth] },
    { name: "hidden states", shape: [tokens, width] },
  ];
}

/** 32-bit numbers of the largest matrix that is kept in 16 bits: they are there while it is multiplied with. */
function unpacked(decoder: DecoderConfig): number {
  if (decoder.half === null) return 0;
  return Math.max(...PROJECTIONS.map((projection) => {
    const { rows, parts } = projectionParts(decoder, projection);
    return rows * parts.reduce((sum, { columns }) => sum + columns, 0);
  }));
}
