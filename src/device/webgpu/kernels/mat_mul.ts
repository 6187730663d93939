import * as tf from "@tensorflow/tfjs-core";
import { type GpuKernel, type GpuKernels, type OldKernel, runGpuKernel } from "../gpu_kernel.ts";

/*
 * C = A·B in tiles. 256 lanes compute a tile of 64 × 64, four by four each, from slices of A and B that they bring into
 * the memory that they share; while one slice is multiplied the next is on its way. A long inner dimension under few
 * tiles is cut into parts whose products are added up in one order, so the bits never change from run to run.
 */

const LANES = 256;
/** Rows and columns of a tile, and how deep a slice is. */
const TILE = 64, SLICE = 16;
/** Tiles that keep a large GPU busy; where there are fewer, the inner dimension is cut. */
const ENOUGH_TILES = 128;
/** The shallowest part that is worth a pass of its own. */
const LEAST_DEPTH = 128;

/** What the shader is written for: which operands are transposed, and whether fours of numbers can be read at once. */
interface Form {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly foursA: boolean;
  readonly foursB: boolean;
  readonly foursC: boolean;
}

function kernelOf(form: Form): GpuKernel {
  const { transposeA, transposeB, foursA, foursB, foursC } = form;
  return {
    key: `blade product ${transposeA} ${transposeB} ${foursA} ${foursB} ${foursC}`,
    inputs: [`a: ${foursA ? "vec4<f32>" : "f32"}`, `b: ${foursB ? "vec4<f32>" : "f32"}`],
    outputs: [`c: ${foursC ? "vec4<f32>" : "f32"}`],
    uniforms: [
      ...["m: u32", "n: u32", "k: u32", "a_batch: u32", "b_batch: u32"],
      ...["tiles_m: u32", "tiles_n: u32", "batches: u32", "splits: u32", "depth: u32"],
    ],
    lanes: LANES,
    code: `
      var<workgroup> slice_a: array<vec4<f32>, ${SLICE * TILE / 4}>;
      var<workgroup> slice_b: array<vec4<f32>, ${SLICE * TILE / 4}>;
      ${fetch("a", "m", transposeA, foursA)}
      ${fetch("b", "n", !transposeB, foursB)}
      fn run(unit: u32, lane: u32) {
        let column_tile = unit % uniforms.tiles_n;
        let row_tile = (unit / uniforms.tiles_n) % uniforms.tiles_m;
        let rest = unit / (uniforms.tiles_n * uniforms.tiles_m);
        let part = rest % uniforms.splits;
        let batch = rest / uniforms.splits;
        let first_row = row_tile * ${TILE}u;
        let first_column = column_tile * ${TILE}u;
        let from_a = batch * uniforms.a_batch;
        let from_b = batch * uniforms.b_batch;
        let end = min(uniforms.k, (part + 1u) * uniforms.depth);
        var k = part * uniforms.depth;
        var next_a = fetch_a(from_a, first_row, k, end, lane);
        var next_b = fetch_b(from_b, first_column, k, end, lane);
        let y = lane / 16u;
        let x = lane % 16u;
        var c0 = vec4<f32>(); var c1 = vec4<f32>(); var c2 = vec4<f32>(); var c3 = vec4<f32>();
        loop {
          ${keep("slice_a", "next_a", transposeA)}
          ${keep("slice_b", "next_b", !transposeB)}
          workgroupBarrier();
          k += ${SLICE}u;
          let more = k < end;
          if (more) {
            next_a = fetch_a(from_a, first_row, k, end, lane);
            next_b = fetch_b(from_b, first_column, k, end, lane);
          }
          ${
      Array.from({ length: SLICE }, (_, i) =>
        `{ let p = slice_a[${i * TILE / 4}u + y]; let q = slice_b[${i * TILE / 4}u + x];
             c0 += p.x * q; c1 += p.y * q; c2 += p.z * q; c3 += p.w * q; }`).join("\n")
    }
          if (!more) { break; }
          workgroupBarrier();
        }
        let row = first_row + 4u * y;
        let column = first_column + 4u * x;
        let base = ((part * uniforms.batches + batch) * uniforms.m + row) * uniforms.n + column;
        ${[0, 1, 2, 3].map((i) => store(i, foursC)).join("\n")}
      }`,
  };
}

/**
 * Four numbers of an operand for a lane. `along` says that the numbers of one depth lie side by side: four of them are
 * taken; else four depths of one row or column.
 */
function fetch(name: "a" | "b", size: "m" | "n", along: boolean, fours: boolean): string {
  const [place, depth] = along ? ["4u * (lane % 16u)", "lane / 16u"] : ["lane / 4u", "4u * (lane % 4u)"];
  const at = along ? `offset + depth * uniforms.${size} + place` : `offset + place * uniforms.k + depth`;
  const inside = (i: number) =>
    along
      ? `depth < end && place + ${i}u < uniforms.${size}`
      : `place < uniforms.${size} && depth + ${i}u < end`;
  const value = fours
    ? `if (${inside(0)}) { return ${name}[(${at}) / 4u]; } return vec4<f32>();`
    : `var found = vec4<f32>();
       ${
      [0, 1, 2, 3].map((i) => `if (${inside(i)}) { found.${"xyzw"[i]} = ${name}[${at} + ${i}u]; }`).join("\n")
    }
       return found;`;
  return `fn fetch_${name}(offset: u32, first: u32, k: u32, end: u32, lane: u32) -> vec4<f32> {
    let place = first + ${place};
    let depth = k + ${depth};
    ${value}
  }`;
}

