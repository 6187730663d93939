/** A run on a damaged checkpoint, as a user starts it: a message that names the tensor, and no run folder. */
import { assertEquals } from "@std/assert";
import { assertRefused, blade, temporaryFolder } from "./command_line.ts";

const TINY = "fixtures/tiny-llm";

/** The fixture with its weights changed. */
async function damaged(
  folder: string,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<string> {
  await Deno.mkdir(folder);
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
    await Deno.copyFile(`${TINY}/${name}`, `${folder}/${name}`);
  }
  const bytes = await Deno.readFile(`${TINY}/model.safetensors`);
  await Deno.writeFile(`${folder}/model.safetensors`, change(bytes));
  return folder;
}

/** The same file with a text of its header replaced by another of the same length. */
function inHeader(from: string, to: string): (bytes: Uint8Array<ArrayBuffer>) => Uint8Array {
  return (bytes) => {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    assertEquals([header.includes(from), from.length], [true, to.length]);
    bytes.set(new TextEncoder().encode(header.replace(from, to)), 8);
    return bytes;
  };
}

const DAMAGES: readonly [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array, readonly string[]][] = [
  ["cut short", (bytes) => bytes.subarray(0, bytes.length - 10), ["model.safetensors", "tensor "]],
  ["with an absurd header length", (bytes) => bytes.fill(255, 0, 8), ["model.safetensors", "header"]],
  [
    "with a tensor under another name",
    inHeader("model.norm.weight", "model.form.weight"),
    ["tensor model.norm.weight", "must be there with the shape [64]", "none"],
  ],
  [
    "with NaN weights",
    (bytes) => bytes.fill(0xff, bytes.length - 2),
    ["tensor ", "finite"],
  ],
];

for (const [what, change, says] of DAMAGES) {
  Deno.test(`a run on a checkpoint ${what} is refused by name and leaves no folder`, async () => {
    await using folder = await temporaryFolder();
    const checkpoint = await damaged(`${folder.path}/model`, change);
    const out = `${folder.path}/run`;
    const args = ["train", "configs/titles.jsonc", "--device", "wasm", "--out", out];
    const set = ["--set", `model.pretrained=${checkpoint}`];
    assertRefused(await blade([...args, ...set], [`--allow-write=${folder.path}`]), says);
    assertEquals(await Deno.stat(out).then(() => "there", () => "gone"), "gone");
  });
}
