/**
 * The decoder written a second time from its description: one position at a time, 64-bit numbers, no batch, no
 * padding, no tensor. What the real one is held to.
 */
import type { DecoderConfig } from "../../src/model/config.ts";

/** A token and what it may look at. */
export interface Place {
  readonly token: number;
  /** Steps from the start of the sequence: only differences matter. */
  readonly position: number;
  readonly isPick: boolean;
  /** Indexes of the places that it sees, itself included. */
  readonly sees: readonly number[];
}

export type Weights = ReadonlyMap<string, ArrayLike<number>>;

/** Places of a history: each token sees those before it. */
export function historyPlaces(tokens: readonly number[]): Place[] {
  return tokens.map((token, position) => ({
    token,
    position,
    isPick: false,
    sees: Array.from({ length: position + 1 }, (_, j) => j),
  }));
}

/** Places of picks that go on after the first `start` history places; they see these and each other's earlier ones. */
export function withPicks(places: readonly Place[], start: number, picks: readonly number[]): Place[] {
  const first = places.length;
  return [
    ...places,
    ...picks.map((token, i) => ({
      token,
      position: start + i,
      isPick: true,
      sees: [
        ...Array.from({ length: start }, (_, j) => j),
        ...Array.from({ length: i + 1 }, (_, j) => first + j),
      ],
    })),
  ];
}

/** The normalised last hidden state of every place. */
export function referenceHidden(
  config: DecoderConfig,
  weights: Weights,
  places: readonly Place[],
): number[][] {
  const { width, heads, kvHeads, hidden, layers, normEpsilon } = config;
  const head = config.headWidth;
  const get = (name: string) => weights.get(name)!;
  let x = places.map(({ token, isPick }) =>
    Array.from({ length: width }, (_, i) => {
      const own = get("embedding")[token * width + i]!;
      return isPick ? own * get("pickGate")[i]! + get("pick")[i]! : own;
    })
  );
  for (let layer = 0; layer < layers; layer++) {
    const of = (name: string) => get(`layers.${layer}.${name}`);
    const projected = x.map((row) => times(rms(row, of("attentionNorm"), normEpsilon), of("qkv")));
    const cut = (row: number[], from: number) => row.slice(from * head, (from + 1) * head);
    const mixed = places.map(({ position, sees }, p) =>
      Array.from({ length: heads }, (_, h) => {
        const shared = Math.floor(h / (heads / kvHeads));
        const query = turned(cut(projected[p]!, h), position, config.ropeBase);
        const scores = sees.map((j) =>
          dot(query, turned(cut(projected[j]!, heads + shared), places[j]!.position, config.ropeBase)) /
          Math.sqrt(head)
        );
        const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
        const out = new Array<number>(head).fill(0);
        sees.forEach((j, at) =>
          cut(projected[j]!, heads + kvHeads + shared).forEach((value, i) =>
            out[i]! += Math.exp(scores[at]!) / total * value
          )
        );
        return out;
      }).flat()
    );
    x = x.map((row, p) => plus(row, times(mixed[p]!, of("attentionOut"))));
    x = x.map((row) => {
      const gateUp = times(rms(row, of("feedForwardNorm"), normEpsilon), of("gateUp"));
      const inner = Array.from({ length: hidden }, (_, i) => {
        const gate = gateUp[i]!;
        return gate / (1 + Math.exp(-gate)) * gateUp[hidden + i]!;
      });
      return plus(row, times(inner, of("down")));
    });
  }
  return x.map((row) => rms(row, get("norm"), normEpsilon));
}

/** Scores of the first `items` tokens: the embedding once more. */
export function referenceScores(
  config: DecoderConfig,
  weights: Weights,
  hidden: readonly number[],
  items: number,
): number[] {
  const embedding = weights.get("embedding")!;
  return Array.from(
    { length: items },
    (_, item) => hidden.reduce((sum, value, i) => sum + value * embedding[item * config.width + i]!, 0),
  );
}

/** log Σ e^x */
export function logTotal(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

function rms(row: readonly number[], scale: ArrayLike<number>, epsilon: number): number[] {
  const mean = row.reduce((sum, value) => sum + value * value, 0) / row.length;
  return row.map((value, i) => value / Math.sqrt(mean + epsilon) * scale[i]!);
}

/** A row times a matrix [row.length, out]. */
function times(row: readonly number[], matrix: ArrayLike<number>): number[] {
  const out = new Array<number>(matrix.length / row.length).fill(0);
  row.forEach((value, i) => out.forEach((_, j) => out[j]! += value * matrix[i * out.length + j]!));
  return out;
}

/** The rotary turn: the pair (i, i + half) by the angle position · base^(−i/half). */
function turned(vector: readonly number[], position: number, base: number): number[] {
  const half = vector.length / 2;
  const out = [...vector];
  for (let i = 0; i < half; i++) {
    const angle = position * Math.pow(base, -i / half);
    const [a, b] = [vector[i]!, vector[i + half]!];
    out[i] = a * Math.cos(angle) - b * Math.sin(angle);
    out[i + half] = b * Math.cos(angle) + a * Math.sin(angle);
  }
  return out;
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, i) => sum + value * other[i]!, 0);
}

function plus(one: readonly number[], other: readonly number[]): number[] {
  return one.map((value, i) => value + other[i]!);
}
