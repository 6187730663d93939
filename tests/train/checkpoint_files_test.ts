/** What damages do to the files of checkpoints: none passes for what was written. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { BladeError } from "../../src/core/errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../src/model/safetensors.ts";
import type { Checkpoint } from "../../src/train/checkpoint.ts";
import { checkpointBytes, checkpointFrom } from "../../src/train/checkpoint_bytes.ts";
import { checkpointDigest } from "../../src/train/checkpoint_digest.ts";
import {
  finishStage,
  readCheckpoint,
  readFinished,
  writeCheckpoint,
} from "../../src/train/checkpoint_files.ts";
import { createKeeper } from "../../src/train/keeper.ts";
import { settleCheckpoints } from "../../src/train/settle_checkpoints.ts";

const TENSORS: ReadonlyMap<string, NamedTensor> = new Map<string, NamedTensor>([
  ["parameters/embedding", { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 0, NaN, 3) }],
  ["belief/moments", { shape: [2], data: Float64Array.of(1e-300, Math.PI) }],
  ["belief/counts", { shape: [3], data: Int32Array.of(1, 2, -3) }],
  ["multipliers", { shape: [0], data: new Float64Array(0) }],
  ["defined", { shape: [3], data: Uint8Array.of(1, 0, 1) }],
]);

function at(step: number, stage = "align"): Checkpoint {
  return { stage, step, numbers: { epoch: 1, bestScore: 0.25, optimizerStep: step }, tensors: TENSORS };
}

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await body(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(`${folder}/checkpoints`), ({ name }) => name)).sort();
const stepName = (step: number, stage = "align") =>
  `${stage}-step-${String(step).padStart(7, "0")}.safetensors`;

/** Flips one bit in the middle of a file's data. */
async function damage(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 3]! ^= 0x10;
  await Deno.writeFile(path, bytes);
}

Deno.test("a digest is SHA-256 over what its docstring says, in the order of names", () => {
  const tensors = new Map<string, NamedTensor>([
    ["b", { shape: [1, 2], data: Float32Array.of(1, 2) }],
    ["a", { shape: [1], data: Uint8Array.of(7) }],
  ]);
  // Written out by hand: 1 and 2 are 3f800000 and 40000000, little end first.
  const expected = createHash("sha256")
    .update('["sft",3,"{\\"batch\\":4,\\"epoch\\":0}"]\n')
    .update('["a","Uint8Array",[1]]\n').update(Uint8Array.of(7))
    .update('["b","Float32Array",[1,2]]\n').update(Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0x40))
    .digest("hex");
  assertEquals(
    checkpointDigest({ stage: "sft", step: 3, numbers: { epoch: 0, batch: 4 }, tensors }),
    expected,
  );
  const other = new Map([...tensors].reverse());
  assertEquals(
    checkpointDigest({ stage: "sft", step: 3, numbers: { batch: 4, epoch: 0 }, tensors: other }),
    expected,
  );
});

Deno.test("a digest changes with stage, step, a number, a name, a shape, a type and a byte", () => {
  const base = at(3);
  const withTensor = (name: string, tensor: NamedTensor) => ({
    ...base,
    tensors: new Map([...TENSORS, [name, tensor]]),
  });
  const counts = TENSORS.get("belief/counts")!;
  const digests = [
    base,
    { ...base, step: 4 },
    { ...base, step: null },
    { ...base, stage: "sft" },
    { ...base, numbers: { ...base.numbers, epoch: 2 } },
    { ...base, numbers: { ...base.numbers, more: 0 } },
    withTensor("belief/other", counts),
    withTensor("belief/counts", { ...counts, shape: [3, 1] }),
    withTensor("belief/counts", { shape: [3], data: Float32Array.from(counts.data as Int32Array) }),
    withTensor("belief/counts", { shape: [3], data: Int32Array.of(1, 2, -4) }),
    // The same bytes under another type.
    withTensor("defined", { shape: [12], data: new Uint8Array(counts.data.buffer.slice(0)) }),
    { ...base, tensors: new Map([...TENSORS].slice(1)) },
  ].map(checkpointDigest);
  assertEquals(new Set(digests).size, digests.length);
});