/** Puts what a lane fetched into the shared slice, which holds fours of rows or columns, depth by depth. */
function keep(slice: string, value: string, along: boolean): string {
  if (along) return `${slice}[(lane / 16u) * ${TILE / 4}u + lane % 16u] = ${value};`;
  return [0, 1, 2, 3].map((i) =>
    `${slice}[(4u * (lane % 4u) + ${i}u) * ${TILE / 4}u + lane / 16u][(lane / 4u) % 4u] = ${value}.${
      "xyzw"[i]
    };`
  ).join("\n");
}

function store(i: number, fours: boolean): string {
  const value = `c${i}`;
  if (fours) {
    return `if (row + ${i}u < uniforms.m && column < uniforms.n) { c[(base + ${i}u * uniforms.n) / 4u] = ${value}; }`;
  }
  return [0, 1, 2, 3].map((j) =>
    `if (row + ${i}u < uniforms.m && column + ${j}u < uniforms.n) { c[base + ${i}u * uniforms.n + ${j}u] = ${value}.${
      "xyzw"[j]
    }; }`
  ).join("\n");
}

/** sums[i] = Σ_s parts[s, i], in the order of s. */
const ADD_PARTS: GpuKernel = {
  key: "blade product parts",
  inputs: ["parts: f32"],
  outputs: ["sums: f32"],
  uniforms: ["size: u32", "count: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      var sum = parts[i];
      for (var s = 1u; s < uniforms.count; s++) { sum += parts[s * uniforms.size + i]; }
      sums[i] = sum;
    }`,
};

/** Into how many parts the inner dimension is cut, and how deep each is. Depends on the shape alone. */
function cut(tiles: number, k: number): { splits: number; depth: number } {
  const wanted = Math.min(Math.ceil(ENOUGH_TILES / tiles), Math.floor(k / LEAST_DEPTH));
  const depth = Math.max(SLICE, Math.ceil(k / Math.max(1, wanted) / SLICE) * SLICE);
  return { splits: Math.max(1, Math.ceil(k / depth)), depth };
}

/** @param old what multiplies batches that are broadcast in other ways, and matrices without numbers. */
export function matMulKernels(old: OldKernel): GpuKernels {
  return {
    BatchMatMul: (backend, { a, b }, attributes) => {
      const [transposeA, transposeB] = [Boolean(attributes["transposeA"]), Boolean(attributes["transposeB"])];
      const [aRows, aColumns] = a!.shape.slice(-2) as [number, number];
      const [bRows, bColumns] = b!.shape.slice(-2) as [number, number];
      const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
      const n = transposeB ? bRows : bColumns;
      const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(
        a!.shape.slice(0, -2),
        b!.shape.slice(0, -2),
      );
      const batches = tf.util.sizeFromShape(batchShape);
      const countOf = (tensor: tf.TensorInfo) => tf.util.sizeFromShape(tensor.shape.slice(0, -2));
      const single = (tensor: tf.TensorInfo) => countOf(tensor) === 1 || countOf(tensor) === batches;
      if (m * n * k * batches === 0 || !single(a!) || !single(b!)) return old({ a: a!, b: b! }, attributes);
      const kernel = kernelOf({
        transposeA,
        transposeB,
        foursA: (transposeA ? m : k) % 4 === 0,
        foursB: (transposeB ? k : n) % 4 === 0,
        foursC: n % 4 === 0,
      });
      const [tilesM, tilesN] = [Math.ceil(m / TILE), Math.ceil(n / TILE)];
      const { splits, depth } = cut(tilesM * tilesN * batches, k);
      const strideOf = (tensor: tf.TensorInfo, size: number) => countOf(tensor) === 1 ? 0 : size;
      const shape = [...batchShape, m, n];
      const made = runGpuKernel(backend, kernel, {
        inputs: [a!, b!],
        outputs: [splits === 1 ? shape : [splits, ...shape]],
        uniforms: [m, n, k, strideOf(a!, m * k), strideOf(b!, k * n), tilesM, tilesN, batches, splits, depth],
        units: tilesM * tilesN * splits * batches,
      });
      if (splits === 1) return made;
      const size = batches * m * n;
      const call = {
        inputs: made,
        outputs: [shape],
        uniforms: [size, splits],
        units: Math.ceil(size / LANES),
      };
      const sums = runGpuKernel(backend, ADD_PARTS, call);
      backend.disposeData(made[0]!.dataId);
      return sums;
    },
  };
}
