import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../fused.ts";
import { ROW_SCATTER_ADD } from "../row_scatter_add.ts";
import type { WasmHeap } from "./backend.ts";
import type { KernelThreads } from "./threads.ts";
import { matMulKernel } from "./mat_mul_kernel.ts";
import type { MultiplyBatch } from "./multiply_batch.ts";
import { moveKernels, requireRows } from "./move_kernels.ts";

type Inputs = Readonly<Record<string, tf.TensorInfo>>;
type Kernel = (inputs: Inputs, attributes: tf.NamedAttrMap) => tf.TensorInfo | tf.TensorInfo[];

/**
 * Registers this project's kernels for the wasm backend: some in place of tfjs's (whose matrix product is
 * slow with a transpose flag or a batch, and whose data moves go through JavaScript), and the fused operations beside them.
 *
 * @param threads asked at every call, so that the number of threads may change while tensors live.
 * @param multiply computes matrix products.
 */
export function registerWasmKernels(
  heap: WasmHeap,
  threads: () => KernelThreads,
  multiply: MultiplyBatch,
): void {
  const { offset } = heap;
  const output = (shape: number[]) => heap.output(shape, "float32");
  const run: KernelThreads["run"] = (...job) => threads().run(...job);

  const replaced = new Map(
    tf.getKernelsForBackend("wasm").map((config) => [config.kernelName, config.kernelFunc]),
  );
  const old = (name: string, inputs: Inputs, attrs: tf.NamedAttrMap) =>
    replaced.get(name)!({ inputs: inputs as tf.NamedTensorInfoMap, backend: tf.backend(), attrs });

  const kernels: Record<string, Kernel> = {
    ...moveKernels(heap, run, old),

    BatchMatMul: ({ a, b }, { transposeA, transposeB }) =>
      matMulKernel(heap, multiply, a!, b!, transposeA as boolean, transposeB as boolean),

    Softmax: ({ logits }) => {
      const { shape } = logits!;
      const columns = shape.at(-1)!;
      const y = output(shape);
      const rows = rowsOf(shape);
      run("softmax", [offset(logits!), 0, offset(y), columns, 1, 1, 1, 0, 0], rows, 16 * columns);
      return y;
    },

    [ROW_SCATTER_ADD]: ({ values, indices }, { rows }) => {
      const [n, width] = values!.shape as [number, number];
      const table = output([rows as number, width]);
      requireRows(heap, indices!, rows as number);
      const job = [offset(values!), offset(indices!), offset(table), n, width];
      run("rowScatterAdd", job, rows as number, width);
      return table;
    },

    [FUSED.rmsNorm]: ({ x, weight }, { epsilon }) => {
      const [rows, d] = x!.shape as [number, number];
      const [y, inverse] = [output([rows, d]), output([rows, 1])];
      run(
        "rmsNorm",
        [offset(x!), offset(weight!), offset(y), offset(inverse), d, epsilon as number],
        rows,
        5 * d,
      );
      return [y, inverse];
    },

    [FUSED.rmsNormGrad]: ({ x, weight, inverse, dy }) => {
      const [rows, d] = x!.shape as [number, number];
      const [dx, dWeight] = [output([rows, d]), output(weight!.shape)];
      const shared = [offset(x!), offset(weight!), offset(inverse!), offset(dy!), offset(dx), d];
      run("rmsNormGradX", shared, rows, 10 * d);
      const columns = [offset(x!), offset(inverse!), offset(dy!), offset(dWeight), rows, d];
      run("rmsNormGradWeight", columns, Math.ceil(d / 4), 12 * rows);
      return [dx, dWeight];
    },

    [FUSED.attentionSoftmax]: ({ scores, mask }, { scale }) => {
      const [rows, heads, queries, columns] = scores!.shape as [number, number, number, number];
      const y = output(scores!.shape);
      const [maskRows, , maskQueries] = (mask?.shape ?? [1, 1, 1]) as [number, number, number];
      run(
        "softmax",
        [
          ...[offset(scores!), mask ? offset(mask) : 0, offset(y), columns, scale as number],
          ...[heads * queries, queries, maskRows === 1 ? 0 : maskQueries, maskQueries === 1 ? 0 : 1],
        ],
        rows * heads * queries,
        18 * columns,
      );
      return y;
    },

    [FUSED.attentionSoftmaxGrad]: ({ weights, dy }, { scale }) => {
      const { shape } = weights!;
      const columns = shape.at(-1)!;
      const dx = output(shape);
      const job = [offset(weights!), offset(dy!), offset(dx), columns, scale as number];
      run("softmaxGrad", job, rowsOf(shape), 5 * columns);
      return dx;
    },

    [FUSED.logSumExp]: ({ z }) => {
      const [rows, columns] = z!.shape as [number, number];
      const out = output([rows]);
      run("logSumExp", [offset(z!), offset(out), columns], rows, 14 * columns);
      return out;
    },

    [FUSED.logSumExpGrad]: ({ z, value, dy }) => {
      const [rows, columns] = z!.shape as [number, number];
      const dz = output([rows, columns]);
      run(
        "logSumExpGrad",
        [offset(z!), offset(value!), offset(dy!), offset(dz), columns],
        rows,
        14 * columns,
      );
      return dz;
    },

    [FUSED.swiglu]: ({ gateUp }) => {
      const [rows, width] = gateUp!.shape as [number, number];
      const y = output([rows, width / 2]);
      run("swiglu", [offset(gateUp!), offset(y), width / 2], rows, 10 * width);
      return y;
    },

    [FUSED.swigluGrad]: ({ gateUp, dy }) => {
      const [rows, width] = gateUp!.shape as [number, number];
      const dGateUp = output([rows, width]);
      run("swigluGrad", [offset(gateUp!), offset(dy!), offset(dGateUp), width / 2], rows, 14 * width);
      return dGateUp;
    },

    [FUSED.rotary]: ({ x, cos, sin }, { sign }) => {
      const [rows, heads, length, head] = x!.shape as [number, number, number, number];
      const y = output(x!.shape);
      const angleBatch = cos!.shape[0] === 1 ? 0 : length;
      run(
        "rotary",
        [
          offset(x!),
          offset(cos!),
          offset(sin!),
          offset(y),
          head / 2,
          sign as number,
          length,
          heads * length,
          angleBatch,
        ],
        rows * heads * length,
        4 * head,
      );
      return y;
    },
  };

  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, "wasm")) tf.unregisterKernel(kernelName, "wasm");
    tf.registerKernel({
      kernelName,
      backendName: "wasm",
      kernelFunc: ({ inputs, attrs }) => kernel(inputs as Inputs, attrs ?? {}),
    });
  }
}

function rowsOf(shape: number[]): number {
  return shape.slice(0, -1).reduce((product, n) => product * n, 1);
}
