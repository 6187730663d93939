/** The most that tensors take while something runs. */
import * as tf from "@tensorflow/tfjs";

/** What tfjs keeps of its tensors, which it tells at rest only. */
interface Engine {
  readonly state: { readonly numBytes: number };
  trackTensor(...args: unknown[]): unknown;
}

/** Bytes of all tensors at their most, asked after every new one. */
export async function peakBytes(work: () => Promise<unknown>): Promise<number> {
  const engine = tf.engine() as unknown as Engine;
  const track = engine.trackTensor;
  let peak = 0;
  engine.trackTensor = (...args) => {
    const tracked = track.apply(engine, args);
    peak = Math.max(peak, engine.state.numBytes);
    return tracked;
  };
  try {
    await work();
  } finally {
    engine.trackTensor = track;
  }
  return peak;
}
