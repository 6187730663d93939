import type * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";

/**
 * Reads named scalars back and frees them.
 *
 * @throws {BladeError} when one is no finite number: training has diverged.
 */
export async function readFinite<K extends string>(
  stage: string,
  scalars: Readonly<Record<K, tf.Scalar>>,
): Promise<Record<K, number>> {
  const values: Partial<Record<K, number>> = {};
  for (const [name, scalar] of Object.entries(scalars) as [K, tf.Scalar][]) {
    values[name] = (await scalar.data())[0]!;
    scalar.dispose();
  }
  for (const [name, value] of Object.entries(values)) {
    if (Number.isFinite(value)) continue;
    const section = stage === "sft" ? "sft" : "align";
    throw new BladeError({
      place: `${stage}: ${name}`,
      rule: "must be a finite number",
      value,
      mend: `lower ${section}.learningRate or ${section}.clipNorm; the last checkpoint is intact`,
    });
  }
  return values as Record<K, number>;
}
