// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { expWithin4, log } from "./elementary.ts";
import { maxLanes, sumLanes, take } from "./lanes.ts";
import { scratchOf } from "./matrix_product.ts";
import { bits4, extractLane, stepOf } from "./random_bits.ts";

/** No score. What is excluded has it, so that no maximum and no sum sees it. */
const NONE: f32 = -3e38;

/**
 * `drawItems` of src/device/ops_draw.ts. A unit of work is a row of scores [rows / times, columns] with the `times` rows
 * of picks [rows, width] that share it.
 */
export function draw(
  scores: usize,
  starts: usize,
  listed: usize,
  keys: usize,
  spreads: usize,
  items: usize,
  pickScores: usize,
  rests: usize,
  columns: i32,
  times: i32,
  perList: i32,
  width: i32,
  at: i32,
  count: i32,
  catalog: i32,
  first: i32,
  from: i32,
  to: i32,
): void {
  for (let s = from; s < to; s++) {
    const row = scores + (<usize> s * columns << 2), bounds = starts + (<usize> (s / perList) << 2);
    const end = load<i32>(bounds, 4);
    for (let i = load<i32>(bounds); i < end; i++) {
      exclude(row, load<i32>(listed + (<usize> i << 2)) - first, columns);
    }
    for (let r = s * times; r < (s + 1) * times; r++) {
      const slate = <usize> (r * width) << 2, own = slate + (<usize> at << 2);
      for (let k = 0; k < at; k++) {
        exclude(row, load<i32>(items + slate + (<usize> k << 2)) - first, columns);
      }
      if (first == 0) {
        for (let k = 0; k < count; k++) {
          store<i32>(items + own + (<usize> k << 2), -1);
          store<f32>(pickScores + own + (<usize> k << 2), NONE);
        }
        store<f32>(rests + own, NONE);
      }
      const key = keys + (<usize> r << 3), spread = load<f32>(spreads + (<usize> r << 2));
      const high = i32x4.splat(load<i32>(key)), low = i32x4.splat(load<i32>(key, 4));
      const lost = keepLargest(
        row,
        columns,
        first,
        at * catalog,
        high,
        low,
        spread,
        items + own,
        pickScores + own,
        count,
      );
      const left = restOf(row, columns, first, items + own, pickScores + own, count);
      store<f32>(rests + own, sumOfLogs(load<f32>(rests + own), sumOfLogs(lost, left)));
    }
  }
}

function exclude(row: usize, column: i32, columns: i32): void {
  if (column >= 0 && column < columns) store<f32>(row + (<usize> column << 2), NONE);
}

/** Score plus noise from the bits of an item's counter. */
function perturbed(score: f32, spread: f32, bits: u32): f32 {
  if (spread == 0) return score;
  const u: f64 = (<f64> bits + 0.5) / 4294967296;
  return score + spread * <f32> -log(-log(u));
}

/**
 * Takes the row's items into the `count` kept with the largest perturbed scores, and returns log Σ e^score of those that
 * leave and are no items of this row.
 *
 * Most items are seen to be too small without a logarithm: −log u ≥ 1 − u bounds the noise by −log(1 − u), and a float's
 * bits, read as an integer, are never above its logarithm to base 2 (times 2²³, plus 127·2²³).
 */
