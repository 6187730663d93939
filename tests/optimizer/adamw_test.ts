import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { BladeError } from "../../src/core/errors.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { adamw, type AdamWOptions } from "../../src/optimizer/adamw.ts";
import {
  disposeState,
  type Optimizer,
  type OptimizerState,
  restoreState,
} from "../../src/optimizer/optimizer.ts";
import { disposeTree, mapTree, type ParameterTree } from "../../src/optimizer/parameter_tree.ts";
import { warmupCosine } from "../../src/optimizer/schedules.ts";

await openDevice({ device: "cpu" });

const SHAPES: Readonly<Record<string, number[]>> = { "w/2": [3, 2], bias: [3], "w/1": [2, 2] };

function numbersOf(name: string, step: number): number[] {
  const key = randomKey(5).split(name, step);
  return Array.from({ length: tf.util.sizeFromShape(SHAPES[name]!) }, (_, i) => 4 * key.uniform(i) - 2);
}

function tree(step: number): ParameterTree {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [name, tf.tensor(numbersOf(name, step), shape)]),
  );
}

/** One update in place with the gradients of that step; the norm of the gradients. */
function advance(optimizer: Optimizer, state: OptimizerState, parameters: ParameterTree, step: number) {
  const { numbers } = uploadArrays({ numbers: optimizer.numbers(state.step + 1) });
  const gradients = tree(step);
  const norm = optimizer.update(gradients, state.slots, parameters, numbers);
  const value = norm.dataSync()[0]!;
  disposeTree({ ...gradients, numbers, norm });
  return { state: { ...state, step: state.step + 1 }, norm: value };
}

function run(o: AdamWOptions, steps: number): { values: Record<string, number[]>; norms: number[] } {
  const optimizer = adamw(o);
  const parameters = tree(0);
  let state = optimizer.init(parameters);
  const norms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const next = advance(optimizer, state, parameters, step);
    state = next.state;
    norms.push(next.norm);
  }
  const values = Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
  );
  disposeTree(parameters);
  disposeState(state);
  return { values, norms };
}

/** The textbook, number by number. */
function textbook(o: Required<Omit<AdamWOptions, "decays">> & { learningRate: number }, steps: number) {
  const values = Object.fromEntries(Object.keys(SHAPES).map((name) => [name, numbersOf(name, 0)]));
  const m = Object.fromEntries(Object.keys(SHAPES).map((name) => [name, values[name]!.map(() => 0)]));
  const v = structuredClone(m);
  const norms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const gradients = Object.fromEntries(Object.keys(SHAPES).map((name) => [name, numbersOf(name, step)]));
    const norm = Math.hypot(...Object.values(gradients).flat());
    norms.push(norm);
    for (const name of Object.keys(SHAPES)) {
      const decay = SHAPES[name]!.length >= 2 ? o.weightDecay : 0;
      values[name] = values[name]!.map((value, i) => {
        const g = gradients[name]![i]! * Math.min(1, o.clipNorm / norm);
        m[name]![i] = o.b1 * m[name]![i]! + (1 - o.b1) * g;
        v[name]![i] = o.b2 * v[name]![i]! + (1 - o.b2) * g * g;
        const mean = m[name]![i]! / (1 - o.b1 ** step);
        const square = v[name]![i]! / (1 - o.b2 ** step);
        return value - o.learningRate * (mean / (Math.sqrt(square) + o.epsilon) + decay * value);
      });
    }
  }
  return { values, norms };
}

for (
  const o of [
    { learningRate: 0.01, b1: 0.9, b2: 0.999, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 },
    { learningRate: 0.1, b1: 0.5, b2: 0.9, epsilon: 0.3, weightDecay: 0, clipNorm: 1000 },
  ]
) {
  Deno.test(`AdamW agrees with the textbook over ten steps at rate ${o.learningRate}`, () => {
    const [actual, expected] = [run(o, 10), textbook(o, 10)];
    for (const name of Object.keys(SHAPES)) {
      expected.values[name]!.forEach((value, i) =>
        assertAlmostEquals(actual.values[name]![i]!, value, 2e-6, name)
      );
    }
    expected.norms.forEach((norm, i) => assertAlmostEquals(actual.norms[i]!, norm, 1e-5));
  });
}

Deno.test("An update changes numbers in place, makes no tensor but the norm, and frees none", () => {
  const optimizer = adamw({ learningRate: 0.01, weightDecay: 0.1, clipNorm: 1 });
  const [parameters, gradients] = [tree(0), tree(1)];
  const { slots } = optimizer.init(parameters);
  // Two moments for each of three parameters.
  assertEquals(Object.keys(slots).length, 6);
  const { numbers } = uploadArrays({ numbers: optimizer.numbers(1) });
  const before = tf.memory().numTensors;
  const norm = optimizer.update(gradients, slots, parameters, numbers);
  assertEquals(tf.memory().numTensors, before + 1);
  assert(!Object.values({ ...parameters, ...gradients, ...slots }).some((tensor) => tensor.isDisposed));
  assertNotEquals([...parameters.bias!.dataSync()], numbersOf("bias", 0));
  disposeTree({ ...parameters, ...gradients, ...slots, numbers, norm });
});

