import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { GUMBEL, RANDOM_BITS, REDUCTIONS } from "./wgsl.ts";

const LANES = 256;

/**
 * `drawItems` of `count` picks. A unit is a row of picks. Each lane sorts out the best of its own share of the items; the
 * best heads of their lists, one after another, are the picks. Rows that share their scores exclude the same from them.
 */
function drawKernel(count: number): GpuKernel {
  return {
    key: `blade draw ${count}`,
    inputs: ["starts: i32", "listed: i32", "keys: i32", "spreads: f32"],
    updates: ["scores: f32", "items: i32", "pickScores: f32", "rests: f32"],
    uniforms: [
      ...["columns: u32", "times: u32", "perList: u32", "width: u32"],
      ...["at: u32", "catalog: u32", "first: u32"],
    ],
    lanes: LANES,
    code: `${REDUCTIONS}${RANDOM_BITS}${GUMBEL}
    const COUNT = ${count}u;
    const NONE = -3e38;
    // The best of a lane's items, falling.
    var<private> bestValue: array<f32, COUNT>;
    var<private> bestItem: array<i32, COUNT>;
    var<private> bestScore: array<f32, COUNT>;
    var<workgroup> headValue: array<f32, LANES>;
    var<workgroup> headItem: array<i32, LANES>;

    fn exclude(row: u32, item: i32) {
      let column = item - i32(uniforms.first);
      if (column >= 0 && column < i32(uniforms.columns)) { scores[row + u32(column)] = NONE; }
    }
    fn perturbed(score: f32, spread: f32, item: u32, high: u32, low: u32) -> f32 {
      if (spread == 0.0) { return score; }
      return score + spread * gumbelOf(bitsOf(uniforms.at * uniforms.catalog + item, high, low));
    }
    fn insert(value: f32, item: i32, score: f32) {
      var place = COUNT - 1u;
      while (place > 0u) {
        if (bestValue[place - 1u] >= value) { break; }
        bestValue[place] = bestValue[place - 1u];
        bestItem[place] = bestItem[place - 1u];
        bestScore[place] = bestScore[place - 1u];
        place--;
      }
      bestValue[place] = value;
      bestItem[place] = item;
      bestScore[place] = score;
    }
    fn run(unit: u32, lane: u32) {
      let s = unit / uniforms.times;
      let row = s * uniforms.columns;
      let list = s / uniforms.perList;
      let slate = unit * uniforms.width;
      let own = slate + uniforms.at;
      for (var i = u32(starts[list]) + lane; i < u32(starts[list + 1u]); i += LANES) { exclude(row, listed[i]); }
      for (var k = lane; k < uniforms.at; k += LANES) { exclude(row, items[slate + k]); }
      storageBarrier();

      let high = u32(keys[2u * unit]);
      let low = u32(keys[2u * unit + 1u]);
      let spread = spreads[unit];
      for (var k = 0u; k < COUNT; k++) {
        bestValue[k] = NONE;
        bestItem[k] = -1;
        bestScore[k] = NONE;
      }
      // What earlier blocks left is in the first lane's hands.
      var oldItem: array<i32, COUNT>;
      var oldScore: array<f32, COUNT>;
      var oldCount = 0u;
      if (lane == 0u && uniforms.first > 0u) {
        for (var k = 0u; k < COUNT; k++) {
          let item = items[own + k];
          if (item < 0) { break; }
          oldItem[k] = item;
          oldScore[k] = pickScores[own + k];
          oldCount++;
          insert(perturbed(oldScore[k], spread, u32(item), high, low), item, oldScore[k]);
        }
      }
      for (var column = lane; column < uniforms.columns; column += LANES) {
        let score = scores[row + column];
        // No noise is above 23.
        if (score <= NONE || score + 23.0 * spread < bestValue[COUNT - 1u]) { continue; }
        let item = uniforms.first + column;
        let value = perturbed(score, spread, item, high, low);
        if (value > bestValue[COUNT - 1u]) { insert(value, i32(item), score); }
      }

      var taken = 0u;
      for (var k = 0u; k < COUNT; k++) {
        let open = taken < COUNT;
        headValue[lane] = select(NONE, bestValue[min(taken, COUNT - 1u)], open);
        headItem[lane] = select(-1, bestItem[min(taken, COUNT - 1u)], open);
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
          if (lane < half) {
            let value = headValue[lane + half];
            let item = headItem[lane + half];
            let lower = value == headValue[lane] && u32(item) < u32(headItem[lane]);
            if (value > headValue[lane] || lower) {
              headValue[lane] = value;
              headItem[lane] = item;
            }
          }
          workgroupBarrier();
        }
        let winner = headItem[0];
        workgroupBarrier();
        if (winner >= 0 && open && bestItem[min(taken, COUNT - 1u)] == winner) {
          items[own + k] = winner;
          pickScores[own + k] = bestScore[taken];
          taken++;
        } else if (winner < 0 && lane == 0u) {
          items[own + k] = -1;
          pickScores[own + k] = NONE;
        }
      }

      // log Σ of what is left, each lane's with a maximum of its own at first.
      var top = NONE;
      var sum = 0.0;
      for (var column = lane; column < uniforms.columns; column += LANES) {
        let score = scores[row + column];
        var left = score > NONE;
        for (var k = 0u; k < taken; k++) { left = left && bestItem[k] != i32(uniforms.first + column); }
        if (!left) { continue; }
        if (score > top) {
          sum = sum * exp(top - score) + 1.0;
          top = score;
        } else {
          sum += exp(score - top);
        }
      }
      if (lane == 0u && uniforms.first > 0u) {
        var before = rests[own];
        for (var k = 0u; k <= oldCount; k++) {
          var score = before;
          if (k < oldCount) {
            score = oldScore[k];
            for (var j = 0u; j < taken; j++) { if (bestItem[j] == oldItem[k]) { score = NONE; } }
          }
          if (score <= NONE) { continue; }
          if (score > top) {
            sum = sum * exp(top - score) + 1.0;
            top = score;
          } else {
            sum += exp(score - top);
          }
        }
      }
      let highest = maxOf(top, lane);
      let total = sumOf(select(0.0, sum * exp(top - highest), top > NONE), lane);
      if (lane == 0u) { rests[own] = select(NONE, highest + log(total), highest > NONE); }
    }`,
  };
}

export const drawKernels: GpuKernels = {
  [FUSED.draw]: (backend, inputs, { times, perList, at, count, catalog, first }) => {
    const { scores, starts, listed, keys, spreads, items, pickScores, rests } = inputs;
    const [rows, width] = items!.shape as [number, number];
    return runGpuKernel(backend, drawKernel(count!), {
      inputs: [starts!, listed!, keys!, spreads!],
      updates: [scores!, items!, pickScores!, rests!],
      uniforms: [scores!.shape[1]!, times!, perList!, width, at!, catalog!, first!],
      units: rows,
    });
  },
};
