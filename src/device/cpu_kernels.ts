import * as tf from "@tensorflow/tfjs-core";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { keyOfWords } from "../numerics/random.ts";
import { CPU_DECODING_KERNELS } from "./cpu_decoding_kernels.ts";
import { registerCpuElementaryKernels } from "./cpu_elementary_kernels.ts";
import { CPU_HALF_KERNELS } from "./cpu_half_kernels.ts";
import type { CpuKernel } from "./cpu_kernel.ts";
import { FUSED } from "./fused.ts";
import { EXCLUDED } from "./exclusions.ts";
import { lookUpKernel } from "./table_rows.ts";
import { exp } from "../numerics/exponentials.ts";
import { log } from "../numerics/logarithms.ts";

/** The project's own kernels that every backend has, as plain loops: the reference for the other backends. */
const KERNELS: Readonly<Record<string, CpuKernel>> = {
  ...CPU_DECODING_KERNELS,
  ...CPU_HALF_KERNELS,

  [FUSED.addToRows]: ({ table, values, indices }, _, valuesOf) => {
    const width = table!.shape[1]!;
    const [to, from] = [valuesOf(table!), valuesOf(values!)];
    for (const [i, row] of valuesOf(indices!).entries()) {
      for (let c = 0; c < width; c++) to[row * width + c]! += from[i * width + c]!;
    }
    return [];
  },

  [FUSED.putRows]: ({ table, values }, { first }, valuesOf) => {
    valuesOf(table!).set(valuesOf(values!), first! * table!.shape[1]!);
    return [];
  },

  [FUSED.catalogTotals]: ({ z, parts, spans, excluded }, attributes, valuesOf) => {
    const { first, column } = attributes as { first: number; column: number };
    const [width, columns] = [z!.shape[1]!, parts!.shape[1]!];
    const [scores, totals] = [valuesOf(z!), valuesOf(parts!)];
    for (let r = 0; r < z!.shape[0]!; r++) {
      const row = scores.subarray(r * width, (r + 1) * width);
      for (const place of excludedPlaces(valuesOf(spans!), valuesOf(excluded!), r, first, width)) {
        row[place] = EXCLUDED;
      }
      const top = row.reduce((most, score) => Math.max(most, score), -Infinity);
      const sum = row.reduce((sum, score) => sum + exp(score - top), 0);
      totals[r * columns + column] = top + log(sum);
    }
    return [];
  },

  [FUSED.catalogShares]: ({ z, totals, dy, spans, excluded }, { first }, valuesOf) => {
    const width = z!.shape[1]!;
    const [scores, logTotals, pull] = [valuesOf(z!), valuesOf(totals!), valuesOf(dy!)];
    for (let r = 0; r < z!.shape[0]!; r++) {
      const row = scores.subarray(r * width, (r + 1) * width);
      for (let c = 0; c < width; c++) row[c] = pull[r]! * exp(row[c]! - logTotals[r]!);
      for (const place of excludedPlaces(valuesOf(spans!), valuesOf(excluded!), r, first!, width)) {
        row[place] = 0;
      }
    }
    return [];
  },

  [FUSED.dropout]: ({ x, keys, rows }, attributes, valuesOf, output) => {
    const { place, threshold, scale } = attributes as { place: number; threshold: number; scale: number };
    const words = valuesOf(keys!);
    const { bits } = keyOfWords(words[2 * place]!, words[2 * place + 1]!);
    const width = x!.shape.at(-1)!;
    const countsAs = rows === undefined ? undefined : valuesOf(rows);
    return output(
      x!.shape,
      valuesOf(x!).map((value, at) => {
        const i = countsAs === undefined ? at : countsAs[Math.floor(at / width)]! * width + at % width;
        return ((bits(i >> 1) >>> 16 * (i & 1)) & 0xffff) < threshold ? 0 : value * scale;
      }),
    );
  },

  [FUSED.squaredNorm]: (inputs, _, valuesOf, output) => {
    let sum = 0;
    for (const tensor of Object.values(inputs)) for (const value of valuesOf(tensor)) sum += value * value;
    return output([], Float32Array.of(sum));
  },

  [FUSED.gate]: ({ squares, loss, halted }, _, valuesOf, output) => {
    const own = valuesOf(squares!)[0]!;
    const stopped = halted === undefined ? 0 : valuesOf(halted)[0]!;
    const passes = stopped === 0 && Number.isFinite(own) && Number.isFinite(valuesOf(loss!)[0]!);
    if (halted !== undefined && !passes) valuesOf(halted)[0] = 1;
    return output([], Float32Array.of(passes ? own : -1));
  },

  [FUSED.adamw]: ({ parameter, first, second, gradient, squares, numbers }, attributes, valuesOf) => {
    const { b1, b2, epsilon, weightDecay, clipNorm } = attributes as Record<
      "b1" | "b2" | "epsilon" | "weightDecay" | "clipNorm",
      number
    >;
    const norm = Math.sqrt(valuesOf(squares!)[0]!);
    if (!Number.isFinite(norm)) return [];
    const shrink = Math.min(1, clipNorm / norm);
    const [rate, meanShare, squareShare] = valuesOf(numbers!) as unknown as [number, number, number];
    const [p, m, v] = [valuesOf(parameter!), valuesOf(first!), valuesOf(second!)];
    valuesOf(gradient!).forEach((raw, i) => {
      const g = raw * shrink;
      m[i] = b1 * m[i]! + (1 - b1) * g;
      v[i] = b2 * v[i]! + (1 - b2) * g * g;
      const step = m[i]! / meanShare / (Math.sqrt(v[i]! / squareShare) + epsilon);
      p[i]! -= rate * (step + weightDecay * p[i]!);
    });
    return [];
  },
};

/** The columns of a block of `width` items from `first` on that a row leaves out. */
function* excludedPlaces(
  spans: ArrayLike<number>,
  items: ArrayLike<number>,
  row: number,
  first: number,
  width: number,
): Generator<number> {
  for (const span of [4 * row, 4 * row + 2]) {
    for (let i = spans[span]!; i < spans[span + 1]!; i++) {
      const place = items[i]! - first;
      if (place >= 0 && place < width) yield place;
    }
  }
}

/** Registers them for the cpu backend. */
export function registerCpuKernels(): void {
  if (!tf.getKernel(FUSED.lookUp, "cpu")) {
    tf.registerKernel(lookUpKernel("cpu"));
    registerCpuElementaryKernels();
  }
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    if (tf.getKernel(kernelName, "cpu")) continue;
    tf.registerKernel({
      kernelName,
      backendName: "cpu",
      kernelFunc: ({ inputs, backend, attrs }) => {
        const cpu = backend as MathBackendCPU;
        return kernel(
          inputs as Readonly<Record<string, tf.TensorInfo>>,
          attrs as Record<string, number>,
          ({ dataId }) => cpu.data.get(dataId).values as Float32Array,
          (shape, values) => cpu.makeTensorInfo(shape, "float32", values),
        );
      },
    });
  }
}
