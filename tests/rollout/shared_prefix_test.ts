import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey } from "../../src/numerics/random.ts";
import type { Parameters } from "../../src/model/parameters.ts";
import { readParameters } from "../../src/model/parameters.ts";
import { valueAndGradients } from "../../src/train/value_and_gradients.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, slateLogProb, tinyModel, upload } from "../model/tiny_model.ts";

const GROUP = 4, CUTOFF = 5;

/** Histories of unlike lengths, so that slates start at unlike columns. */
const CONTEXTS = [contextOf(0, [1, 4, 2, 9, 11]), contextOf(1, []), contextOf(2, [7])];

onEachDevice(
  "slates that share the work on their history are as likely as each alone, gradients too",
  async () => {
    const { config, policy } = tinyModel("autoregressive", 16, { width: 16, hidden: 12 });
    const parameters = upload(config, loudWeights(config));
    const slates = await policy.sample(parameters, CONTEXTS, {
      groupSize: GROUP,
      cutoff: CUTOFF,
      key: randomKey(1),
    });
    const alone = CONTEXTS.flatMap((context) => Array.from({ length: GROUP }, () => context));
    const weights = Float32Array.from({ length: alone.length }, (_, row) => Math.cos(1 + 2.3 * row));
    const measure = async (logProb: (p: Parameters) => tf.Tensor1D) => {
      const { value, gradients } = valueAndGradients(
        parameters,
        (p) => tf.sum(tf.mul(logProb(p), tf.tensor1d(weights))) as tf.Scalar,
      );
      return await readParameters({ value, ...gradients });
    };
    const shared = await measure((p) => slateLogProb(policy, p, CONTEXTS, slates));
    const plain = await measure((p) => slateLogProb(policy, p, alone, { ...slates, groupSize: 1 }));
    for (const [name, { data }] of plain) {
      const found = shared.get(name)!.data;
      assertEquals(found.length, data.length);
      const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      data.forEach((value, i) => assertAlmostEquals(found[i]!, value, 1e-5 * scale, `${name} [${i}]`));
    }
  },
);