Deno.test("a checkpoint is read back as it was written, NaN among its weights", () => {
  const { bytes, digest } = checkpointBytes(at(3));
  assertEquals(digest, checkpointDigest(at(3)));
  assertEquals(decodeSafetensors(bytes, "").metadata["sha256"], digest);
  assertEquals(checkpointFrom(bytes, "a", { stage: "align", step: 3 }), at(3));
});

Deno.test("every flipped bit of a checkpoint is noticed, in its length, its header and its data", () => {
  const { bytes } = checkpointBytes(at(3));
  assert(bytes.length > 500, `${bytes.length} bytes`);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assertThrows(
      () => checkpointFrom(damaged, "a.safetensors", { stage: "align", step: 3 }),
      BladeError,
      "a.safetensors",
      `bit ${bit & 7} of byte ${bit >> 3}`,
    );
  }
});

Deno.test("a checkpoint that was cut short anywhere is noticed, one of no bytes among them, and one that is too long", () => {
  const { bytes } = checkpointBytes(at(3));
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  for (
    const cut of [...Array(bytes.length).keys()].map((length) => bytes.subarray(0, length)).concat(longer)
  ) {
    assertThrows(
      () => checkpointFrom(cut, "a.safetensors", { stage: "align", step: 3 }),
      BladeError,
      "a.safetensors",
    );
  }
  const zeros = new Uint8Array(bytes.length);
  assertThrows(() => checkpointFrom(zeros, "a", { stage: "align", step: 3 }), BladeError, "a: ");
});

Deno.test("a checkpoint that lacks a tensor, a digest, or is of another step or stage than its name says is refused", () => {
  const { bytes } = checkpointBytes(at(3));
  const { tensors, metadata } = decodeSafetensors(bytes, "");
  const of = { stage: "align", step: 3 };
  const refused = (content: Uint8Array, expected: string, as: Parameters<typeof checkpointFrom>[2] = of) =>
    assertThrows(() => checkpointFrom(content, "x/a.safetensors", as), BladeError, expected);
  const fewer = new Map([...tensors].filter(([name]) => name !== "defined"));
  refused(encodeSafetensors(fewer, metadata), "x/a.safetensors: must be what was written, with the SHA-256 ");
  const { sha256: _, ...without } = metadata;
  refused(encodeSafetensors(tensors, without), "must carry the SHA-256 of its content; older versions");
  refused(bytes, 'must hold what its name a.safetensors says, got "step 3 of align"', {
    stage: "align",
    step: 4,
  });
  refused(bytes, "must hold what its name", { stage: "sft", step: 3 });
  refused(bytes, "must hold what its name", { stage: "align", step: null });
  refused(
    encodeSafetensors(tensors, { ...metadata, numbers: "{" }),
    'must hold its numbers as JSON, got "{"',
  );
});

Deno.test("of damaged checkpoints the newest whole one stands; the others are named and put aside", () =>
  inFolder(async (folder) => {
    for (const step of [2, 4, 6, 8]) await writeCheckpoint(folder, at(step), 4);
    const path = (step: number) => `${folder}/checkpoints/${stepName(step)}`;
    await damage(path(8));
    await Deno.writeFile(path(6), new Uint8Array(0));
    const { steps, warnings } = await settleCheckpoints(folder);
    assertEquals([...steps], [["align", 4]]);
    assertEquals(warnings.length, 2);
    assert(warnings[0]!.includes(`${path(8)}: must be what was written, with the SHA-256`), warnings[0]);
    assert(
      warnings[1]!.includes(`${path(6)}: must begin with 8 bytes of header length, got "0 bytes"`),
      warnings[1],
    );
    for (const warning of warnings) assert(warning.endsWith(`the run goes on from ${stepName(4)}.`), warning);
    assertEquals(await readCheckpoint(folder, "align"), at(4));
    assertEquals(await namesIn(folder), [
      stepName(2),
      stepName(4),
      `${stepName(6)}.damaged`,
      `${stepName(8)}.damaged`,
    ]);
    assertEquals(await settleCheckpoints(folder), { steps, warnings: [] });
    // What was damaged keeps no place of those that are kept.
    await writeCheckpoint(folder, at(5), 2);
    assertEquals((await namesIn(folder)).slice(0, 2), [stepName(4), stepName(5)]);
  }));

