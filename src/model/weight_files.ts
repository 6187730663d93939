import { decodeSafetensors } from "./safetensors.ts";
export interface WeightFiles extends Disposable {
  tensors: ReadonlyMap<string, { dtype: string; shape: readonly number[]; file: string }>;
  readFloats(name: string): Promise<Float32Array>;
  readHalves(name: string): Promise<{ format: "f16" | "bf16"; bits: Uint16Array }>;
}
export async function openWeightFiles(folder: string): Promise<WeightFiles> {
  const { tensors } = decodeSafetensors(await Deno.readFile(`${folder}/model.safetensors`), folder);
  return {
    tensors: new Map([...tensors].map(([n, t]) => [n, { dtype: "F32", shape: t.shape, file: folder }])),
    readFloats: (n) => Promise.resolve(tensors.get(n)!.data as Float32Array),
    readHalves: () => {
      throw new Error("stub");
    },
    [Symbol.dispose]() {},
  };
}
