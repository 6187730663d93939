import { BladeError } from "../core/errors.ts";
import { type HostTensor, type Parameters, readParameters, uploadParameters } from "../model/parameters.ts";
import type { NamedTensor } from "../model/safetensors.ts";
import { type Optimizer, type OptimizerState, restoreState } from "../optimizer/optimizer.ts";

/** Everything a stage needs to go on where it was: named numbers on the host. */
export interface Checkpoint {
  /** Stage that wrote it. */
  readonly stage: string;
  /** Steps of the stage that are done. */
  readonly step: number;
  /** Single numbers, by name. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

/** Tensors of one tree under a name of their own: `embedding` of `best` is `best/embedding`. */
export function under<T>(name: string, tree: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...tree].map(([key, value]) => [`${name}/${key}`, value]));
}

/** The tree that `under` named, or an empty map. */
export function within<T>(name: string, all: ReadonlyMap<string, T>): Map<string, T> {
  const prefix = `${name}/`;
  return new Map(
    [...all].filter(([key]) => key.startsWith(prefix)).map((
      [key, value],
    ) => [key.slice(prefix.length), value]),
  );
}

/**
 * The numbers that a checkpoint keeps under a name.
 *
 * @param place the file, for the message
 * @throws {BladeError} where there are none: another version wrote it.
 */
export function numbersIn<T extends NamedTensor["data"]>(
  tensors: ReadonlyMap<string, NamedTensor>,
  name: string,
  place: string,
): T {
  const tensor = tensors.get(name);
  if (tensor !== undefined) return tensor.data as T;
  throw new BladeError({
    place: `${place}: ${name}`,
    rule: "must be there, as this version of blade writes it",
    mend: "finish the run with the version that started it, or train anew",
  });
}

/** Weights as a checkpoint keeps them. */
export async function weightsOf(name: string, parameters: Parameters): Promise<Map<string, NamedTensor>> {
  return under(name, await readParameters(parameters));
}

/** Weights of a checkpoint, on the device. Refuses names or shapes that the model does not have. */
export function weightsFrom(
  name: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  shapes: ReadonlyMap<string, readonly number[]>,
  place: string,
): Parameters {
  const found = within(name, tensors);
  for (const [key, shape] of shapes) {
    const tensor = found.get(key);
    if (
      tensor === undefined || String(tensor.shape) !== String(shape) || !(tensor.data instanceof Float32Array)
    ) {
      throw new BladeError({
        place: `${place}: ${name}/${key}`,
        rule: `must be a 32-bit float tensor of shape [${shape}] for the configured model`,
        value: tensor === undefined ? "none" : `[${tensor.shape}]`,
        mend: "use the folder of a run with this very configuration, or train anew",
      });
    }
  }
  return uploadParameters(found as Map<string, HostTensor>);
}

/** The optimizer's state of a checkpoint, on the device, once it is seen to fit the weights. */
export function optimizerFrom(
  tensors: ReadonlyMap<string, NamedTensor>,
  step: number,
  optimizer: Optimizer,
  parameters: Parameters,
): OptimizerState {
  const slots = uploadParameters(within("optimizer", tensors) as Map<string, HostTensor>);
  return restoreState(optimizer, parameters, { step, slots });
}
