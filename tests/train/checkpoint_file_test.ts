import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { encodeSafetensors } from "../../src/model/safetensors.ts";
import {
  type CheckpointContent,
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../src/train/checkpoint_file.ts";

const CONTENT: CheckpointContent = {
  stage: "align",
  step: 3,
  numbers: { epoch: 1, bestScore: null, violation: 0.25 },
  tensors: new Map<string, CheckpointContent["tensors"] extends ReadonlyMap<string, infer T> ? T : never>([
    ["parameters/head", { shape: [2, 1], data: Float32Array.of(1.5, -0) }],
    ["belief/atoms", { shape: [2], data: Float64Array.of(0.1, 0.2) }],
    ["population/shown", { shape: [1], data: Int32Array.of(7) }],
  ]),
};
const WHERE = { place: "a.safetensors", stage: "align", step: 3 };
const { bytes, digest } = encodeCheckpoint(CONTENT);

Deno.test("a checkpoint is read back as it was written, NaN as null, and written again to the same bytes", () => {
  assertEquals(decodeCheckpoint(bytes, WHERE), CONTENT);
  assertEquals(encodeCheckpoint(decodeCheckpoint(bytes, WHERE)).bytes, bytes);
  const withNaN = { ...CONTENT, numbers: { ...CONTENT.numbers, bestScore: NaN } };
  assertEquals(checkpointDigest(withNaN), digest);
});

Deno.test("every flipped bit and every cut of a checkpoint is refused, or leaves what it holds as it was", () => {
  const harmless: number[] = [];
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const spoiled = bytes.slice();
    spoiled[bit >> 3]! ^= 1 << (bit & 7);
    try {
      assertEquals(decodeCheckpoint(spoiled, WHERE), CONTENT);
      harmless.push(bit);
    } catch (error) {
      assert(error instanceof BladeError, `bit ${bit}: ${error}`);
      assert(error.message.startsWith("a.safetensors"), error.message);
    }
  }
  // Blanks that fill the header up may become other blanks: tabs have one bit of difference to nothing that JSON skips.
  assert(harmless.length < 8, `bits ${harmless} can be flipped unseen`);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeCheckpoint(bytes.subarray(0, length), WHERE), BladeError);
  }
});

Deno.test("a checkpoint of another stage or step, or without a checksum, is refused", () => {
  assertThrows(
    () => decodeCheckpoint(bytes, { ...WHERE, step: 4 }),
    BladeError,
    'must be of stage align, step 4, as its name says, got "stage align, step 3"',
  );
  assertThrows(() => decodeCheckpoint(bytes, { ...WHERE, stage: "sft" }), BladeError, "must be of stage sft");
  assertThrows(() => decodeCheckpoint(bytes, { ...WHERE, step: null }), BladeError, "stage align, finished");
  const unsealed = encodeSafetensors(CONTENT.tensors, { stage: "align", step: "3", numbers: "{}" });
  assertThrows(() => decodeCheckpoint(unsealed, WHERE), BladeError, "must have a checksum");
});

Deno.test("the digest tells every name, type, shape, number and bit apart, whatever the order", () => {
  const tensor = fc.tuple(fc.string(), fc.array(fc.float(), { maxLength: 4 }));
  const content = fc.record({ step: fc.nat(9), tensors: fc.array(tensor, { maxLength: 3 }) }).map((made) => ({
    stage: "sft",
    step: made.step,
    numbers: {},
    tensors: new Map(
      made.tensors.map(([name, data]) => [name, { shape: [data.length], data: Float32Array.from(data) }]),
    ),
  }));
  const bitsOf = ({ step, tensors }: CheckpointContent) =>
    JSON.stringify([
      step,
      [...tensors].map(([name, { data }]) => [name, [...new Uint8Array(data.buffer)]]).sort(),
    ]);
  fc.assert(fc.property(content, content, (one, other) => {
    assertEquals(checkpointDigest(one) === checkpointDigest(other), bitsOf(one) === bitsOf(other));
    const turned = { ...one, tensors: new Map([...one.tensors].reverse()) };
    assertEquals(checkpointDigest(turned), checkpointDigest(one));
  }));
  const other = (change: Partial<CheckpointContent>) => checkpointDigest({ ...CONTENT, ...change });
  const head = (shape: number[], data: Float32Array | Int32Array) =>
    new Map([...CONTENT.tensors, ["parameters/head", { shape, data }]]);
  for (
    const change of [
      { stage: "sft" },
      { step: null },
      { numbers: { ...CONTENT.numbers, epoch: 2 } },
      { tensors: head([1, 2], Float32Array.of(1.5, -0)) },
      { tensors: head([2, 1], Float32Array.of(1.5, 0)) },
      { tensors: head([2, 1], new Int32Array(Float32Array.of(1.5, -0).buffer)) },
    ]
  ) assertNotEquals(other(change), digest);
});
