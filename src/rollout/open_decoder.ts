import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { TokenId } from "../core/ids.ts";
import type { HostArray } from "../device/arrays.ts";
import { coarseSize } from "../device/coarse_size.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { decodePick, type DecodingCache, prefill } from "../model/cached_decoding.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { rotaryAngles, type SequenceLayout } from "../model/sequences.ts";
import { scoreTable } from "../model/token_table.ts";
import { logSumExp } from "../numerics/log_space.ts";
import { historiesOf } from "./histories.ts";
import type { Decision } from "./slate_walk.ts";

/** Children of a decision that are open, by their number, and their log-probabilities in nats. */
export interface OpenChildren {
  readonly children: readonly number[];
  readonly logProbs: Float64Array;
}

/** Slates that are being decoded on the device, B·G rows. */
export interface OpenDecoder extends Disposable {
  /** For each row that decides, what it may take. */
  decide(decisions: readonly (Decision | null)[]): Promise<readonly (OpenChildren | null)[]>;
  /** One more token for each row, `at` of them before it; a row without one gets any. */
  advance(tokens: readonly (TokenId | null)[], at: number): void;
}

/** Reads the histories, and has room for `capacity` tokens of each slate. */
export function openDecoder(
  config: DecoderConfig,
  { trie, ...codec }: ItemCodec,
  parameters: Parameters,
  contexts: readonly Context[],
  { groupSize, capacity }: { readonly groupSize: number; readonly capacity: number },
): OpenDecoder {
  const histories = historiesOf(config, { trie, ...codec }, contexts);
  const { last, ...cache } = prefillOnDevice(config, parameters, histories, { groupSize, capacity });
  const angles = rotaryAngles(config, histories.length + capacity);
  const device = { config, parameters, cache, spans: histories.arrays.spans, angles, capacity };
  let hidden = last!;
  // Slates of a context share what was read of it until their first token.
  let perRow = groupSize;
  return {
    async decide(decisions) {
      const columns = new Map<TokenId, number>();
      for (const decision of decisions) {
        for (const token of decision === null ? [] : trie.children(decision.node)) {
          if (!columns.has(token)) columns.set(token, columns.size);
        }
      }
      if (columns.size === 0) return decisions.map(() => null);
      const tokens = new Int32Array(coarseSize(columns.size));
      for (const [token, column] of columns) tokens[column] = token;
      const scores = await scoresOf(device, hidden, tokens);
      return decisions.map((decision, row) => {
        if (decision === null) return null;
        const first = Math.floor(row / perRow) * tokens.length;
        const all = trie.children(decision.node);
        const closed = new Set(decision.closed);
        const children = [...all.keys()].filter((child) => !closed.has(child));
        const own = Float64Array.from(children, (child) => scores[first + columns.get(all[child]!)!]!);
        const total = logSumExp(own);
        return { children, logProbs: own.map((score) => score - total) };
      });
    },
    advance(tokens, at) {
      const next = nextOnDevice(device, Int32Array.from(tokens, (token) => token ?? codec.opening[0]!), at);
      hidden.dispose();
      hidden = next;
      perRow = 1;
    },
    [Symbol.dispose]: () => tf.dispose([hidden, ...Object.values(cache)]),
  };
}

/** What one step of decoding works with. */
interface DecodingDevice {
  readonly config: DecoderConfig;
  readonly parameters: Parameters;
  /** `history0`, `picks0` and so on by layer. */
  readonly cache: Readonly<Record<string, tf.Tensor>>;
  readonly spans: HostArray;
  readonly angles: HostArray;
  readonly capacity: number;
}

function prefillOnDevice(
  config: DecoderConfig,
  parameters: Parameters,
  histories: SequenceLayout,
  { groupSize, capacity }: { readonly groupSize: number; readonly capacity: number },
): Record<string, tf.Tensor> {
  return compute({
    name: "read histories",
    constants: { config, groupSize, capacity },
    arrays: histories.arrays,
    weights: parameters,
  }, (arrays) => {
    const { last, cache } = prefill(config, parameters, arrays, groupSize, capacity);
    const byLayer = (name: string, tensors: readonly tf.Tensor[]) =>
      tensors.map((tensor, layer) => [`${name}${layer}`, tensor] as const);
    return {
      last,
      ...Object.fromEntries([...byLayer("history", cache.history), ...byLayer("picks", cache.picks)]),
    };
  });
}

/** [rows, tokens] scores of some tokens. */
async function scoresOf(
  { config, parameters }: DecodingDevice,
  hidden: tf.Tensor,
  tokens: Int32Array,
): Promise<Float32Array> {
  const { scores } = await takeNumbers(compute({
    name: "score tokens",
    constants: { config },
    arrays: { tokens: { data: tokens, shape: [tokens.length] } },
    weights: { ...parameters, "last hidden": hidden },
  }, (arrays) => ({
    scores: tf.matMul(hidden as tf.Tensor2D, scoreTable(config, parameters).rows(arrays.tokens), false, true),
  })));
  return scores as Float32Array;
}

/** [rows, width] hidden states after the tokens, which enter the cache. */
function nextOnDevice(
  { config, parameters, cache, spans, angles, capacity }: DecodingDevice,
  tokens: Int32Array,
  at: number,
): tf.Tensor {
  if (at >= capacity) throw new RangeError(`Cannot decode: token ${at} of a slate, room for ${capacity}`);
  const { hidden } = compute({
    name: "decode token",
    constants: { config },
    arrays: {
      spans,
      angles,
      tokens: { data: tokens, shape: [tokens.length] },
      at: { data: Int32Array.of(at), shape: [1] },
    },
    weights: { ...parameters, ...cache },
  }, ({ spans, angles, tokens, at }) => {
    const layers = Array.from({ length: config.layers }, (_, layer) => layer);
    const kept: DecodingCache = {
      spans,
      history: layers.map((layer) => cache[`history${layer}`] as tf.Tensor2D),
      picks: layers.map((layer) => cache[`picks${layer}`]!),
    };
    return { hidden: decodePick(config, parameters, kept, tokens, at, angles) };
  });
  return hidden;
}
