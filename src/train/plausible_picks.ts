import type { ItemCodec } from "../codec/item_codec.ts";
import { coarseSize } from "../device/coarse_size.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { emptyPicks } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { hiddenStates, keepAt } from "../model/decoder.ts";
import type { Parameters } from "../model/parameters.ts";
import { layOutSequences } from "../model/sequences.ts";
import type { RandomKey } from "../numerics/random.ts";
import { itemLists } from "../rollout/candidates.ts";
import { drawFromHidden } from "../rollout/draw.ts";
import { historyTokens } from "../rollout/histories.ts";
import type { NextItemExample, NextItemTarget } from "./next_item_examples.ts";

/** Temperatures of the picks, by branch: as slates are sampled, and close to the slate that is shown. */
const SPREADS = [1, 0.25];

/**
 * For each chosen target of each example, cutoff − 1 distinct items drawn from the model's scores there, neither seen
 * nor the target.
 */
export async function plausiblePicks(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  examples: readonly NextItemExample[],
  chosen: readonly (readonly Pick<NextItemTarget, "after" | "item">[])[],
  { cutoff, key }: { readonly cutoff: number; readonly key: RandomKey },
): Promise<number[][][]> {
  if (cutoff === 1) return chosen.map((targets) => targets.map(() => []));
  const items = codec.trie.children(codec.trie.root).length;
  const histories = layOutSequences(
    config,
    examples.map(({ history }) => ({ history: historyTokens(codec, history), branches: [] })),
    codec.opening[0]!,
  );
  const asked = chosen.flatMap((targets, row) =>
    targets.map(({ after, item }, branch) => ({
      position: histories.historyPosition(row, after),
      barred: [...examples[row]!.history.slice(0, after), item],
      spread: SPREADS[branch % SPREADS.length]!,
    }))
  );
  const rows = coarseSize(asked.length), count = cutoff - 1;
  const places = new Int32Array(rows), keys = new Int32Array(2 * rows), spreads = new Float32Array(rows);
  asked.forEach(({ position, spread }, place) => {
    places[place] = position;
    spreads[place] = spread;
    keys.set(key.split("picks", place).words, 2 * place);
  });
  const { drawn } = await takeNumbers(compute({
    name: "plausible picks",
    constants: { config, items, count },
    arrays: {
      ...histories.arrays,
      ...itemLists(Array.from({ length: rows }, (_, place) => asked[place]?.barred ?? [])),
      places: { data: places, shape: [rows] },
      keys: { data: keys, shape: [rows, 2] },
      spreads: { data: spreads, shape: [rows] },
    },
    weights: parameters,
  }, (arrays) => {
    const hidden = hiddenStates(config, parameters, arrays, { keep: keepAt(arrays.places) });
    const picks = emptyPicks(rows, count);
    drawFromHidden(parameters, hidden, arrays, picks, { at: 0, count, items });
    return { drawn: picks.items };
  }));
  let place = 0;
  return chosen.map((targets) =>
    targets.map(() => {
      const picks = drawn.subarray(place * count, (place + 1) * count);
      place++;
      return [...picks].filter((pick) => pick >= 0);
    })
  );
}
