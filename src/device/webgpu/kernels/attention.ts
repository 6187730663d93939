import type * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { type Parts, parts } from "./parts.ts";

/*
 * Softmax attention in tiles (after arXiv 2205.14135): a lane holds one query, or in the gradient one key, in
 * registers, and goes through the tokens that it sees, tile by tile through the memory that the lanes share. No matrix of
 * weights is written; the gradient makes them anew from the log-totals. Every sum has one order.
 */

/** Tokens of a tile. */
const TILE = 16;

const ACCESS = `
  const TILE = ${TILE}u;
  fn rowOf(sequence: u32, t: u32) -> u32 { return (sequence * uniforms.length + t) * uniforms.width; }
  fn sees(span: vec3<i32>, t: u32, column: u32) -> bool {
    let c = i32(column);
    return c <= i32(t) && c >= span.z || c >= span.x && c < span.y;
  }
  fn spanOf(sequence: u32, t: u32) -> vec3<i32> {
    let at = 3u * (sequence * uniforms.length + t);
    return vec3<i32>(spans[at], spans[at + 1u], spans[at + 2u]);
  }`;

const UNIFORMS = [
  "length: u32",
  "width: u32",
  "heads: u32",
  "kv_heads: u32",
  "tiles: u32",
  "scale: f32",
];

/** A unit: a head of a sequence and so many queries as there are lanes. */
function forward(head: number, lanes: number): GpuKernel {
  const p = parts(head);
  return {
    key: `blade attention ${head} ${lanes}`,
    inputs: ["qkv: f32", "spans: i32"],
    outputs: ["y: f32", "totals: f32"],
    uniforms: UNIFORMS,
    lanes,
    code: `${ACCESS}
      ${p.shared("keys", "TILE")}
      ${p.shared("values", "TILE")}
      fn run(unit: u32, lane: u32) {
        let h = (unit / uniforms.tiles) % uniforms.heads;
        let sequence = unit / (uniforms.tiles * uniforms.heads);
        let t = (unit % uniforms.tiles) * LANES + lane;
        let present = t < uniforms.length;
        let query = min(t, uniforms.length - 1u);
        let span = spanOf(sequence, query);
        let key_head = uniforms.heads + h / (uniforms.heads / uniforms.kv_heads);
        ${p.load("q", "qkv", `rowOf(sequence, query) + h * ${head}u`)}
        ${p.zero("sum")}
        var top = -3.4e38;
        var total = 0.0;
        for (var first = 0u; first < uniforms.length; first += TILE) {
          workgroupBarrier();
          for (var i = lane; i < TILE; i += LANES) {
            let row = rowOf(sequence, min(first + i, uniforms.length - 1u)) + key_head * ${head}u;
            ${p.fill("keys", "i", "qkv", "row")}
            ${p.fill("values", "i", "qkv", `row + uniforms.kv_heads * ${head}u`)}
          }
          workgroupBarrier();
          for (var i = 0u; i < min(TILE, uniforms.length - first); i++) {
            if (!sees(span, query, first + i)) { continue; }
            let score = uniforms.scale * (${p.dot("q", "keys", "i")});
            let most = max(top, score);
            let fade = exp(top - most);
            let weight = exp(score - most);
            ${p.blend("sum", "fade", "weight", "values", "i")}
            total = total * fade + weight;
            top = most;
          }
        }
        if (present) {
          let row = sequence * uniforms.length + t;
          ${p.store("y", `(row * uniforms.heads + h) * ${head}u`, "sum", "1.0 / total")}
          totals[row * uniforms.heads + h] = top + log(total);
        }
      }`,
  };
}

/** Units as in the forward pass give d queries; behind them, units of a key head and so many keys give d keys and values. */
function gradient(head: number, lanes: number): GpuKernel {
  const p = parts(head);
  return {
    key: `blade attention gradient ${head} ${lanes}`,
    inputs: ["qkv: f32", "spans: i32", "y: f32", "totals: f32", "dy: f32"],
    outputs: ["d_qkv: f32"],
    uniforms: [...UNIFORMS, "query_units: u32"],
    lanes,
    code: `${ACCESS}
      ${p.shared("one", "TILE")}
      ${p.shared("other", "TILE")}
      var<workgroup> facts: array<vec2<f32>, TILE>;
      var<workgroup> seen: array<vec3<i32>, TILE>;
      ${queryGradient(p, head)}
      ${keyGradient(p, head)}
      fn run(unit: u32, lane: u32) {
        if (unit < uniforms.query_units) { queries(unit, lane); } else { keys(unit - uniforms.query_units, lane); }
      }`,
  };
}

