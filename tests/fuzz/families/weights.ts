import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../../src/core/errors.ts";
import { decodeSafetensors } from "../../../src/model/safetensors.ts";
import { headerLength, LENGTH_BYTES, parseHeader } from "../../../src/model/safetensors_header.ts";
import { openWeightFiles } from "../../../src/model/weight_files.ts";
import { parseIndex } from "../../../src/model/weight_shards.ts";
import { tensorShapes } from "../../../src/experiment/tensor_shapes.ts";
import { anyFile, folders } from "../../model/fuzz_weight_files.ts";
import { bytesOf, type Family, textOf, writeParts } from "../family.ts";
import { spoiledJson } from "../spoiled_value.ts";

/** Weights: whole folders, single files, headers and indices. */
export const WEIGHT_FAMILIES: readonly Family[] = [
  {
    name: "weight-files",
    inputs: folders,
    async run(parts, folder) {
      writeParts(parts, folder);
      using weights = await openWeightFiles(folder);
      for (const [name, { dtype, shape }] of weights.tensors) {
        const count = shape.reduce((product, each) => product * each, 1);
        try {
          assertEquals((await weights.readFloats(name)).length, count);
          if (dtype === "F16" || dtype === "BF16") {
            assertEquals((await weights.readHalves(name)).bits.length, count);
          }
        } catch (error) {
          if (!(error instanceof BladeError)) throw error;
        }
      }
    },
  },
  {
    name: "safetensors",
    inputs: anyFile.map((file) => ({ file })),
    run({ file }) {
      const bytes = bytesOf(file);
      const dataStart = LENGTH_BYTES +
        headerLength(bytes.subarray(0, LENGTH_BYTES), bytes.length, "a.safetensors");
      const json = bytes.subarray(LENGTH_BYTES, dataStart);
      parseHeader(json, { bytes: bytes.length, place: "a.safetensors" });
      decodeSafetensors(bytes, "a.safetensors");
    },
  },
  {
    name: "tensor-shapes",
    inputs: anyFile.map((file) => ({ "a.safetensors": file })),
    async run(parts, folder) {
      writeParts(parts, folder);
      await tensorShapes(`${folder}/a.safetensors`);
    },
  },
  {
    name: "weight-index",
    inputs: fc.record({
      index: spoiledJson({ metadata: {}, weight_map: { a: "1.safetensors", b: "2.safetensors" } }),
    }),
    run: ({ index }) => parseIndex(textOf(index), "model.safetensors.index.json"),
  },
];
