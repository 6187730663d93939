import * as tf from "@tensorflow/tfjs-core";
import { type GpuKernel, type GpuKernels, type OldKernel, runGpuKernel } from "../gpu_kernel.ts";

const LANES = 256;

/** An index that is no row gives zeros, as tfjs's does. */
const ROWS: GpuKernel = {
  key: "blade gather rows",
  inputs: ["table: i32", "indices: i32"],
  outputs: ["y: i32"],
  uniforms: ["size: u32", "width: u32", "rows: i32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let row = indices[i / uniforms.width];
      if (row < 0 || row >= uniforms.rows) { y[i] = 0; return; }
      y[i] = table[u32(row) * uniforms.width + i % uniforms.width];
    }`,
};

/**
 * Rows of integers: tfjs's kernel passes them through float32, which rounds those beyond 2²⁴.
 *
 * @param old what tfjs does with everything else.
 */
export function gatherKernels(old: OldKernel): GpuKernels {
  return {
    GatherV2: (backend, inputs, attributes) => {
      const { x, indices } = inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
      const axis = tf.util.parseAxisParam(attributes["axis"]!, x.shape)[0];
      const plain = axis === 0 && (attributes["batchDims"] ?? 0) === 0;
      if (x.dtype !== "int32" || indices.dtype !== "int32" || !plain) return old(inputs, attributes);
      const width = tf.util.sizeFromShape(x.shape.slice(1));
      const size = width * tf.util.sizeFromShape(indices.shape);
      return runGpuKernel(backend, ROWS, {
        inputs: [x, indices],
        outputs: [[...indices.shape, ...x.shape.slice(1)]],
        uniforms: [size, width, x.shape[0]!],
        units: Math.ceil(size / LANES),
      });
    },
  };
}
