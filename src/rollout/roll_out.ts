import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { Parameters } from "../model/parameters.ts";
import type { Policy, RankedSlates, RankOptions, SampleOptions } from "./policy.ts";

/** Contexts per pass of the decoder when a whole set is ranked. */
const PASS = 128;

/** G slates for each context, drawn from the policy as it is. */
export function rollOut(
  policy: Policy,
  parameters: Parameters,
  contexts: readonly Context[],
  options: SampleOptions,
): Promise<Slates> {
  return policy.sample(parameters, contexts, options);
}

/** The slates that the policy would show to any number of contexts, in their order. */
export async function rankAll(
  policy: Policy,
  parameters: Parameters,
  contexts: readonly Context[],
  options: RankOptions,
): Promise<RankedSlates> {
  const { cutoff } = options;
  const items = new Int32Array(contexts.length * cutoff);
  const scores = new Float64Array(contexts.length * cutoff);
  const behaviorLogProb = new Float64Array(contexts.length);
  // Contexts of like length share a pass; the result keeps the order asked for.
  const order = contexts.map((_, row) => row)
    .sort((one, other) => contexts[one]!.history.length - contexts[other]!.history.length || one - other);
  for (let from = 0; from < order.length; from += PASS) {
    const rows = order.slice(from, from + PASS);
    const part = await policy.rank(parameters, rows.map((row) => contexts[row]!), options);
    rows.forEach((row, i) => {
      items.set(part.items.subarray(i * cutoff, (i + 1) * cutoff), row * cutoff);
      scores.set(part.scores.subarray(i * cutoff, (i + 1) * cutoff), row * cutoff);
      behaviorLogProb[row] = part.behaviorLogProb[i]!;
    });
  }
  return { groupSize: 1, cutoff, items, scores, behaviorLogProb };
}
