import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { disposeTree, type ParameterTree } from "../../src/optimizer/parameter_tree.ts";
import { readParameters } from "../../src/model/parameters.ts";
import { onEachDevice } from "../device/devices.ts";

/** Sizes of every remainder by four, and one of several blocks. */
const SHAPES: Readonly<Record<string, number[]>> = { table: [401, 53], gain: [7], gate: [8, 24], scale: [1] };

function tree(step: number): ParameterTree {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      const values = new Float32Array(tf.util.sizeFromShape(shape));
      randomKey(3).split(name, step).fillNormal(values);
      return [name, tf.tensor(values, shape)];
    }),
  );
}

/** Five steps on the current device: the parameters, the moments and the norms. */
async function train(): Promise<Map<string, Float32Array>> {
  const optimizer = adamw({ learningRate: 0.05, weightDecay: 0.1, clipNorm: 1 });
  const parameters = tree(0);
  const { slots } = optimizer.init(parameters);
  const found = new Map<string, Float32Array>();
  for (let step = 1; step <= 5; step++) {
    const { numbers } = uploadArrays({ numbers: optimizer.numbers(step) });
    const gradients = tree(step);
    const norm = optimizer.update(gradients, slots, parameters, numbers);
    found.set(`norm ${step}`, await norm.data() as Float32Array);
    disposeTree({ ...gradients, norm, numbers });
  }
  for (const [name, { data }] of await readParameters({ ...parameters, ...slots })) found.set(name, data);
  disposeTree({ ...parameters, ...slots });
  return found;
}

onEachDevice("AdamW moves every parameter as on cpu, and repeats its bits", async () => {
  const found = await train();
  assertEquals(await train(), found);
  await openDevice({ device: "cpu" });
  for (const [name, values] of await train()) {
    values.forEach((value, i) =>
      assertAlmostEquals(found.get(name)![i]!, value, 1e-5 * (1 + Math.abs(value)), `${name} [${i}]`)
    );
  }
}, ["wasm", "webgpu"]);
