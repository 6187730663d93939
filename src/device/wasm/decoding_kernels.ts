import type * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../fused.ts";
import type { HeadShape } from "../ops_attention.ts";
import type { DrawPlace } from "../ops_draw.ts";
import type { WasmHeap } from "./backend.ts";
import type { KernelThreads } from "./threads.ts";

type Inputs = Readonly<Record<string, tf.TensorInfo>>;
type Kernel = (inputs: Inputs, attributes: tf.NamedAttrMap) => tf.TensorInfo | tf.TensorInfo[];

/** What drawing costs an item, in operations: random bits, a bound, an exponential. */
const DRAW_WORK = 100;

/** Kernels that slates are decoded with. */
export function decodingKernels(heap: WasmHeap, run: KernelThreads["run"]): Record<string, Kernel> {
  return {
    [FUSED.draw]: (inputs, attributes) => {
      const { times, perList, at, count, catalog, first } = attributes as unknown as DrawPlace & {
        times: number;
        perList: number;
      };
      const names = ["scores", "starts", "listed", "keys", "spreads", "items", "pickScores", "rests"];
      const places = names.map((name) => heap.offset(inputs[name]!));
      const [scored, columns] = inputs.scores!.shape as [number, number];
      const sizes = [columns, times, perList, inputs.items!.shape[1]!, at, count, catalog, first];
      run("draw", [...places, ...sizes], scored, DRAW_WORK * times * columns);
      return [];
    },

    [FUSED.cachedAttention]: ({ qkv, history, spans, cache, at: places }, attributes) => {
      const { groupSize, heads, kvHeads } = attributes as unknown as HeadShape & { groupSize: number };
      const [rows, width] = qkv!.shape as [number, number];
      const head = width / (heads + 2 * kvHeads), length = spans!.shape[1]!, capacity = cache!.shape[1]!;
      const at = new Int32Array(heap.memory.buffer, heap.offset(places!), 1)[0]!;
      if (at < 0 || at >= capacity) throw new RangeError(`Cannot attend: pick ${at}, room for ${capacity}`);
      const y = heap.output([rows, heads * head], "float32");
      const tensors = [qkv, history, spans, cache, y].map((tensor) => heap.offset(tensor!));
      const sizes = [length, groupSize, heads, kvHeads, head, capacity, at];
      run(
        "cachedAttention",
        [...tensors, ...sizes, 1 / Math.sqrt(head)],
        rows,
        6 * heads * head * (length + at + 1),
      );
      return y;
    },
  };
}
