import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey } from "../../src/numerics/random.ts";
import { decodeInPasses } from "../../src/rollout/token_decoding.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, tinyModel, upload } from "../model/tiny_model.ts";
import { MANY_ITEMS, tokenCatalog } from "./token_catalog.ts";

onEachDevice("slates decoded in passes are those of one pass, each in its place", async () => {
  const codec = tokenCatalog(MANY_ITEMS);
  const { config } = tinyModel("autoregressive", codec);
  const parameters = upload(config, loudWeights(config));
  const contexts = [[1], [2, 3, 4], [], [5, 6], [7]].map((history, id) => contextOf(id, history));
  const options = { groupSize: 2, cutoff: 3, key: randomKey(3) };
  const whole = await decodeInPasses(config, codec, parameters, contexts, options, 5);
  for (const atOnce of [1, 2, 3]) {
    const found = await decodeInPasses(config, codec, parameters, contexts, options, atOnce);
    assertEquals(found.items, whole.items, `${atOnce} at once`);
    found.scores.forEach((score, i) => assertAlmostEquals(score, whole.scores[i]!, 1e-5));
    found.behaviorLogProb.forEach((value, i) => assertAlmostEquals(value, whole.behaviorLogProb[i]!, 1e-5));
  }
  tf.dispose(parameters);
}, ["cpu", "wasm"]);