Deno.test("where no checkpoint of a stage is whole, the run is refused by their names, and nothing is moved", () =>
  inFolder(async (folder) => {
    for (const step of [2, 4]) {
      await writeCheckpoint(folder, at(step), 2);
      await damage(`${folder}/checkpoints/${stepName(step)}`);
    }
    const before = await namesIn(folder);
    const { message } = await assertRejects(() => settleCheckpoints(folder), BladeError);
    for (
      const part of [
        `${folder}/checkpoints: must have a checkpoint of the stage align that is whole`,
        `${stepName(4)}: must be what was written`,
        `${stepName(2)}: must be what was written`,
        `delete ${stepName(4)} and ${stepName(2)}: train --resume ${folder} then makes the stage align again`,
      ]
    ) assert(message.includes(part), message);
    assertEquals(await namesIn(folder), before);
  }));

Deno.test("a finished stage that is damaged is refused with what to delete, in a finished run its manifest too", () =>
  inFolder(async (folder) => {
    await finishStage(folder, "sft", TENSORS, { bestEpoch: 3 });
    assertEquals(await readFinished(folder, "sft"), {
      ...{ stage: "sft", step: null },
      tensors: TENSORS,
      numbers: { bestEpoch: 3 },
    });
    assertEquals(await readFinished(folder, "align"), null);
    const path = `${folder}/checkpoints/sft.safetensors`;
    await damage(path);
    const mend = "bring sft.safetensors back from a copy, or delete it";
    for (const read of [() => readFinished(folder, "sft"), () => settleCheckpoints(folder)]) {
      const { message } = await assertRejects(read, BladeError, `${path}: must be what was written`);
      assert(
        message.includes(`To mend: ${mend}: train --resume ${folder} then makes the stage sft again`),
        message,
      );
    }
    await Deno.writeTextFile(`${folder}/manifest.json`, "{}");
    await assertRejects(() => readFinished(folder, "sft"), BladeError, `${mend} and manifest.json: train`);
  }));

Deno.test("what a run that died left half written, or behind a finished stage, is removed; other files stay", () =>
  inFolder(async (folder) => {
    await writeCheckpoint(folder, at(2, "sft"), 2);
    const { bytes } = checkpointBytes({ stage: "sft", step: null, numbers: {}, tensors: TENSORS });
    await Deno.writeFile(`${folder}/checkpoints/sft.safetensors`, bytes);
    const mine = ["mine.safetensors", ".hidden.part", "sft-step-last.safetensors"];
    for (const name of [...mine, `.${stepName(4, "sft")}.0a1b2c3d.part`]) {
      await Deno.writeFile(`${folder}/checkpoints/${name}`, new Uint8Array(3));
    }
    await Deno.mkdir(`${folder}/checkpoints/${stepName(9)}`);
    assertEquals(await settleCheckpoints(folder), { steps: new Map([["sft", Infinity]]), warnings: [] });
    assertEquals(await namesIn(folder), [...mine, "sft.safetensors", stepName(9)].sort());
  }));

Deno.test("a folder without checkpoints stands at no step", () =>
  inFolder(async (folder) => {
    assertEquals(await settleCheckpoints(folder), { steps: new Map(), warnings: [] });
    assertEquals(await readCheckpoint(folder, "sft"), null);
  }));

Deno.test("a keeper tells of every checkpoint once it is written, with the digest that its file holds", () =>
  inFolder(async (folder) => {
    const told: [string, number, string][] = [];
    const stop = new AbortController();
    const keeper = createKeeper({
      runFolder: folder,
      everySteps: 2,
      keep: 2,
      signal: stop.signal,
      written: (stage, step, digest) => {
        const path = `${folder}/checkpoints/${stepName(step)}`;
        assertEquals(decodeSafetensors(Deno.readFileSync(path), path).metadata["sha256"], digest);
        told.push([stage, step, digest]);
      },
    });
    for (const step of [1, 2, 3, 4]) await keeper.afterStep("align", step, () => Promise.resolve(at(step)));
    stop.abort();
    await assertRejects(
      () => keeper.afterStep("align", 5, () => Promise.resolve(at(5))),
      BladeError,
      "is saved",
    );
    assertEquals(told, [2, 4, 5].map((step) => ["align", step, checkpointDigest(at(step))]));
  }));
