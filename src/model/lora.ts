import type { DecoderConfig } from "./config.ts";

/** Low-rank adapters (arXiv 2106.09685): a frozen matrix W becomes W + (alpha/rank)·A·B, A [in, rank], B [rank, out]. */
export interface Lora {
  /** Columns of A. */
  readonly rank: number;
  /** A·B is added times alpha / rank. */
  readonly alpha: number;
  /** Share of an adapter's input that is dropped in supervised training. */
  readonly dropout: number;
  /** The matrices of a block that have one. */
  readonly targets: readonly LoraTarget[];
}

/** The matrices of a block by the names that checkpoints give them. */
export const LORA_TARGETS = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;

/** One of those names. */
export type LoraTarget = "q_proj" | "k_proj" | "v_proj" | "o_proj" | "gate_proj" | "up_proj" | "down_proj";

/** The matrices of a block as the decoder holds them: those of one input side by side. */
export type Projection = "qkv" | "attentionOut" | "gateUp" | "down";

/** What a projection is made of, from left to right. */
export interface ProjectionPart {
  readonly module: LoraTarget;
  /** Columns of its output. */
  readonly columns: number;
}

/** Rows of a projection, and its parts. */
export function projectionParts(
  { width, heads, kvHeads, headWidth, hidden }: DecoderConfig,
  projection: Projection,
): { readonly rows: number; readonly parts: readonly ProjectionPart[] } {
  switch (projection) {
    case "qkv":
      return {
        rows: width,
        parts: [
          { module: "q_proj", columns: heads * headWidth },
          { module: "k_proj", columns: kvHeads * headWidth },
          { module: "v_proj", columns: kvHeads * headWidth },
        ],
      };
    case "attentionOut":
      return { rows: heads * headWidth, parts: [{ module: "o_proj", columns: width }] };
    case "gateUp":
      return {
        rows: width,
        parts: [{ module: "gate_proj", columns: hidden }, { module: "up_proj", columns: hidden }],
      };
    case "down":
      return { rows: hidden, parts: [{ module: "down_proj", columns: width }] };
    default:
      throw new TypeError(`Cannot take apart: ${projection satisfies never} is no projection`);
  }
}

/** The projections of a block, in the order in which they are computed. */
export const PROJECTIONS: readonly Projection[] = ["qkv", "attentionOut", "gateUp", "down"];

/** Names of the two matrices of an adapter. */
export function adapterNames(layer: number, module: LoraTarget): { readonly a: string; readonly b: string } {
  return { a: `layers.${layer}.${module}.loraA`, b: `layers.${layer}.${module}.loraB` };
}

/** Whether a parameter is a matrix of an adapter. */
export function isAdapter(name: string): boolean {
  return name.endsWith(".loraA") || name.endsWith(".loraB");
}

/** Shapes of all adapters by name; none where there are none. */
export function adapterShapes(config: DecoderConfig): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  if (config.lora === null) return shapes;
  const { rank, targets } = config.lora;
  for (let layer = 0; layer < config.layers; layer++) {
    for (const projection of PROJECTIONS) {
      const { rows, parts } = projectionParts(config, projection);
      for (const { module, columns } of parts) {
        if (!targets.includes(module)) continue;
        const { a, b } = adapterNames(layer, module);
        shapes.set(a, [rows, rank]);
        shapes.set(b, [rank, columns]);
      }
    }
  }
  return shapes;
}
