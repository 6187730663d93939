import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../fused.ts";
import type { HeadShape } from "../ops_attention.ts";
import { unpackedShape } from "../ops_half.ts";
import { lookUpKernel } from "../table_rows.ts";
import type { WasmHeap } from "./backend.ts";
import { decodingKernels } from "./decoding_kernels.ts";
import type { KernelThreads } from "./threads.ts";
import { matMulKernel } from "./mat_mul_kernel.ts";
import type { MultiplyBatch } from "./multiply_batch.ts";
import { moveKernels, requireRows } from "./move_kernels.ts";

/** Numbers whose squares are summed in one go. */
const NORM_BLOCK = 8192;

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

  const unpack = (name: "unpackF16" | "unpackBf16"): Kernel => ({ packed }) => {
    const shape = unpackedShape(packed!.shape);
    const y = output(shape);
    const n = tf.util.sizeFromShape(shape);
    run(name, [offset(packed!), offset(y), n], Math.ceil(n / 8), 16);
    return y;
  };

  const kernels: Record<string, Kernel> = {
    ...moveKernels(heap, run, old),
    ...decodingKernels(heap, run),

    BatchMatMul: ({ a, b }, { transposeA, transposeB }) =>
      matMulKernel(heap, multiply, a!, b!, transposeA as boolean, transposeB as boolean),

    Softmax: ({ logits }) => {
      const { shape } = logits!;
      const columns = shape.at(-1)!;
      const y = output(shape);
      const rows = rowsOf(shape);
      run("softmax", [offset(logits!), offset(y), columns], rows, 16 * columns);
      return y;
    },

    [FUSED.addToRows]: ({ table, values, indices }) => {
      const [rows, width] = table!.shape as [number, number];
      requireRows(heap, indices!, rows);
      const at = [values, indices, table].map((tensor) => offset(tensor!));
      run("addToRows", [...at, values!.shape[0]!, width], rows, width);
      return [];
    },

    [FUSED.putRows]: ({ table, values }, { first }) => {
      const [n, width] = values!.shape as [number, number];
      const bytes = 4 * width;
      const to = offset(table!) + (first as number) * bytes;
      run("copyBlocks", [offset(values!), to, bytes, bytes, bytes], n, width);
      return [];
    },

    [FUSED.catalogTotals]: ({ z, parts, spans, excluded }, { first, column }) => {
      const [rows, columns] = z!.shape as [number, number];
      const at = [z, parts, spans, excluded].map((tensor) => offset(tensor!));
      const sizes = [columns, first as number, column as number, parts!.shape[1]!];
      run("catalogTotals", [...at, ...sizes], rows, 14 * columns);
      return [];
    },

    [FUSED.catalogShares]: ({ z, totals, dy, spans, excluded }, { first }) => {
      const [rows, columns] = z!.shape as [number, number];
      const at = [z, totals, dy, spans, excluded].map((tensor) => offset(tensor!));
      run("catalogShares", [...at, columns, first as number], rows, 14 * columns);
      return [];
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

    [FUSED.attention]: ({ qkv, spans }, attributes) => {
      const { sizes, scale, pairs } = attentionSizes(qkv!, spans!, attributes);
      const [rows, length] = spans!.shape as [number, number];
      const [, heads, , head] = sizes;
      const [y, logTotals] = [output([rows * length, heads * head]), output([rows * length, heads])];
      const at = [offset(qkv!), offset(spans!), offset(y), offset(logTotals)];
      run("attention", [...at, ...sizes, scale], rows * heads, 6 * pairs * head);
      return [y, logTotals];
    },

    [FUSED.attentionGrad]: ({ qkv, spans, value, logTotals, dy }, attributes) => {
      const { sizes, scale, pairs } = attentionSizes(qkv!, spans!, attributes);
      const [, heads, kvHeads, head] = sizes;
      const dQkv = output(qkv!.shape);
      const at = [qkv, spans, value, logTotals, dy, dQkv].map((tensor) => offset(tensor!));
      const rows = spans!.shape[0]! * kvHeads;
      run("attentionGrad", [...at, ...sizes, scale], rows, 15 * pairs * head * heads / kvHeads);
      return dQkv;
    },

    [FUSED.dropout]: ({ x, keys, rows }, { place, threshold, scale }) => {
      if (rows !== undefined) throw new Error("dropout by rows is for devices that fill up their shapes");
      const y = output(x!.shape);
      const n = tf.util.sizeFromShape(x!.shape);
      const key = offset(keys!) + 8 * (place as number);
      run(
        "dropout",
        [offset(x!), key, offset(y), n, threshold as number, scale as number],
        Math.ceil(n / 8),
        60,
      );
      return y;
    },

    [FUSED.squaredNorm]: (inputs) => {
      const tensors = Object.values(inputs);
      const blocks = tensors.map(({ shape }) => Math.ceil(tf.util.sizeFromShape(shape) / NORM_BLOCK));
      const most = Math.max(1, ...blocks);
      // Twice the floats, for doubles.
      const sums = output([2 * most]);
      let total = 0;
      tensors.forEach((tensor, i) => {
        const n = tf.util.sizeFromShape(tensor.shape);
        run("squares", [offset(tensor), offset(sums), n, NORM_BLOCK], blocks[i]!, 2 * NORM_BLOCK);
        for (const sum of new Float64Array(heap.memory.buffer, offset(sums), blocks[i])) total += sum;
      });
      heap.free(sums);
      const squares = output([]);
      new Float32Array(heap.memory.buffer, offset(squares), 1)[0] = total;
      return squares;
    },

    [FUSED.gate]: ({ squares, loss, halted }) => {
      const gated = output([]);
      // Views are made last: an allocation may grow the memory, which ends the views of before.
      const at = (tensor: tf.TensorInfo) => new Float32Array(heap.memory.buffer, offset(tensor), 1);
      const own = at(squares!)[0]!;
      const stopped = halted === undefined ? 0 : at(halted)[0]!;
      const passes = stopped === 0 && Number.isFinite(own) && Number.isFinite(at(loss!)[0]!);
      if (halted !== undefined && !passes) at(halted)[0] = 1;
      at(gated)[0] = passes ? own : -1;
      return gated;
    },

    [FUSED.adamw]: ({ parameter, first, second, gradient, squares, numbers }, attributes) => {
      const { b1, b2, epsilon, weightDecay, clipNorm } = attributes as Record<string, number>;
      const norm = Math.sqrt(new Float32Array(heap.memory.buffer, offset(squares!), 1)[0]!);
      if (!Number.isFinite(norm)) return [];
      const [rate, meanShare, squareShare] = new Float32Array(heap.memory.buffer, offset(numbers!), 3);
      const n = tf.util.sizeFromShape(parameter!.shape);
      const shrink = Math.min(1, clipNorm! / norm);
      const at = [parameter, first, second, gradient].map((tensor) => offset(tensor!));
      const constants = [shrink, b1!, b2!, epsilon!, weightDecay!, rate!, meanShare!, squareShare!];
      run("adamw", [...at, n, ...constants], Math.ceil(n / 4), 60);
      return [];
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

    [FUSED.unpackF16]: unpack("unpackF16"),
    [FUSED.unpackBf16]: unpack("unpackBf16"),

    [FUSED.rotary]: ({ x, positions, angles }, { rotated, sign }) => {
      const [rows, width] = x!.shape as [number, number];
      const [places, head] = angles!.shape as [number, number];
      requireRows(heap, positions!, places);
      const y = output(x!.shape);
      const at = [x, positions, angles, y].map((tensor) => offset(tensor!));
      run("rotary", [...at, width, head, rotated as number, sign as number], rows, 4 * width);
      return y;
    },
  };

  if (!tf.getKernel(FUSED.lookUp, "wasm")) tf.registerKernel(lookUpKernel("wasm"));
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

/** Lengths and head counts as the attention kernels take them, and how many pairs of tokens a head has at most. */
function attentionSizes(qkv: tf.TensorInfo, spans: tf.TensorInfo, attributes: tf.NamedAttrMap) {
  const { heads, kvHeads } = attributes as unknown as HeadShape;
  const length = spans.shape[1]!;
  const head = qkv.shape[1]! / (heads + 2 * kvHeads);
  const sizes: [number, number, number, number] = [length, heads, kvHeads, head];
  return { sizes, scale: 1 / Math.sqrt(head), pairs: length * (length + 1) / 2 };
}
