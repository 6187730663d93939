import { BladeError } from "../core/errors.ts";
import type { NamedTensor } from "../model/safetensors.ts";
import type { PopulationState } from "../reward/marginal.ts";
import { numbersIn } from "./checkpoint.ts";

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

/**
 * The exposure that a checkpoint kept; `empty` tells what it is of.
 *
 * @param place the file, for the message
 * @throws {BladeError} where numbers are of another kind, or their lengths disagree
 */
export function exposureFrom(
  tensors: ReadonlyMap<string, NamedTensor>,
  empty: PopulationState,
  place: string,
): PopulationState {
  const numbers = (name: string, Kind: Int32ArrayConstructor | Float64ArrayConstructor, length?: number) => {
    const found = tensors.has(name)
      ? Array.from<number>(numbersIn<Int32Array | Float64Array>(tensors, name, Kind, place))
      : [];
    if (found.length === (length ?? found.length)) return found;
    throw new BladeError({
      place: `${place}: population/${name}`,
      rule: `must have ${length} numbers`,
      value: found.length,
      mend: "resume from an earlier checkpoint, or train anew: this one was changed or is damaged",
    });
  };
  const items = numbers("items", Int32Array);
  const cutoff = numbers("shown.cutoff", Int32Array)[0] ?? 0;
  const contextIds = numbers("shown.contextIds", Int32Array);
  return {
    ...empty,
    items,
    places: numbers("places", Int32Array, items.length),
    weights: numbers("weights", Float64Array, items.length),
    shown: empty.shown && {
      cutoff,
      contextIds,
      items: numbers("shown.items", Int32Array, contextIds.length * cutoff),
      weights: numbers("shown.weights", Float64Array, contextIds.length),
    },
  };
}
