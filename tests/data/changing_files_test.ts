/** Data that somebody writes to, replaces or removes while they are read. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { createHash } from "node:crypto";
import { readDataset } from "../../src/data/read_dataset.ts";
import { openText } from "../../src/data/text_file.ts";
import { inFolder } from "./_folder.ts";

/** More than is read at once. */
const ROWS = Array.from({ length: 20_000 }, (_, row) => `u${row % 300},i${row % 70},${row}\n`);
const RATINGS = ["user,item,timestamp\n", ...ROWS].join("");
const OPTIONS = { reader: "table", minRating: null, kCore: 0, interactions: "ratings.csv" } as const;

/** Reads a text file to its end, and does something after its first piece. */
async function readAround(
  path: string,
  between: () => Promise<void>,
): Promise<{ text: string; sha256: string }> {
  const file = await openText(path, "utf-8");
  try {
    const pieces: string[] = [];
    for await (const piece of file.text) {
      pieces.push(piece);
      if (pieces.length === 1) await between();
    }
    assert(pieces.length > 3);
    return { text: pieces.join(""), sha256: file.fingerprint().sha256 };
  } finally {
    file.close();
  }
}

const changes: Record<string, (path: string) => Promise<void>> = {
  "grows": (path) => Deno.writeTextFile(path, "u1,i1,9\n", { append: true }),
  "is cut": (path) => Deno.truncate(path, RATINGS.length - 300),
  "is written over with as many bytes": (path) => Deno.writeTextFile(path, RATINGS.replaceAll("u1,", "u2,")),
};
for (const [name, change] of Object.entries(changes)) {
  Deno.test(`a file that ${name} while it is read is refused by its name`, async () => {
    await inFolder({ "ratings.csv": RATINGS }, async (folder) => {
      const path = `${folder}/ratings.csv`;
      // So that the time of the writing is another than that of the file's birth.
      await Deno.utime(path, 1000, 1000);
      const error = await assertRejects(() => readAround(path, () => change(path)), Error);
      assert(error.message.startsWith(`${path}: must stay as it was while it is read`), error.message);
      assert(error.message.includes("To mend: wait until nothing writes to it"), error.message);
    });
  });
}

Deno.test("a file that is removed, or replaced by another, while it is read is read to the end of the old one", async () => {
  for (const replaced of [false, true]) {
    await inFolder({ "ratings.csv": RATINGS, "new.csv": "other\n" }, async (folder) => {
      const path = `${folder}/ratings.csv`;
      const { text, sha256 } = await readAround(
        path,
        () => replaced ? Deno.rename(`${folder}/new.csv`, path) : Deno.remove(path),
      );
      assertEquals(text, RATINGS);
      assertEquals(sha256, createHash("sha256").update(RATINGS).digest("hex"));
    });
  }
});

Deno.test("the data set that is read is the one that is hashed: a file written to in between refuses it", async () => {
  await inFolder({ "ratings.csv": RATINGS }, async (folder) => {
    const path = `${folder}/ratings.csv`;
    const { files } = await readDataset({ ...OPTIONS, folder });
    assertEquals(files.map(({ sha256 }) => sha256), [createHash("sha256").update(RATINGS).digest("hex")]);
    await Deno.utime(path, 1000, 1000);
    const read = Deno.FsFile.prototype.read;
    let reads = 0;
    using _reading = stub(
      Deno.FsFile.prototype,
      "read",
      async function (this: Deno.FsFile, buffer: Uint8Array) {
        if (reads++ === 2) await Deno.writeTextFile(path, "u1,i1,9\n", { append: true });
        return await read.call(this, buffer);
      },
    );
    await assertRejects(() => readDataset({ ...OPTIONS, folder }), Error, "ratings.csv: must stay as it was");
  });
});

Deno.test("a file that is gone once the one before it was read is named, with what is there", async () => {
  const items = ["item,title\n", "i1,Tea\n"].join("");
  await inFolder({ "ratings.csv": RATINGS, "items.csv": items }, async (folder) => {
    const open = Deno.open;
    using _opening = stub(Deno, "open", async (path: string | URL, options?: Deno.OpenOptions) => {
      if (String(path).endsWith("ratings.csv")) await Deno.remove(`${folder}/items.csv`);
      return await open(path, options);
    });
    const options = { ...OPTIONS, folder, items: "items.csv" };
    await assertRejects(() => readDataset(options), Error, "items.csv: must exist, and does not");
  });
});

Deno.test("a disk that fails while a file is read is told by the file's name", async () => {
  await inFolder({ "ratings.csv": RATINGS }, async (folder) => {
    const failing = () =>
      Promise.reject(Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" }));
    using _reading = stub(Deno.FsFile.prototype, "read", failing);
    const error = await assertRejects(() => readDataset({ ...OPTIONS, folder }), Error);
    assertEquals(
      error.message.split("\n")[0],
      `${folder}/ratings.csv: must be readable (Input/output error (os error 5)).`,
    );
    assert(error.message.includes("disk"), error.message);
  });
});
