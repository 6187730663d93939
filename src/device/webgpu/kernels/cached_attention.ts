import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { REDUCTIONS } from "./wgsl.ts";

const LANES = 64;

/**
 * `cachedAttention` for one head width. A unit is a query head of a row: its lanes take a token each, as many at a time as
 * there are lanes, and then a number of the output each; the sums are scaled down whenever a larger score comes.
 */
function cachedAttentionKernel(head: number): GpuKernel {
  return {
    key: `blade cached attention ${head}`,
    inputs: ["qkv: f32", "history: f32", "spans: i32", "places: i32"],
    updates: ["cache: f32"],
    outputs: ["y: f32"],
    uniforms: [
      ...["length: u32", "groupSize: u32", "heads: u32", "kvHeads: u32", "capacity: u32"],
      ...["scale: f32"],
    ],
    lanes: LANES,
    code: `${REDUCTIONS}
    const HEAD = ${head}u;
    const EACH = ${Math.ceil(head / LANES)}u;
    var<workgroup> weights: array<f32, LANES>;
    var<workgroup> query: array<f32, HEAD>;

    fn run(unit: u32, lane: u32) {
      let row = unit / uniforms.heads;
      let h = unit % uniforms.heads;
      let served = uniforms.heads / uniforms.kvHeads;
      let key = (h / served) * HEAD;
      let behind = uniforms.kvHeads * HEAD;
      let pair = 2u * behind;
      let queries = uniforms.heads * HEAD;
      let stride = queries + pair;
      let last = (row / uniforms.groupSize + 1u) * uniforms.length;
      let seen = uniforms.length - u32(spans[3u * last - 1u]);
      let at = min(u32(places[0]), uniforms.capacity - 1u);
      let count = seen + at + 1u;
      let past = (last - seen) * stride + queries + key;
      let mine = row * uniforms.capacity * pair + key;
      let newest = row * stride + queries + key;
      for (var i = lane; i < HEAD; i += LANES) {
        query[i] = qkv[row * stride + h * HEAD + i] * uniforms.scale;
        if (h % served == 0u) {
          let to = mine + at * pair + i;
          cache[to] = qkv[newest + i];
          cache[to + behind] = qkv[newest + behind + i];
        }
      }
      workgroupBarrier();

      var mixed: array<f32, EACH>;
      var top = -3e38;
      var total = 0.0;
      for (var start = 0u; start < count; start += LANES) {
        let j = start + lane;
        var score = -3e38;
        if (j < count) {
          score = 0.0;
          if (j < seen) {
            let base = past + j * stride;
            for (var i = 0u; i < HEAD; i++) { score += query[i] * history[base + i]; }
          } else if (j + 1u < count) {
            let base = mine + (j - seen) * pair;
            for (var i = 0u; i < HEAD; i++) { score += query[i] * cache[base + i]; }
          } else {
            for (var i = 0u; i < HEAD; i++) { score += query[i] * qkv[newest + i]; }
          }
        }
        let higher = max(top, maxOf(score, lane));
        let weight = select(0.0, exp(score - higher), j < count);
        weights[lane] = weight;
        let shrink = exp(top - higher);
        total = total * shrink + sumOf(weight, lane);
        top = higher;
        for (var e = 0u; e < EACH; e++) {
          let i = e * LANES + lane;
          if (i >= HEAD) { break; }
          var sum = mixed[e] * shrink;
          let end = min(LANES, count - start);
          for (var c = 0u; c < end; c++) {
            let token = start + c;
            var value = 0.0;
            if (token < seen) {
              value = history[past + token * stride + behind + i];
            } else if (token + 1u < count) {
              value = cache[mine + (token - seen) * pair + behind + i];
            } else {
              value = qkv[newest + behind + i];
            }
            sum += weights[c] * value;
          }
          mixed[e] = sum;
        }
        workgroupBarrier();
      }
      for (var e = 0u; e < EACH; e++) {
        let i = e * LANES + lane;
        if (i < HEAD) { y[(row * uniforms.heads + h) * HEAD + i] = mixed[e] / total; }
      }
    }`,
  };
}

export const cachedAttentionKernels: GpuKernels = {
  [FUSED.cachedAttention]: (backend, inputs, { groupSize, heads, kvHeads }) => {
    const { qkv, history, spans, cache, at } = inputs;
    const [rows, width] = qkv!.shape as [number, number];
    const head = width / (heads! + 2 * kvHeads!);
    return runGpuKernel(backend, cachedAttentionKernel(head), {
      inputs: [qkv!, history!, spans!, at!],
      updates: [cache!],
      outputs: [[rows, heads! * head]],
      uniforms: [
        ...[spans!.shape[1]!, groupSize!, heads!, kvHeads!, cache!.shape[1]!],
        1 / Math.sqrt(head),
      ],
      units: rows * heads!,
    });
  },
};
