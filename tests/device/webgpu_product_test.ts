import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { readNumbers } from "../../src/device/computation.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

/** [m, k, n]: borders of tiles and slices, sizes that are no multiples of four, and inner dimensions that are cut. */
const SIZES = [[64, 16, 64], [65, 17, 66], [3, 5, 2], [130, 300, 70], [8, 1024, 12], [1, 999, 1], [
  100,
  128,
  2,
]];

onEachDevice(
  "products in tiles are those of the cpu, for any size and flags, and repeat their bits",
  async () => {
    const products = async () => {
      const found: Float32Array[] = [];
      for (const [m, k, n] of SIZES as [number, number, number][]) {
        for (const [ta, tb] of [[false, false], [true, false], [false, true], [true, true]] as const) {
          for (const batch of [1, 3]) {
            const a = plain(m, ta ? [batch, k, m] : [batch, m, k]), b = plain(n, tb ? [1, n, k] : [1, k, n]);
            const c = tf.matMul(tf.tensor(a.values, a.shape), tf.tensor(b.values, b.shape), ta, tb);
            found.push((await readNumbers([c]))[0] as Float32Array);
          }
        }
      }
      return found;
    };
    const found = await products();
    assertEquals(await products(), found);
    await openDevice({ device: "cpu" });
    const expected = await products();
    const far = found.flatMap((values, i) => {
      const scale = expected[i]!.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      const worst = values.reduce((most, value, j) => Math.max(most, Math.abs(value - expected[i]![j]!)), 0);
      return worst > 1e-5 * scale || values.length !== expected[i]!.length ? [`product ${i}: ${worst}`] : [];
    });
    assertEquals(far, []);
  },
  ["webgpu"],
);
