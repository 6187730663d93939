/**
 * Gradients of the kernels that the decoder and the losses use, in one table. `@tensorflow/tfjs-core` registers none
 * of its own. Each entry gives, for an upstream gradient dy = ∂loss/∂output, the gradient of every input.
 */
import * as tf from "@tensorflow/tfjs-core";
import { matMulGradient } from "./gradients_matmul.ts";
import { FUSED } from "./fused.ts";
import { addToRows, zeroTable } from "./table_rows.ts";

type Tensor = tf.Tensor;
type InputGradients = Record<string, () => Tensor>;
type Attributes = tf.NamedAttrMap;

interface Gradient {
  /** Names of the inputs that the rule reads; `"all"` for kernels that take a list. */
  readonly inputs?: readonly string[] | "all";
  /** Whether the rule reads the (first) output; it is then the last of `saved`. */
  readonly output?: boolean;
  readonly rule: (dy: Tensor, saved: Tensor[], attributes: Attributes) => InputGradients;
}

/** Kernel name → gradient. Elementwise rules undo broadcasting by summing over the broadcast axes. */
const GRADIENTS: Readonly<Record<string, Gradient>> = {
  // A handle of its own: one tensor for both would be freed for the second when gradients of the first are added up.
  Add: binary((dy) => dy, (dy) => tf.clone(dy)),
  Sub: binary((dy) => dy, (dy) => tf.neg(dy)),
  Multiply: binary((dy, _a, b) => tf.mul(dy, b), (dy, a) => tf.mul(dy, a)),
  RealDiv: binary(
    (dy, _a, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  // At a tie the first argument takes the whole gradient.
  Maximum: binary(
    (dy, a, b) => tf.mul(dy, tf.cast(tf.greaterEqual(a, b), "float32")),
    (dy, a, b) => tf.mul(dy, tf.cast(tf.less(a, b), "float32")),
  ),
  Minimum: binary(
    (dy, a, b) => tf.mul(dy, tf.cast(tf.lessEqual(a, b), "float32")),
    (dy, a, b) => tf.mul(dy, tf.cast(tf.greater(a, b), "float32")),
  ),

  Neg: { rule: (dy) => ({ x: () => tf.neg(dy) }) },
  Abs: ofInput((dy, x) => tf.mul(dy, tf.sign(x))),
  Square: ofInput((dy, x) => tf.mul(dy, tf.mul(x, 2))),
  Sqrt: ofOutput((dy, y) => tf.div(dy, tf.mul(y, 2))),
  Rsqrt: ofOutput((dy, y) => tf.mul(dy, tf.mul(tf.mul(tf.square(y), y), -0.5))),
  Exp: ofOutput((dy, y) => tf.mul(dy, y)),
  Expm1: ofOutput((dy, y) => tf.mul(dy, tf.add(y, 1))),
  Log: ofInput((dy, x) => tf.div(dy, x)),
  Log1p: ofInput((dy, x) => tf.div(dy, tf.add(x, 1))),
  Sigmoid: ofOutput((dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  Softplus: ofInput((dy, x) => tf.mul(dy, tf.sigmoid(x))),
  Tanh: ofOutput((dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  Relu: ofInput((dy, x) => tf.mul(dy, tf.cast(tf.greater(x, 0), "float32"))),

  Identity: { rule: (dy) => ({ x: () => tf.cast(dy, "float32") }) },
  Cast: { rule: (dy) => ({ x: () => tf.cast(dy, "float32") }) },
  Reshape: ofInput((dy, x) => tf.reshape(dy, x.shape)),
  ExpandDims: {
    inputs: ["input"],
    rule: (dy, [input]) => ({ input: () => tf.reshape(dy, input!.shape) }),
  },
  Transpose: {
    rule: (dy, _, { perm }) => ({
      x: () => tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(perm as number[])),
    }),
  },

  Sum: ofInput((dy, x, { axis }) => spread(dy, x.shape, axis as number | number[])),
  Mean: ofInput((dy, x, { axis }) => {
    const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
    const count = axes.reduce((product, a) => product * x.shape[a]!, 1);
    return spread(tf.div(dy, count), x.shape, axes);
  }),
  // Ties share the gradient evenly, as a subgradient should.
  Max: extremum(),
  Min: extremum(),

  Softmax: {
    output: true,
    rule: (dy, [y]) => ({
      logits: () => {
        const weighted = tf.mul(dy, y!);
        return tf.sub(weighted, tf.mul(tf.sum(weighted, -1, true), y!));
      },
    }),
  },
  LogSoftmax: {
    output: true,
    rule: (dy, [y], { axis }) => ({
      logits: () => tf.sub(dy, tf.mul(tf.sum(dy, (axis as number | undefined) ?? -1, true), tf.exp(y!))),
    }),
  },

  BatchMatMul: {
    inputs: ["a", "b"],
    rule: (dy, [a, b], { transposeA, transposeB }) =>
      matMulGradient(dy, a!, b!, transposeA as boolean, transposeB as boolean),
  },

  SplitV: {
    rule: (dys, _, { axis }) => ({ x: () => tf.concat(dys as unknown as Tensor[], axis as number) }),
  },
  Concat: {
    inputs: "all",
    rule: (dy, inputs, { axis }) => {
      const at = tf.util.parseAxisParam(axis as number, inputs[0]!.shape)[0]!;
      const parts = tf.split(dy, inputs.map((input) => input.shape[at]!), at);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  },
  Pack: {
    inputs: "all",
    rule: (dy, _, { axis }) =>
      Object.fromEntries(tf.unstack(dy, axis as number).map((part, i) => [i, () => part])),
  },
  Slice: ofInput((dy, x, { begin, size }) => {
    const [from] = tf.slice_util.parseSliceParams(x, begin as number[], size as number[]) as number[][];
    return tf.pad(dy, x.shape.map((n, i) => [from![i]!, n - from![i]! - dy.shape[i]!] as [number, number]));
  }),
  PadV2: ofInput((dy, x, { paddings }) =>
    tf.slice(dy, (paddings as [number, number][]).map(([before]) => before), x.shape)
  ),
  Tile: ofInput((dy, x, { reps }) => foldTiles(dy, x.shape, reps as number[])),

  Select: {
    inputs: ["condition"],
    rule: (dy, [condition]) => ({
      condition: () => tf.zeros(condition!.shape),
      t: () => tf.where(condition!, dy, tf.zerosLike(dy)),
      e: () => tf.where(condition!, tf.zerosLike(dy), dy),
    }),
  },

  GatherV2: {
    inputs: ["x", "indices"],
    rule: (dy, [x, indices], { axis, batchDims }) => {
      if (tf.util.parseAxisParam(axis as number, x!.shape)[0] !== 0 || (batchDims ?? 0) !== 0) {
        throw new Error(
          `No gradient of gather for axis ${axis}, batchDims ${batchDims}: only rows of the first axis`,
        );
      }
      return {
        x: () => {
          const width = tf.util.sizeFromShape(x!.shape.slice(1));
          const table = zeroTable(x!.shape[0]!, width);
          addToRows(table, tf.reshape(dy, [-1, width]), tf.reshape(indices!, [-1]));
          return tf.reshape(table, x!.shape);
        },
        indices: () => tf.zeros(indices!.shape),
      };
    },
  },

  [FUSED.lookUp]: {
    inputs: ["indices"],
    rule: (dys, [indices]) => ({
      table: () => {
        const [ofRows, ofTable] = dys as unknown as [tf.Tensor2D, tf.Tensor2D];
        // The table's is nobody else's: what is handed on has one gradient, made for this rule.
        addToRows(ofTable, ofRows, indices!);
        return ofTable;
      },
      indices: () => tf.zeros(indices!.shape),
    }),
  },
};

/**
 * Registers the table with tfjs. Calling it again changes nothing.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { registerGradients } from "./gradients.ts";
 * import { assert } from "@std/assert";
 * registerGradients();
 * assert(tf.getGradient("Softmax") !== undefined);
 * ```
 */
export function registerGradients(): void {
  for (const [kernelName, { inputs, output, rule }] of Object.entries(GRADIENTS)) {
    if (tf.getGradient(kernelName)) continue;
    tf.registerGradient({
      kernelName,
      inputsToSave: inputs === "all" ? [] : [...inputs ?? []],
      saveAllInputs: inputs === "all",
      outputsToSave: output ? [true] : [],
      gradFunc: (dy, saved, attributes) => rule(dy as Tensor, saved, attributes),
    });
  }
}

/** The kernels that have a gradient, for tests and for error messages. */
export function differentiableKernels(): string[] {
  return Object.keys(GRADIENTS);
}

function binary(
  ofA: (dy: Tensor, a: Tensor, b: Tensor) => Tensor,
  ofB: (dy: Tensor, a: Tensor, b: Tensor) => Tensor,
): Gradient {
  return {
    inputs: ["a", "b"],
    rule: (dy, [a, b]) => ({
      a: () => unbroadcast(ofA(dy, a!, b!), a!.shape),
      b: () => unbroadcast(ofB(dy, a!, b!), b!.shape),
    }),
  };
}

function ofInput(rule: (dy: Tensor, x: Tensor, attributes: Attributes) => Tensor): Gradient {
  return { inputs: ["x"], rule: (dy, [x], attributes) => ({ x: () => rule(dy, x!, attributes) }) };
}

function ofOutput(rule: (dy: Tensor, y: Tensor) => Tensor): Gradient {
  return { output: true, rule: (dy, [y]) => ({ x: () => rule(dy, y!) }) };
}

/** Max and Min: dy goes to the places that attain the extremum, shared evenly among ties. */
function extremum(): Gradient {
  return {
    inputs: ["x"],
    output: true,
    rule: (dy, [x, y], attributes) => ({
      x: () => {
        const axis = (attributes.reductionIndices ?? attributes.axis) as number | number[];
        const kept = keepDims(x!.shape, axis);
        const attained = tf.cast(tf.equal(x!, tf.reshape(y!, kept)), "float32");
        const ties = tf.sum(attained, axis, true);
        return tf.mul(attained, tf.div(tf.reshape(dy, kept), ties));
      },
    }),
  };
}

/** Sums `gradient` over the axes along which an operand of `shape` was broadcast. */
function unbroadcast(gradient: Tensor, shape: number[]): Tensor {
  if (tf.util.arraysEqual(gradient.shape, shape)) return gradient;
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape);
}

/** Repeats a reduced `gradient` along the axes that a reduction of a tensor of `shape` removed. */
function spread(gradient: Tensor, shape: number[], axis: number | number[]): Tensor {
  return tf.mul(tf.reshape(gradient, keepDims(shape, axis)), tf.ones(shape));
}

function keepDims(shape: number[], axis: number | number[]): number[] {
  const axes = tf.util.parseAxisParam(axis, shape);
  return shape.map((n, i) => axes.includes(i) ? 1 : n);
}

/** Adds the copies that tiling made, one axis at a time: [outer, reps, inner] → [outer, inner]. */
function foldTiles(gradient: Tensor, shape: number[], reps: number[]): Tensor {
  let folded = gradient;
  const sizes = [...gradient.shape];
  for (const [axis, copies] of reps.entries()) {
    if (copies === 1) continue;
    const outer = tf.util.sizeFromShape(sizes.slice(0, axis));
    sizes[axis] = shape[axis]!;
    const inner = tf.util.sizeFromShape(sizes.slice(axis));
    folded = tf.sum(tf.reshape(folded, [outer, copies, inner]), 1);
  }
  return tf.reshape(folded, shape);
}
