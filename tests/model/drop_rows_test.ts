import { assertEquals, assertNotEquals } from "@std/assert";
import { openDevice } from "../../src/device/open_device.ts";
import { layOutSequences, type Sequence, type SequenceLayout } from "../../src/model/sequences.ts";
import { onEachDevice } from "../device/devices.ts";
import { tinyModel } from "./tiny_model.ts";

/** Histories and slates whose columns a GPU fills up further than a processor: 34 to 48 instead of 40. */
const ALIKE: readonly Sequence[] = [34, 5].map((length) => ({
  history: Array.from({ length }, (_, i) => i % 7),
  branches: [{ start: 3, picks: [1, 2, 3] }, { start: length, picks: [4, 5, 6] }],
}));

/** Branches of unlike lengths, which stand one right after the other. */
const RAGGED: readonly Sequence[] = [
  {
    history: [1, 2],
    branches: [{ start: 1, picks: Array.from({ length: 34 }, () => 1) }, { start: 2, picks: [2] }],
  },
  {
    history: [3],
    branches: [{ start: 1, picks: [3] }, { start: 1, picks: [4, 5] }, { start: 1, picks: [6] }],
  },
];

/** Flat positions of all tokens, in an order of their own. */
function positionsOf(sequences: readonly Sequence[], layout: SequenceLayout): number[] {
  return sequences.flatMap(({ history, branches }, row) => [
    ...history.map((_, i) => layout.historyPosition(row, i)),
    ...branches.flatMap(({ picks }, branch) => picks.map((_, i) => layout.pickPosition(row, branch, i))),
  ]);
}

onEachDevice("dropout counts a token in the row that it has where nothing is filled up", async () => {
  const { config } = tinyModel("autoregressive", 10);
  const laidOut = () => [ALIKE, RAGGED].map((sequences) => layOutSequences(config, sequences, 0));
  const onGpu = laidOut();
  await openDevice({ device: "cpu" });
  laidOut().forEach((plain, at) => {
    const sequences = [ALIKE, RAGGED][at]!;
    const gpu = onGpu[at]!;
    assertNotEquals(gpu.length, plain.length);
    assertEquals(plain.arrays.dropRows.data.length, 1);
    const rows = positionsOf(sequences, gpu).map((position) => gpu.arrays.dropRows.data[position]);
    assertEquals(rows, positionsOf(sequences, plain));
  });
}, ["webgpu"]);
