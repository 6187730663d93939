import type { PopulationState } from "../reward/marginal.ts";
import type { NamedTensor } from "../model/safetensors.ts";

/** What was shown recently, as a checkpoint keeps it. */
export function exposureTensors(
  { items, places, weights, shown }: PopulationState,
): Map<string, NamedTensor> {
  const flat = (data: Float64Array | Int32Array) => ({ shape: [data.length], data });
  return new Map([
    ["items", flat(Int32Array.from(items))],
    ["places", flat(Int32Array.from(places))],
    ["weights", flat(Float64Array.from(weights))],
    ...(shown === null ? [] : [
      ["shown.cutoff", flat(Int32Array.of(shown.cutoff))],
      ["shown.contextIds", flat(Int32Array.from(shown.contextIds))],
      ["shown.items", flat(Int32Array.from(shown.items))],
      ["shown.weights", flat(Float64Array.from(shown.weights))],
    ] as const),
  ]);
}

/** The exposure that a checkpoint kept; `empty` tells what it is of. */
export function exposureFrom(
  tensors: ReadonlyMap<string, NamedTensor>,
  empty: PopulationState,
): PopulationState {
  const numbers = (name: string) => Array.from((tensors.get(name)?.data ?? []) as ArrayLike<number>);
  return {
    ...empty,
    items: numbers("items"),
    places: numbers("places"),
    weights: numbers("weights"),
    shown: empty.shown && {
      cutoff: numbers("shown.cutoff")[0] ?? 0,
      contextIds: numbers("shown.contextIds"),
      items: numbers("shown.items"),
      weights: numbers("shown.weights"),
    },
  };
}