function queryGradient(p: Parts, head: number): string {
  return `fn queries(unit: u32, lane: u32) {
    let h = (unit / uniforms.tiles) % uniforms.heads;
    let sequence = unit / (uniforms.tiles * uniforms.heads);
    let t = (unit % uniforms.tiles) * LANES + lane;
    let query = min(t, uniforms.length - 1u);
    let span = spanOf(sequence, query);
    let key_head = uniforms.heads + h / (uniforms.heads / uniforms.kv_heads);
    let out = ((sequence * uniforms.length + query) * uniforms.heads + h) * ${head}u;
    ${p.load("q", "qkv", `rowOf(sequence, query) + h * ${head}u`)}
    ${p.load("up", "dy", "out")}
    ${p.load("mixed", "y", "out")}
    let along = ${p.product("up", "mixed")};
    let log_total = totals[(sequence * uniforms.length + query) * uniforms.heads + h];
    ${p.zero("sum")}
    for (var first = 0u; first < uniforms.length; first += TILE) {
      workgroupBarrier();
      for (var i = lane; i < TILE; i += LANES) {
        let row = rowOf(sequence, min(first + i, uniforms.length - 1u)) + key_head * ${head}u;
        ${p.fill("one", "i", "qkv", "row")}
        ${p.fill("other", "i", "qkv", `row + uniforms.kv_heads * ${head}u`)}
      }
      workgroupBarrier();
      for (var i = 0u; i < min(TILE, uniforms.length - first); i++) {
        if (!sees(span, query, first + i)) { continue; }
        let weight = exp(uniforms.scale * (${p.dot("q", "one", "i")}) - log_total);
        let slope = uniforms.scale * weight * ((${p.dot("up", "other", "i")}) - along);
        ${p.add("sum", "slope", "one", "i")}
      }
    }
    if (t < uniforms.length) { ${p.store("d_qkv", `rowOf(sequence, t) + h * ${head}u`, "sum", "1.0")} }
  }`;
}

function keyGradient(p: Parts, head: number): string {
  return `fn keys(unit: u32, lane: u32) {
    let k = (unit / uniforms.tiles) % uniforms.kv_heads;
    let sequence = unit / (uniforms.tiles * uniforms.kv_heads);
    let t = (unit % uniforms.tiles) * LANES + lane;
    let column = min(t, uniforms.length - 1u);
    let group = uniforms.heads / uniforms.kv_heads;
    let place = rowOf(sequence, column) + (uniforms.heads + k) * ${head}u;
    ${p.load("key", "qkv", "place")}
    ${p.load("value", "qkv", `place + uniforms.kv_heads * ${head}u`)}
    ${p.zero("d_key")}
    ${p.zero("d_value")}
    for (var h = k * group; h < (k + 1u) * group; h++) {
      for (var first = 0u; first < uniforms.length; first += TILE) {
        workgroupBarrier();
        for (var i = lane; i < TILE; i += LANES) {
          let query = min(first + i, uniforms.length - 1u);
          let row = sequence * uniforms.length + query;
          let out = (row * uniforms.heads + h) * ${head}u;
          ${p.load("up", "dy", "out")}
          ${p.load("mixed", "y", "out")}
          facts[i] = vec2<f32>(totals[row * uniforms.heads + h], ${p.product("up", "mixed")});
          seen[i] = spanOf(sequence, query);
          ${p.fill("one", "i", "qkv", `rowOf(sequence, query) + h * ${head}u`)}
          ${p.fill("other", "i", "dy", "out")}
        }
        workgroupBarrier();
        for (var i = 0u; i < min(TILE, uniforms.length - first); i++) {
          if (!sees(seen[i], first + i, column)) { continue; }
          let weight = exp(uniforms.scale * (${p.dot("key", "one", "i")}) - facts[i].x);
          let slope = uniforms.scale * weight * ((${p.dot("value", "other", "i")}) - facts[i].y);
          ${p.add("d_key", "slope", "one", "i")}
          ${p.add("d_value", "weight", "other", "i")}
        }
      }
    }
    if (t < uniforms.length) {
      ${p.store("d_qkv", "place", "d_key", "1.0")}
      ${p.store("d_qkv", `place + uniforms.kv_heads * ${head}u`, "d_value", "1.0")}
    }
  }`;
}

/** What a call depends on beside its tensors. */
function sizesOf(qkv: tf.TensorInfo, spans: tf.TensorInfo, attributes: Readonly<Record<string, number>>) {
  const { heads, kvHeads } = attributes as { heads: number; kvHeads: number };
  const [sequences, length] = spans.shape as [number, number];
  const width = qkv.shape[1]!;
  const head = width / (heads + 2 * kvHeads);
  const lanes = length <= 32 ? 32 : 64;
  const tiles = Math.ceil(length / lanes);
  const uniforms = [length, width, heads, kvHeads, tiles, 1 / Math.sqrt(head)];
  return { sequences, length, heads, kvHeads, head, lanes, tiles, uniforms };
}

export const attentionKernels: GpuKernels = {
  [FUSED.attention]: (backend, { qkv, spans }, attributes) => {
    const { sequences, length, heads, head, lanes, tiles, uniforms } = sizesOf(qkv!, spans!, attributes);
    return runGpuKernel(backend, forward(head, lanes), {
      inputs: [qkv!, spans!],
      outputs: [[sequences * length, heads * head], [sequences * length, heads]],
      uniforms,
      units: sequences * heads * tiles,
    });
  },

  [FUSED.attentionGrad]: (backend, { qkv, spans, value, logTotals, dy }, attributes) => {
    const { sequences, heads, kvHeads, head, lanes, tiles, uniforms } = sizesOf(qkv!, spans!, attributes);
    const queryUnits = sequences * heads * tiles;
    return runGpuKernel(backend, gradient(head, lanes), {
      inputs: [qkv!, spans!, value!, logTotals!, dy!],
      outputs: [qkv!.shape],
      uniforms: [...uniforms, queryUnits],
      units: queryUnits + sequences * kvHeads * tiles,
    });
  },
};
