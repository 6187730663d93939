import type { ItemCodec } from "../codec/item_codec.ts";
import type { DataFile } from "../core/dataset.ts";
export function semanticCatalog(
  ..._: unknown[]
): Promise<{ codec: ItemCodec; files: DataFile[]; tokens: string[] }> {
  throw new Error("stub");
}
