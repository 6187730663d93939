import type * as tf from "@tensorflow/tfjs-core";
import { keyOfWords } from "../numerics/random.ts";
import type { CpuKernel } from "./cpu_kernel.ts";
import { FUSED } from "./fused.ts";
import { NO_SCORE } from "./ops_draw.ts";
import { exp } from "../numerics/exponentials.ts";
import { log } from "../numerics/logarithms.ts";

/** A row's picks in a draw. */
interface Kept {
  readonly value: number;
  readonly item: number;
  readonly score: number;
}

/** The kernels of decoding as plain loops: the reference for the other backends. */
export const CPU_DECODING_KERNELS: Readonly<Record<string, CpuKernel>> = {
  [FUSED.draw]: (inputs, attributes, valuesOf) => {
    const { times, perList, at, count, catalog, first } = attributes as Record<
      "times" | "perList" | "at" | "count" | "catalog" | "first",
      number
    >;
    const of = (name: string) => valuesOf(inputs[name]!);
    const [scores, starts, listed, keys, spreads] = ["scores", "starts", "listed", "keys", "spreads"].map(
      of,
    ) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [items, pickScores, rests] = [of("items"), of("pickScores"), of("rests")];
    const columns = inputs.scores!.shape[1]!, [rows, width] = inputs.items!.shape as [number, number];
    for (let r = 0; r < rows; r++) {
      const s = Math.floor(r / times), list = Math.floor(s / perList), own = r * width;
      const row = scores.subarray(s * columns, (s + 1) * columns);
      const exclude = (item: number) => {
        if (item >= first && item < first + columns) row[item - first] = NO_SCORE;
      };
      listed.subarray(starts[list], starts[list + 1]).forEach(exclude);
      items.subarray(own, own + at).forEach(exclude);
      const { uniform } = keyOfWords(keys[2 * r]!, keys[2 * r + 1]!), spread = spreads[r]!;
      const perturbed = (item: number, score: number): Kept => {
        if (spread === 0) return { value: score, item, score };
        const noise = Math.fround(-log(-log(uniform(at * catalog + item))));
        return { value: Math.fround(score + Math.fround(spread * noise)), item, score };
      };
      const before: Kept[] = [];
      for (let k = own + at; first > 0 && k < own + at + count; k++) {
        if (items[k]! >= 0) before.push(perturbed(items[k]!, pickScores[k]!));
      }
      const candidates = [...before];
      row.forEach((score, i) => score > NO_SCORE / 2 && candidates.push(perturbed(first + i, score)));
      candidates.sort((one, other) => other.value - one.value || one.item - other.item);
      for (let k = 0; k < count; k++) {
        items[own + at + k] = candidates[k]?.item ?? -1;
        pickScores[own + at + k] = candidates[k]?.score ?? NO_SCORE;
      }
      const left = candidates.slice(count).map(({ score }) => score);
      if (first > 0) left.push(rests[own + at]!);
      rests[own + at] = logSumOf(left);
    }
    return [];
  },

  [FUSED.cachedAttention]: ({ qkv, history, spans, cache, at: places }, attributes, valuesOf, output) => {
    const { groupSize, heads, kvHeads } = attributes as Record<
      "groupSize" | "heads" | "kvHeads",
      number
    >;
    const [rows, width] = qkv!.shape as [number, number];
    const head = width / (heads + 2 * kvHeads), pair = 2 * kvHeads * head, length = spans!.shape[1]!;
    const [newest, past, seen, kept] = [qkv, history, spans, cache].map((t) =>
      valuesOf(t as tf.TensorInfo)
    ) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const capacity = cache!.shape[1]!, at = valuesOf(places!)[0]!;
    if (at < 0 || at >= capacity) throw new RangeError(`Cannot attend: pick ${at}, room for ${capacity}`);
    const y = new Float32Array(rows * heads * head);
    for (let r = 0; r < rows; r++) {
      const context = Math.floor(r / groupSize), own = seen[(context * length + length - 1) * 3 + 2]!;
      const queries = newest.subarray(r * width, r * width + heads * head);
      kept.set(newest.subarray(r * width + heads * head, (r + 1) * width), (r * capacity + at) * pair);
      const pairs: Float32Array[] = [];
      for (let t = own; t < length; t++) {
        pairs.push(
          past.subarray((context * length + t) * width + heads * head, (context * length + t + 1) * width),
        );
      }
      for (let k = 0; k <= at; k++) {
        pairs.push(kept.subarray((r * capacity + k) * pair, (r * capacity + k + 1) * pair));
      }
      for (let h = 0; h < heads; h++) {
        const key = Math.floor(h / (heads / kvHeads)) * head, value = key + kvHeads * head;
        const dots = pairs.map((both) => {
          let sum = 0;
          for (let i = 0; i < head; i++) sum += queries[h * head + i]! * both[key + i]!;
          return sum / Math.sqrt(head);
        });
        const top = Math.max(...dots), weights = dots.map((dot) => exp(dot - top));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let i = 0; i < head; i++) {
          let sum = 0;
          pairs.forEach((both, j) => sum += weights[j]! * both[value + i]!);
          y[(r * heads + h) * head + i] = sum / total;
        }
      }
    }
    return output([rows, heads * head], y);
  },
};

function logSumOf(values: readonly number[]): number {
  let top = NO_SCORE;
  for (const value of values) top = Math.max(top, value);
  if (top <= NO_SCORE / 2) return NO_SCORE;
  let sum = 0;
  for (const value of values) sum += exp(value - top);
  return top + log(sum);
}