function keepLargest(
  row: usize,
  columns: i32,
  first: i32,
  counter: i32,
  high: v128,
  low: v128,
  spread: f32,
  items: usize,
  pickScores: usize,
  count: i32,
): f32 {
  const mixing = stepOf(low), values = scratchOf(), last = <usize> (count - 1) << 2;
  for (let k: usize = 0; k <= last; k += 4) {
    const item = load<i32>(items + k);
    const bits = extractLane(bits4(i32x4.splat(counter + item), high, low, mixing), 0);
    store<f32>(values + k, item < 0 ? NONE : perturbed(load<f32>(pickScores + k), spread, bits));
  }
  let lost = NONE, bar = load<f32>(values + last), barrier = barrierOf(bar, spread);
  // −log(1 − u) ≤ ln 2·(158 − bits/2²³) where the bits are those of (1 − u)·2³¹.
  const most = f32x4.splat(spread * 109.517254), step = f32x4.splat(spread * -8.26295829e-8);
  let counters = i32x4.add(i32x4.splat(counter + first), i32x4(0, 1, 2, 3));
  for (let i = 0; i < columns; i += 4) {
    const left = columns - i, x = take(row + (<usize> i << 2), left, NONE);
    let words = counters, bound = x;
    if (spread != 0) {
      words = bits4(counters, high, low, mixing);
      const late = f32x4.convert_i32x4_s(i32x4.shr_u(v128.not(words), 1));
      bound = f32x4.add(x, f32x4.add(most, f32x4.mul(step, f32x4.convert_i32x4_s(late))));
    }
    counters = i32x4.add(counters, i32x4.splat(4));
    let able = i32x4.bitmask(f32x4.gt(bound, f32x4.splat(barrier)));
    for (; able != 0; able &= able - 1) {
      const lane = ctz(able), score = load<f32>(row + (<usize> (i + lane) << 2));
      const value = perturbed(score, spread, extractLane(words, lane));
      if (score <= NONE || value <= bar) continue;
      const leaving = load<i32>(items + last);
      if (leaving >= 0 && leaving < first) lost = sumOfLogs(lost, load<f32>(pickScores + last));
      let place = last;
      for (; place > 0 && load<f32>(values + place - 4) < value; place -= 4) {
        store<f32>(values + place, load<f32>(values + place - 4));
        store<i32>(items + place, load<i32>(items + place - 4));
        store<f32>(pickScores + place, load<f32>(pickScores + place - 4));
      }
      store<f32>(values + place, value);
      store<i32>(items + place, first + i + lane);
      store<f32>(pickScores + place, score);
      bar = load<f32>(values + last), barrier = barrierOf(bar, spread);
    }
  }
  return lost;
}

/** What a bound must exceed that a value may exceed the bar: less by what both may be rounded. */
function barrierOf(bar: f32, spread: f32): f32 {
  return bar <= NONE ? bar : bar - <f32> 1e-3 * spread - <f32> 1e-6 * abs(bar);
}

/** Items whose exponentials are summed in 32 bits. */
const SUMMED: i32 = 4096;

/** log Σ e^score of the row without those of its items that are kept. */
function restOf(
  row: usize,
  columns: i32,
  first: i32,
  items: usize,
  pickScores: usize,
  count: i32,
): f32 {
  for (let k = 0; k < count; k++) exclude(row, load<i32>(items + (<usize> k << 2)) - first, columns);
  let highest = f32x4.splat(NONE);
  for (let i = 0; i < columns; i += 4) {
    highest = f32x4.pmax(highest, take(row + (<usize> i << 2), columns - i, NONE));
  }
  const top = maxLanes(highest);
  let total: f64 = 0;
  if (top > NONE) {
    const shift = f32x4.splat(top);
    for (let block = 0; block < columns; block += SUMMED) {
      const end = min(columns, block + SUMMED);
      let sum = f32x4.splat(0);
      for (let i = block; i < end; i += 4) {
        sum = f32x4.add(sum, expWithin4(f32x4.sub(take(row + (<usize> i << 2), columns - i, NONE), shift)));
      }
      total += <f64> sumLanes(sum);
    }
  }
  for (let k = 0; k < count; k++) {
    const column = load<i32>(items + (<usize> k << 2)) - first;
    if (column < 0 || column >= columns) continue;
    store<f32>(row + (<usize> column << 2), load<f32>(pickScores + (<usize> k << 2)));
  }
  return top > NONE ? <f32> (<f64> top + log(total)) : NONE;
}

/** log(e^a + e^b). */
function sumOfLogs(a: f32, b: f32): f32 {
  const top = max(a, b), under = min(a, b);
  if (under <= NONE) return top;
  const share = f32x4.extract_lane(expWithin4(f32x4.splat(under - top)), 0);
  return <f32> (<f64> top + log(1 + <f64> share));
}
