import * as tf from "@tensorflow/tfjs-core";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { ROW_SCATTER_ADD } from "./row_scatter_add.ts";

/** Registers the project's own kernels for the cpu backend: plain loops, the reference for the other backends. */
export function registerCpuKernels(): void {
  if (tf.getKernel(ROW_SCATTER_ADD, "cpu")) return;
  tf.registerKernel({
    kernelName: ROW_SCATTER_ADD,
    backendName: "cpu",
    kernelFunc: ({ inputs, backend, attrs }) => {
      const cpu = backend as MathBackendCPU;
      const { values, indices } = inputs as { values: tf.TensorInfo; indices: tf.TensorInfo };
      const [rows, width] = [attrs!.rows as number, values.shape[1]!];
      const from = cpu.data.get(values.dataId).values as Float32Array;
      const to = cpu.data.get(indices.dataId).values as Int32Array;
      const table = new Float32Array(rows * width);
      for (const [i, row] of to.entries()) {
        for (let c = 0; c < width; c++) table[row * width + c]! += from[i * width + c]!;
      }
      return cpu.makeTensorInfo([rows, width], "float32", table);
    },
  });
}
