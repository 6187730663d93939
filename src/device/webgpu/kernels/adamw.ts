import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { REDUCTIONS } from "./wgsl.ts";

const LANES = 256;
/** Numbers whose squares one unit sums. */
const BLOCK = 4096;

/** Tensors whose blocks one dispatch sums, as many as may be bound beside the partial sums. */
const MOST_TENSORS = 7;

/** partials[first + unit] = the sum of the squares of one block of one of so many tensors. */
function squaresOf(count: number): GpuKernel {
  const each = Array.from({ length: count }, (_, t) => t);
  return {
    key: `blade squares ${count}`,
    inputs: each.map((t) => `x${t}: f32`),
    updates: ["partials: f32"],
    uniforms: ["first: u32", ...each.flatMap((t) => [`size${t}: u32`, `end${t}: u32`])],
    lanes: LANES,
    code: `${REDUCTIONS}
      fn run(unit: u32, lane: u32) {
        var sum = 0.0;
        ${
      each.map((t) => {
        const start = t === 0 ? "0u" : `uniforms.end${t - 1}`;
        return `if (unit >= ${start} && unit < uniforms.end${t}) {
          let begin = (unit - ${start}) * ${BLOCK}u;
          let stop = min(uniforms.size${t}, begin + ${BLOCK}u);
          for (var i = begin + lane; i < stop; i += LANES) { sum += x${t}[i] * x${t}[i]; }
        }`;
      }).join("\n")
    }
        let total = sumOf(sum, lane);
        if (lane == 0u) { partials[uniforms.first + unit] = total; }
      }`,
  };
}

/** The sum of the partial sums. */
const TOTAL: GpuKernel = {
  key: "blade total",
  inputs: ["partials: f32"],
  outputs: ["total: f32"],
  uniforms: ["size: u32"],
  lanes: LANES,
  code: `${REDUCTIONS}
    fn run(unit: u32, lane: u32) {
      var sum = 0.0;
      for (var i = lane; i < uniforms.size; i += LANES) { sum += partials[i]; }
      let all = sumOf(sum, lane);
      if (lane == 0u) { total[0] = all; }
    }`,
};

/**
 * gated = squares where the update is to be made, else −1. Told by the bits: no number may be taken for one by a compiler
 * that leaves out what only endless numbers need.
 */
function gateOf(halts: boolean): GpuKernel {
  return {
    key: `blade gate ${halts}`,
    inputs: ["squares: f32", "loss: f32"],
    updates: halts ? ["halted: f32"] : [],
    outputs: ["gated: f32"],
    lanes: 1,
    code: `
    fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
    fn run(unit: u32, lane: u32) {
      let passes = isFinite(squares[0]) && isFinite(loss[0])${halts ? " && halted[0] == 0.0" : ""};
      ${halts ? "if (!passes) { halted[0] = 1.0; }" : ""}
      gated[0] = select(-1.0, squares[0], passes);
    }`,
  };
}

const ADAMW: GpuKernel = {
  key: "blade adamw",
  inputs: ["gradient: f32", "squares: f32", "numbers: f32"],
  updates: ["parameter: f32", "first: f32", "second: f32"],
  uniforms: ["size: u32", "b1: f32", "b2: f32", "epsilon: f32", "decay: f32", "clip: f32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      let norm = sqrt(squares[0]);
      // Written so that no number, an endless one included, passes by being optimised away.
      if (i >= uniforms.size || squares[0] < 0.0 || !(norm <= 3.4e38)) { return; }
      let g = gradient[i] * min(1.0, uniforms.clip / norm);
      let m = uniforms.b1 * first[i] + (1.0 - uniforms.b1) * g;
      let v = uniforms.b2 * second[i] + (1.0 - uniforms.b2) * g * g;
      first[i] = m;
      second[i] = v;
      let step = m / numbers[1] / (sqrt(v / numbers[2]) + uniforms.epsilon);
      parameter[i] -= numbers[0] * (step + uniforms.decay * parameter[i]);
    }`,
};

/** The largest finite number stands for an infinite bound, which a uniform need not carry. */
const LARGEST = 3.4e38;

export const adamwKernels: GpuKernels = {
  [FUSED.squaredNorm]: (backend, inputs) => {
    const tensors = Object.values(inputs);
    const sizes = tensors.map(({ shape }) => tf.util.sizeFromShape(shape));
    const blocks = sizes.map((size) => Math.ceil(size / BLOCK));
    const partials = backend.makeTensorInfo([blocks.reduce((sum, count) => sum + count, 0)], "float32");
    let first = 0;
    for (let at = 0; at < tensors.length; at += MOST_TENSORS) {
      const some = tensors.slice(at, at + MOST_TENSORS);
      let end = 0;
      const numbers = some.flatMap((_, i) => [sizes[at + i]!, end += blocks[at + i]!]);
      runGpuKernel(backend, squaresOf(some.length), {
        inputs: some,
        updates: [partials],
        uniforms: [first, ...numbers],
        units: end,
      });
      first += end;
    }
    const total = runGpuKernel(backend, TOTAL, {
      inputs: [partials],
      outputs: [[]],
      uniforms: [first],
      units: 1,
    });
    backend.disposeData(partials.dataId);
    return total;
  },

  [FUSED.gate]: (backend, { squares, loss, halted }) =>
    runGpuKernel(backend, gateOf(halted !== undefined), {
      inputs: [squares!, loss!],
      updates: halted === undefined ? [] : [halted],
      outputs: [[]],
      units: 1,
    }),

  [FUSED.adamw]: (backend, { parameter, first, second, gradient, squares, numbers }, attributes) => {
    const { b1, b2, epsilon, weightDecay, clipNorm } = attributes;
    const size = tf.util.sizeFromShape(parameter!.shape);
    return runGpuKernel(backend, ADAMW, {
      inputs: [gradient!, squares!, numbers!],
      updates: [parameter!, first!, second!],
      uniforms: [size, b1!, b2!, epsilon!, weightDecay!, Math.min(clipNorm!, LARGEST)],
      units: Math.ceil(size / LANES),
    });
  },
};
