import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { openDevice } from "../../src/device/open_device.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { disposeState } from "../../src/optimizer/optimizer.ts";
import { disposeTree, type ParameterTree } from "../../src/optimizer/parameter_tree.ts";

const SHAPES: Readonly<Record<string, number[]>> = { table: [40, 8], gain: [8], gate: [8, 24], scale: [8] };

function tree(step: number): ParameterTree {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      const values = new Float32Array(tf.util.sizeFromShape(shape));
      randomKey(3).split(name, step).fillNormal(values);
      return [name, tf.tensor(values, shape)];
    }),
  );
}

/** Five steps on a backend: the parameters, and the tensors that were alive after each step. */
async function train(
  device: "cpu" | "wasm",
): Promise<{ values: Record<string, number[]>; tensors: number[] }> {
  await openDevice(device === "wasm" ? { device, threads: 1 } : { device });
  const before = tf.memory().numTensors;
  const optimizer = adamw({ learningRate: 0.05, weightDecay: 0.1, clipNorm: 1 });
  let parameters = tree(0);
  let state = optimizer.init(parameters);
  const tensors: number[] = [];
  for (let step = 1; step <= 5; step++) {
    const next = optimizer.update(tree(step), state, parameters);
    disposeTree({ ...parameters, norm: next.metrics.gradientNorm });
    disposeState(state);
    [parameters, state] = [next.parameters, next.state];
    tensors.push(tf.memory().numTensors - before);
  }
  const values = Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
  );
  disposeTree(parameters);
  disposeState(state);
  return { values, tensors };
}

Deno.test("AdamW on wasm moves every parameter as on cpu, repeats its bits, and keeps its tensors constant", async () => {
  const cpu = await train("cpu");
  const wasm = await train("wasm");
  assertEquals(wasm.tensors, [8, 8, 8, 8, 8]);
  for (const name of Object.keys(SHAPES)) {
    cpu.values[name]!.forEach((value, i) => assertAlmostEquals(wasm.values[name]![i]!, value, 1e-5, name));
  }
  assertEquals(await train("wasm"), wasm);
});
