import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { decodePick, prefill, reorderPicks } from "../../src/model/cached_decoding.ts";
import { hiddenStates } from "../../src/model/decoder.ts";
import { layOutSequences, rotaryAngles } from "../../src/model/sequences.ts";
import { onEachDevice } from "../device/devices.ts";
import { loudWeights, tinyModel, upload } from "./tiny_model.ts";

const HISTORIES = [[1, 2, 3], [], [4, 0, 5, 6, 1, 2, 3, 0, 4, 5], [6]];
const GROUP = 3;

/** Slate g of context b. */
const slate = (b: number, g: number) => [(b + g) % 7, (2 * b + 3 * g + 1) % 7, (b + 5 * g + 4) % 7];

for (const kvHeads of [1, 2, 4]) {
  onEachDevice(`decoding with a cache equals a full pass, 4 query heads on ${kvHeads}`, async () => {
    const { config, codec } = tinyModel("autoregressive", 7, { kvHeads });
    const parameters = upload(config, loudWeights(config));
    const before = tf.memory().numTensors;
    const full = layOutSequences(
      config,
      HISTORIES.map((history, b) => ({
        history: [codec.opening[0]!, ...history],
        branches: Array.from(
          { length: GROUP },
          (_, g) => ({ start: history.length + 1, picks: slate(b, g) }),
        ),
      })),
      codec.opening[0]!,
    );
    const expected = tf.tidy(() => hiddenStates(config, parameters, uploadArrays(full.arrays)));
    const values = await expected.data();
    const at = (position: number, i: number) => values[position * config.width + i]!;

    const histories = layOutSequences(
      config,
      HISTORIES.map((history) => ({ history: [codec.opening[0]!, ...history], branches: [] })),
      codec.opening[0]!,
    );
    const found = tf.tidy(() => {
      const arrays = uploadArrays(histories.arrays);
      const { angles } = uploadArrays({ angles: rotaryAngles(config, histories.length + 3) });
      const { cache, last } = prefill(config, parameters, arrays, GROUP, 3);
      const hidden: tf.Tensor2D[] = [];
      for (let k = 0; k < 3; k++) {
        const picks = HISTORIES.flatMap((_, b) => Array.from({ length: GROUP }, (_, g) => slate(b, g)[k]!));
        const made = tf.tensor1d([k], "int32");
        hidden.push(decodePick(config, parameters, cache, tf.tensor1d(picks, "int32"), made, angles));
      }
      return { last, hidden: tf.stack(hidden) };
    });
    const last = await found.last.data(), decoded = await found.hidden.data();
    HISTORIES.forEach((history, b) => {
      for (let i = 0; i < config.width; i++) {
        const position = full.historyPosition(b, history.length);
        assertAlmostEquals(last[b * config.width + i]!, at(position, i), 1e-5, `context ${b}, last`);
        for (let g = 0; g < GROUP; g++) {
          for (let k = 0; k < 3; k++) {
            const row = k * HISTORIES.length * GROUP + b * GROUP + g;
            assertAlmostEquals(
              decoded[row * config.width + i]!,
              at(full.pickPosition(b, g, k), i),
              1e-5,
              `context ${b}, slate ${g}, pick ${k}`,
            );
          }
        }
      }
    });
    tf.dispose([expected, found.last, found.hidden]);
    assertEquals(tf.memory().numTensors, before);
    tf.dispose(Object.values(parameters));
  });
}

onEachDevice("a slate taken over from another goes on as that one would", async () => {
  const { config, codec } = tinyModel("autoregressive");
  const parameters = upload(config, loudWeights(config));
  const histories = layOutSequences(
    config,
    HISTORIES.slice(0, 2).map((history) => ({ history: [codec.opening[0]!, ...history], branches: [] })),
    codec.opening[0]!,
  );
  const [moved, straight] = tf.tidy(() => {
    const { cache } = prefill(config, parameters, uploadArrays(histories.arrays), 2, 2);
    const { angles } = uploadArrays({ angles: rotaryAngles(config, histories.length + 2) });
    const decode = (from: typeof cache, picks: number[], at: number) =>
      decodePick(config, parameters, from, tf.tensor1d(picks, "int32"), tf.tensor1d([at], "int32"), angles);
    decode(cache, [1, 2, 3, 4], 0);
    const swapped = decode(reorderPicks(cache, tf.tensor1d([1, 0, 2, 2], "int32")), [5, 6, 5, 6], 1);
    decode(cache, [2, 1, 3, 3], 0);
    return [swapped, decode(cache, [5, 6, 5, 6], 1)];
  });
  const [one, other] = [await moved!.data(), await straight!.data()];
  one.forEach((value, i) => assertAlmostEquals(value, other[i]!, 1e-6));
  tf.dispose([moved!, straight!, ...Object.values(parameters)]);
}, ["cpu", "wasm"]);
