/** An update whose loss or gradient is no number is held back on the device; every other one keeps its bits. */
import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertNotEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { readNumbers } from "../../src/device/computation.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { disposeTree, type ParameterTree } from "../../src/optimizer/parameter_tree.ts";
import { readParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { onEachDevice } from "../device/devices.ts";

const SHAPES: Readonly<Record<string, number[]>> = { table: [41, 53], gain: [7], gate: [8, 24] };

function tree(step: number): ParameterTree {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      const values = new Float32Array(tf.util.sizeFromShape(shape));
      randomKey(3).split(name, step).fillNormal(values);
      return [name, tf.tensor(values, shape)];
    }),
  );
}

/** What three updates with these losses leave; `bad` is a number in the gradient of the second. */
async function after(
  o: { losses: readonly number[] | null; halts?: boolean; bad?: number },
): Promise<{ bits: Map<string, Uint32Array>; norms: number[]; tensors: number }> {
  const tensors = tf.memory().numTensors;
  const optimizer = adamw({ learningRate: 0.05, weightDecay: 0.1, clipNorm: 1 });
  const parameters = tree(0);
  const { slots } = optimizer.init(parameters);
  const halted = tf.fill([1], 0);
  const norms: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const { numbers } = uploadArrays({ numbers: optimizer.numbers(step) });
    const gradients = { ...tree(step) };
    if (step === 2 && o.bad !== undefined) {
      gradients["gain"]!.dispose();
      gradients["gain"] = tf.tensor1d([1, 2, 3, o.bad, 5, 6, 7]);
    }
    const loss = o.losses && tf.scalar(o.losses[step - 1]!);
    const gate = loss === null ? undefined : { loss, ...(o.halts ? { halted } : {}) };
    const norm = optimizer.update(gradients, slots, parameters, numbers, gate);
    norms.push((await readNumbers([norm]))[0]![0]!);
    disposeTree({ ...gradients, norm, numbers, ...(loss === null ? {} : { loss }) });
  }
  const bits = new Map(
    [...await readParameters({ ...parameters, ...slots })].map((
      [name, { data }],
    ) => [name, new Uint32Array(data.buffer, data.byteOffset, data.length)]),
  );
  disposeTree({ ...parameters, ...slots, halted });
  return { bits, norms, tensors: tf.memory().numTensors - tensors };
}

onEachDevice(
  "a gate that lets an update pass leaves its bits, and what it holds back changes nothing",
  async () => {
    const [free, gated] = [await after({ losses: null }), await after({ losses: [1, -2, 0], halts: true })];
    assertEquals(gated, free);
    assertEquals(await after({ losses: [1, -2, 0] }), free);
    assertEquals(gated.tensors, 0);

    const first = (await after({ losses: [1, NaN, 1], halts: true })).bits;
    assertNotEquals(first, free.bits);
    // Whatever is no number in the second update, the third is not made either.
    for (const loss of [Infinity, -Infinity]) {
      assertEquals((await after({ losses: [1, loss, 1], halts: true })).bits, first);
    }
    for (const bad of [NaN, Infinity, 3e38]) {
      assertEquals((await after({ losses: [1, 1, 1], halts: true, bad })).bits, first);
    }
    // Without a halt only the second is left out.
    const skipped = (await after({ losses: [1, NaN, 1] })).bits;
    assertNotEquals(skipped, first);
    assertNotEquals(skipped, free.bits);
    assertEquals((await after({ losses: [1, 1, 1], bad: -Infinity })).bits, skipped);
    assertEquals((await after({ losses: [1, 1, 1], halts: true })).norms, free.norms);
  },
);