Deno.test("Gradients whose norm is no finite number change nothing", () => {
  for (const bad of [NaN, Infinity, 3e38]) {
    const optimizer = adamw({ learningRate: 0.01, clipNorm: 1 });
    const [parameters, gradients] = [tree(0), { ...tree(1), bias: tf.tensor1d([1, bad, 1]) }];
    const { slots } = optimizer.init(parameters);
    const { numbers } = uploadArrays({ numbers: optimizer.numbers(1) });
    const norm = optimizer.update(gradients, slots, parameters, numbers);
    assert(!Number.isFinite(norm.dataSync()[0]!));
    for (const name of Object.keys(SHAPES)) {
      assertEquals(parameters[name]!.dataSync(), Float32Array.from(numbersOf(name, 0)));
      assertEquals(Math.max(...slots[`first/${name}`]!.dataSync().map(Math.abs)), 0);
    }
    disposeTree({ ...parameters, ...gradients, ...slots, numbers, norm });
  }
});

Deno.test("A run that stops and goes on from its saved numbers ends as one that did not stop", () => {
  const optimizer = adamw({ learningRate: warmupCosine({ peak: 0.1, warmupSteps: 2, totalSteps: 6 }) });
  const steps = (from: OptimizerState, parameters: ParameterTree, first: number, last: number) => {
    let state = from;
    for (let step = first; step <= last; step++) state = advance(optimizer, state, parameters, step).state;
    return { state, parameters };
  };
  const copy = (of: ParameterTree) =>
    mapTree(of, (tensor) => tf.tensor(tensor.dataSync().slice(), tensor.shape));
  const first = tree(0);
  const whole = steps(optimizer.init(first), first, 1, 6);
  const second = tree(0);
  const half = steps(optimizer.init(second), second, 1, 3);
  const parameters = copy(half.parameters);
  const state = restoreState(optimizer, parameters, { step: half.state.step, slots: copy(half.state.slots) });
  const resumed = steps(state, parameters, 4, 6);
  assertEquals(resumed.state.step, 6);
  for (const name of Object.keys(SHAPES)) {
    assertEquals(resumed.parameters[name]!.dataSync(), whole.parameters[name]!.dataSync());
  }
  [whole, half, resumed].forEach((end) => {
    disposeTree(end.parameters);
    disposeState(end.state);
  });
});

Deno.test("The order in which parameters are named makes no difference", () => {
  const optimizer = adamw({ learningRate: 0.05, clipNorm: 1 });
  const reversed = (of: ParameterTree) => Object.fromEntries(Object.entries(of).reverse());
  const there = tree(0);
  const back = reversed(tree(0));
  const [one, other] = [optimizer.init(there), optimizer.init(back)];
  assertEquals(advance(optimizer, one, there, 1).norm, advance(optimizer, other, back, 1).norm);
  for (const name of Object.keys(SHAPES)) {
    assertEquals(there[name]!.dataSync(), back[name]!.dataSync());
    assertEquals(there[name]!.shape, SHAPES[name]!);
  }
  disposeTree({ ...there, ...one.slots });
  disposeTree({ ...back, ...other.slots });
});

Deno.test("A saved state that does not fit the parameters is refused, with both sides named", () => {
  const optimizer = adamw({ learningRate: 0.05 });
  const parameters = tree(0);
  const slots = { "first/bias": tf.zeros([3]) };
  const before = tf.memory().numTensors;
  assertThrows(
    () => restoreState(optimizer, parameters, { step: 4, slots }),
    BladeError,
    "second/w/1 [2,2]",
  );
  assertEquals(tf.memory().numTensors, before);
  disposeTree({ ...parameters, ...slots });
});

Deno.test("A parameter without a gradient, or a gradient without a parameter, is refused", () => {
  const optimizer = adamw({ learningRate: 0.05 });
  const parameters = tree(0);
  const { slots } = optimizer.init(parameters);
  const { numbers } = uploadArrays({ numbers: optimizer.numbers(1) });
  const { bias: _, ...lacking } = tree(1);
  assertThrows(() => optimizer.update(lacking, slots, parameters, numbers), TypeError, '"bias" has none');
  const extra = { ...tree(1), other: tf.zeros([1]) };
  assertThrows(() => optimizer.update(extra, slots, parameters, numbers), TypeError, 'for "other"');
  disposeTree({ ...parameters, ...slots, numbers });
});
