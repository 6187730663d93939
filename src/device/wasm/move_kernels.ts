import * as tf from "@tensorflow/tfjs-core";
import type { WasmHeap } from "./backend.ts";
import type { KernelThreads } from "./threads.ts";

type Inputs = Readonly<Record<string, tf.TensorInfo>>;
type Kernel = (inputs: Inputs, attributes: tf.NamedAttrMap) => tf.TensorInfo | tf.TensorInfo[];

/** Bytes of an element, for what these kernels move. */
const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1 };

/**
 * Kernels that only move data. tfjs's own copy through JavaScript: `Slice` even the whole tensor that it cuts from, and
 * `Identity` what could be shared.
 *
 * @param old what tfjs does where a kernel here leaves a case to it.
 */
export function moveKernels(
  heap: WasmHeap,
  run: KernelThreads["run"],
  old: (name: string, inputs: Inputs, attributes: tf.NamedAttrMap) => tf.TensorInfo | tf.TensorInfo[],
): Record<string, Kernel> {
  /** Moves a block of `inner` elements for each of `outer`, between places `width` elements apart. */
  const copy = (
    from: { tensor: tf.TensorInfo; start: number; width: number },
    to: { tensor: tf.TensorInfo; start: number; width: number },
    outer: number,
    inner: number,
  ) => {
    const size = BYTES[from.tensor.dtype]!;
    run(
      "copyBlocks",
      [
        heap.offset(from.tensor) + size * from.start,
        heap.offset(to.tensor) + size * to.start,
        ...[inner, from.width, to.width].map((n) => n * size),
      ],
      outer,
      inner,
    );
  };

  return {
    Identity: ({ x }) => heap.share(x!),

    Slice: (inputs, attributes) => {
      const x = inputs.x!;
      const [begin, size] = tf.slice_util.parseSliceParams(
        x as tf.Tensor,
        attributes.begin as number[],
        attributes.size as number[],
      ) as [number[], number[]];
      const cut = x.shape.flatMap((n, axis) => size[axis] === n ? [] : [axis]);
      if (cut.length > 1 || !(x.dtype in BYTES)) return old("Slice", inputs, attributes);
      const axis = cut[0];
      if (axis === undefined) return heap.share(x);
      const out = heap.output(size, x.dtype as "float32");
      const [outer, inner] = around(x.shape, axis);
      const width = size[axis]! * inner;
      copy(
        { tensor: x, start: begin[axis]! * inner, width: x.shape[axis]! * inner },
        { tensor: out, start: 0, width },
        outer,
        width,
      );
      return out;
    },

    SplitV: ({ x }, attributes) => {
      const axis = tf.util.parseAxisParam(attributes.axis as number, x!.shape)[0]!;
      const sizes = tf.backend_util.prepareSplitSize(
        x as tf.Tensor,
        attributes.numOrSizeSplits as number | number[],
        axis,
      );
      const [outer, inner] = around(x!.shape, axis);
      let start = 0;
      return sizes.map((size) => {
        const out = heap.output(x!.shape.map((n, i) => i === axis ? size : n), x!.dtype as "float32");
        const width = size * inner;
        copy(
          { tensor: x!, start, width: x!.shape[axis]! * inner },
          { tensor: out, start: 0, width },
          outer,
          width,
        );
        start += width;
        return out;
      });
    },

    Concat: (inputs, attributes) => {
      const parts = Object.values(inputs);
      const { shape, dtype } = parts[0]!;
      if (!(dtype in BYTES)) return old("Concat", inputs, attributes);
      const axis = tf.util.parseAxisParam(attributes.axis as number, shape)[0]!;
      const shapes = parts.map((part) => part.shape);
      tf.backend_util.assertParamsConsistent(shapes, axis);
      const outShape = tf.backend_util.computeOutShape(shapes, axis);
      const out = heap.output(outShape, dtype as "float32");
      const [outer, inner] = around(outShape, axis);
      let start = 0;
      for (const part of parts) {
        const width = part.shape[axis]! * inner;
        if (width > 0) {
          copy(
            { tensor: part, start: 0, width },
            { tensor: out, start, width: outShape[axis]! * inner },
            outer,
            width,
          );
        }
        start += width;
      }
      return out;
    },

    GatherV2: (inputs, attributes) => {
      const { x, indices } = inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
      const axis = tf.util.parseAxisParam(attributes.axis as number, x.shape)[0];
      if (((attributes.batchDims as number | undefined) ?? 0) !== 0) {
        throw new TypeError(
          "Cannot gather with batchDims on wasm: tfjs's own kernel gives wrong numbers there",
        );
      }
      if (axis !== 0 || indices.dtype !== "int32" || !(x.dtype in BYTES)) {
        return old("GatherV2", inputs, attributes);
      }
      requireRows(heap, indices, x.shape[0]!);
      const count = tf.util.sizeFromShape(indices.shape);
      const [, inner] = around(x.shape, 0);
      const out = heap.output([...indices.shape, ...x.shape.slice(1)], x.dtype as "float32");
      const job = [heap.offset(x), heap.offset(indices), heap.offset(out), inner * BYTES[x.dtype]!];
      run("gatherRows", job, count, inner);
      return out;
    },
  };
}

/** Refuses an index that is no row of a table: the kernels would read or write beyond it. */
export function requireRows(heap: WasmHeap, indices: tf.TensorInfo, rows: number): void {
  const values = new Int32Array(
    heap.memory.buffer,
    heap.offset(indices),
    tf.util.sizeFromShape(indices.shape),
  );
  for (const row of values) {
    if (row < 0 || row >= rows) throw new RangeError(`Cannot look up row ${row}: the table has ${rows} rows`);
  }
}

/** How many elements come before and after an axis: [outer, axis, inner]. */
function around(shape: number[], axis: number): [outer: number, inner: number] {
  return [tf.util.sizeFromShape(shape.slice(0, axis)), tf.util.sizeFromShape(shape.slice(axis + 1))];
}
