import * as tf from "@tensorflow/tfjs";
import { compute, takeNumbers } from "../src/device/computation.ts";
import type { Device } from "../src/device/open_device.ts";
import { packHalves, unpackHalves } from "../src/device/ops.ts";
import type { HalfFormat } from "../src/numerics/half.ts";
import { devices } from "./devices.ts";
import { type Bench, type Figure, medianMs } from "./figure.ts";

/** A feed-forward matrix of a small language model, and products a turn. */
const [WIDTH, HIDDEN, COUNT] = [768, 3072, 10];

/** A product with weights of 16 bits, unpacked for it, against the same product with those of float32. */
export const halfWeights: Bench = async (only) => {
  const figures: Record<string, Figure> = {};
  for await (const { name, device } of devices(only)) {
    for (const format of ["f16", "bf16"] as const) {
      for (const rows of [4, 64]) {
        figures[`half-weights/${format}/${rows}/${name}`] = await onDevice(device, format, rows);
      }
    }
  }
  return figures;
};

async function onDevice({ adapter }: Device, format: HalfFormat, rows: number): Promise<Figure> {
  const x = tf.tensor2d(Float32Array.from({ length: rows * WIDTH }, (_, i) => Math.sin(i)), [rows, WIDTH]);
  // Patterns of ordinary weights: from 2⁻⁷ to 2⁻⁵ in either format.
  const first = format === "f16" ? 0x2000 : 0x3c00, places = format === "f16" ? 0x800 : 0x100;
  const bits = Uint16Array.from(
    { length: WIDTH * HIDDEN },
    (_, i) => (i & 1) << 15 | first + (i * 40503) % places,
  );
  const before = tf.memory().numBytes;
  const packed = packHalves(bits, [WIDTH, HIDDEN]);
  const packedBytes = tf.memory().numBytes - before;
  const floats = unpackHalves(packed, format);
  const corner = (y: tf.Tensor) => tf.slice(y, [0, 0], [1, 1]);
  const turn = (name: string, weight: tf.Tensor, body: () => tf.Tensor) => () =>
    takeNumbers(compute({ name, constants: [COUNT, format], arrays: {}, weights: { x, weight } }, () => {
      for (let i = 1; i < COUNT; i++) body().dispose();
      return { corner: corner(body()) };
    }));
  const product = (weight: tf.Tensor) => tf.matMul(x, weight);
  const unpackedProduct = () => {
    const weight = unpackHalves(packed, format);
    const y = product(weight);
    weight.dispose();
    return y;
  };
  const ms = await medianMs({
    packed: turn("packed product", packed, unpackedProduct),
    plain: turn("plain product", floats, () => product(floats)),
    unpack: turn("unpack", packed, () => unpackHalves(packed, format)),
  }, { repeats: 15 });
  const figure = {
    ms: ms.packed / COUNT,
    unpackMs: ms.unpack / COUNT,
    plainMs: ms.plain / COUNT,
    unpackPercentOfProduct: 100 * ms.unpack / ms.plain,
    megabytes: packedBytes / 1e6,
    plainMegabytes: 4 * floats.size / 1e6,
    ratio: ms.plain / ms.packed,
    bound: `[${rows}, ${WIDTH}]·[${WIDTH}, ${HIDDEN}] of float32 weights, ${adapter}`,
  };
  tf.dispose([x, packed, floats]);
  return figure;
}
