import type { DecoderConfig } from "../model/config.ts";
import { parameterShapes, trainedShapes } from "../model/parameters.ts";
import { passMemory } from "./pass_memory.ts";
import type { Sized } from "./sized.ts";
import type { Workload } from "./workload.ts";

/** A part of the memory of a device. */
export interface MemoryPart {
  readonly part: string;
  readonly bytes: number;
  /** Of the largest tensor of the part. */
  readonly largestTensorBytes: number;
  /** What that tensor is. */
  readonly largest: string;
}

/**
 * What a device holds at once in a moment of a run, by part, before any of it is there. With P the trained numbers and F
 * the frozen ones, in bytes:
 *
 * - `frozen weights`: 4F, or 2F for matrices that are kept in 16 bits
 * - `trained weights`: 4P
 * - `optimizer`: 8P, AdamW's two moments
 * - `kept copies`: 4P for each of the best weights so far, the reference, the moving average, the control
 * - `gradients`: 4P, 8P where those of parts of a batch are added up, and the tables that gathers of a trained table make
 * - `activations`, `scores`, `decoding caches`: of the pass that is made, see `passMemory`
 *
 * Parts of nothing are left out. The estimate is that of the devices of the processor; a GPU's buffers are up to a
 * quarter larger than what is asked for.
 *
 * @example
 * ```ts
 * import { plainDecoder } from "../model/config.ts";
 * import { memoryParts } from "./memory.ts";
 * import { assertEquals } from "@std/assert";
 * const shape = { layers: 1, width: 8, heads: 2, kvHeads: 2, hidden: 10 };
 * const decoder = plainDecoder({ ...shape, vocabulary: 100, ropeBase: 1e4, normEpsilon: 1e-6, marksPicks: false });
 * const parts = memoryParts(decoder, {
 *   name: "a step of sft",
 *   optimizer: true,
 *   copies: 1,
 *   pass: {
 *     ...{ kind: "gradient", rows: 2, columns: 8, kept: 16, parts: 1, drops: false, tableGathers: 0 },
 *     scores: [{ kind: "catalog", rows: 16, columns: 99, targets: 1 }],
 *   },
 * });
 * const { bytes, largest, largestTensorBytes } = parts[0]!;
 * assertEquals([bytes, largest, largestTensorBytes], [4 * (100 * 8 + 8 * 24 + 8 * 8 + 8 * 20 + 10 * 8 + 3 * 8), "embedding", 3200]);
 * assertEquals(parts.map(({ part }) => part), [
 *   "trained weights", "optimizer", "kept copies", "gradients", "activations", "scores",
 * ]);
 * ```
 */
export function memoryParts(decoder: DecoderConfig, workload: Workload): readonly MemoryPart[] {
  const trained = weightsOf(trainedShapes(decoder), () => 4);
  const frozen = weightsOf(frozenShapes(decoder), bytesOfFrozen(decoder));
  const { pass } = workload;
  const { activations, scores, caches } = passMemory(decoder, pass);
  const times = (count: number): Sized => ({ ...trained, bytes: count * trained.bytes });
  const parts: [string, Sized][] = [
    ["frozen weights", frozen],
    ["trained weights", trained],
    ["optimizer", times(workload.optimizer ? 2 : 0)],
    ["kept copies", times(workload.copies)],
    [
      "gradients",
      pass.kind === "draw" ? times(0) : {
        ...trained,
        bytes: gradientBytes(trained, pass.parts > 1, activations.bytes + scores.bytes) +
          pass.tableGathers * trained.largestTensorBytes,
      },
    ],
    ["activations", activations],
    ["scores", scores],
    ["decoding caches", caches],
  ];
  return parts.filter(([, { bytes }]) => bytes > 0).map(([part, sized]) => ({ part, ...sized }));
}

/**
 * Gradients of one batch are one tree. Those of a part are there beside the sum of the parts before; once its activations
 * are gone, they are scaled and added, which makes two trees more.
 */
function gradientBytes({ bytes }: Sized, inParts: boolean, ofPass: number): number {
  return inParts ? 2 * bytes + Math.max(0, 2 * bytes - ofPass) : bytes;
}

/** Shapes of what training leaves as it is, by name. */
function frozenShapes(decoder: DecoderConfig): ReadonlyMap<string, readonly number[]> {
  const trained = trainedShapes(decoder);
  return new Map([...parameterShapes(decoder)].filter(([name]) => !trained.has(name)));
}

/** Matrices may be kept in 16 bits; norms and biases have 32. */
function bytesOfFrozen({ half }: DecoderConfig): (shape: readonly number[]) => number {
  return (shape) => half !== null && shape.length === 2 ? 2 : 4;
}

function weightsOf(
  shapes: ReadonlyMap<string, readonly number[]>,
  bytesOf: (shape: readonly number[]) => number,
): Sized {
  let bytes = 0;
  let largest: Pick<Sized, "largest" | "largestTensorBytes"> = { largest: "none", largestTensorBytes: 0 };
  for (const [name, shape] of shapes) {
    const own = shape.reduce((product, size) => product * size, bytesOf(shape));
    bytes += own;
    if (own > largest.largestTensorBytes) largest = { largest: name, largestTensorBytes: own };
  }
  return { bytes, ...largest };
}
