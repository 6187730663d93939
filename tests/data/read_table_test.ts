import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { BadCell, idCell, ratingCell, timeCell } from "../../src/data/cells.ts";
import { readTable, type TableFile } from "../../src/data/read_table.ts";
import { inFolder } from "./_folder.ts";

const csv = (path: string): TableFile => ({ path, encoding: "utf-8", syntax: "quoted", separator: "," });
const plain = (path: string): TableFile => ({ path, encoding: "utf-8", syntax: "plain", separator: "::" });
const jsonl = (path: string): TableFile => ({ path, encoding: "utf-8", syntax: "jsonl", separator: "|" });

function rowsOf(content: string | Uint8Array, table: (path: string) => TableFile, columns: string[]) {
  return inFolder({ file: content }, async (folder) => {
    const rows: (string | undefined)[][] = [];
    const file = await readTable(
      table(`${folder}/file`),
      () => columns,
      (cells) => void rows.push([...cells]),
    );
    return { rows, file };
  });
}

/** The message of the refusal, the folder's name taken out. */
function refusal(
  content: string | Uint8Array,
  table: (path: string) => TableFile,
  onRow: (cell: string) => void,
) {
  return inFolder({ file: content }, async (folder) => {
    const read = () => readTable(table(`${folder}/file`), () => ["a"], ([cell]) => onRow(cell ?? ""));
    const error = await assertRejects(read, BladeError);
    return error.message.replaceAll(`${folder}/`, "");
  });
}

const refuseX = (cell: string) => {
  if (cell === "x") throw new BadCell("a", "must not be x", cell, "write y");
};

Deno.test("readTable() understands a byte order mark, CRLF, quotes, and blank lines within and at the end", async () => {
  const { rows } = await rowsOf('\ufeffa,b\r\n1,"two, ""2"""\r\n\r\n3,"four\r\nlines"\r\n\r\n', csv, [
    "b",
    "a",
  ]);
  assertEquals(rows, [['two, "2"', "1"], ["four\nlines", "3"]]);
});

Deno.test("readTable() of a plain file keeps quotes and single colons as they are", async () => {
  const { rows } = await rowsOf('\ufeffa::b\r\n1::"Heat": again\n\n', plain, ["a", "b"]);
  assertEquals(rows, [["1", '"Heat": again']]);
});

Deno.test("readTable() of JSON lines takes keys in any order, numbers and lists, and missing keys as undefined", async () => {
  const { rows } = await rowsOf('{"a": 1, "b": ["x", "y"]}\n{"b": "z"}\n\n{"b": null, "a": "2"}\n', jsonl, [
    "a",
    "b",
  ]);
  assertEquals(rows, [["1", "x|y"], [undefined, "z"], ["2", undefined]]);
});

Deno.test("readTable() reads text that its chunks cut within a letter", async () => {
  // 64 KiB chunks: the two bytes of é lie on both sides of the first boundary.
  const { rows } = await rowsOf(`a\n${"x".repeat(65_536 - 3)}é\n`, csv, ["a"]);
  assertEquals(rows[0]![0]!.slice(-2), "xé");
});

Deno.test("readTable() gives the bytes and the SHA-256 of the file", async () => {
  const { file } = await rowsOf("a\n1\n", csv, ["a"]);
  assertEquals(file.bytes, 4);
  assertEquals(file.sha256, "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc"); // sha256sum
});

Deno.test("readTable() counts the lines inside quotes and the blank ones when it names a bad row's line", async () => {
  const text = 'a,b\n"1","first\nsecond"\n\n2,3\nx,4\n';
  assertEquals(
    await refusal(text, csv, refuseX),
    'file:6: column a: must not be x, got "x".\n  To mend: write y.',
  );
});

Deno.test("readTable() names the line of a bad row of a plain file and of JSON lines", async () => {
  assertEquals((await refusal("a::b\n\n1::2\nx::2\n", plain, refuseX)).split(":").slice(0, 2), ["file", "4"]);
  assertEquals((await refusal('{"a":1}\n{"a":"x"}\n', jsonl, refuseX)).split(":").slice(0, 2), ["file", "2"]);
});

Deno.test("readTable() refuses a row with another number of cells than the header", async () => {
  assertEquals(
    await refusal("a,b\n1,2\n3\n", csv, () => {}),
    'file:3: must have 2 cells (a, b) separated by ",", got "1: 3".\n' +
      "  To mend: correct the row, or choose another reader.",
  );
});

Deno.test("readTable() names the line where quotes go wrong", async () => {
  const bare = await refusal('a,b\n1,"two\nlines"\n\n3,4 "5"\n6,7\n', csv, () => {});
  assertEquals(bare.slice(0, 30), "file:5: must quote cells as RF");
  const open = await refusal('a,b\n1,2\n3,"4\n5,6\n', csv, () => {});
  assertEquals(open.slice(0, 30), "file:3: must quote cells as RF");
});

Deno.test("readTable() refuses a line that is no JSON object, and a nested value", async () => {
  assertEquals(
    (await refusal('{"a":1}\n{"a":\n', jsonl, () => {})).slice(0, 42),
    "file:2: must be one JSON object a line, go",
  );
  assertEquals(
    (await refusal("[1]\n", jsonl, () => {})).slice(0, 38),
    "file:1: must be one JSON object a line",
  );
  assertEquals(
    (await refusal('{"a":{"b":1}}\n', jsonl, () => {})).slice(0, 36),
    "file:1: column a: must be text, a nu",
  );
});

Deno.test("readTable() refuses an empty file and a header without rows", async () => {
  const expected = "file: must hold at least one row, and holds none.";
  assertEquals((await refusal("", csv, () => {})).split("\n")[0], expected);
  assertEquals((await refusal("a,b\n", csv, () => {})).split("\n")[0], expected);
  assertEquals((await refusal("\n\n", plain, () => {})).split("\n")[0], expected);
});

Deno.test("readTable() refuses bytes that are not UTF-8 text", async () => {
  const message = await refusal(Uint8Array.of(97, 10, 0xe9, 10), csv, () => {});
  assertEquals(message.split(",")[0], "file: must be utf-8 text");
});

Deno.test("readTable() says what a folder holds when the file is missing, and when it is a folder", async () => {
  await inFolder({ "ratings.txt": "1" }, async (folder) => {
    const missing = await assertRejects(
      () => readTable(csv(`${folder}/ratings.csv`), () => [], () => {}),
      BladeError,
    );
    assertEquals(missing.refusal.rule, "must exist, and does not");
    assertEquals(missing.refusal.mend.includes("which holds ratings.txt"), true);
    const directory = await assertRejects(() => readTable(csv(folder), () => [], () => {}), BladeError);
    assertEquals(directory.refusal.rule, "must be a file, and is a folder");
    const nowhere = await assertRejects(
      () => readTable(csv(`${folder}/no/r.csv`), () => [], () => {}),
      BladeError,
    );
    assertEquals(nowhere.refusal.mend.startsWith("check data.folder: there is no folder"), true);
  });
});

Deno.test({
  name: "readTable() leaves no file open, however it ends",
  sanitizeResources: true,
  sanitizeOps: true,
  async fn() {
    const long = "1\n".repeat(100_000);
    assertEquals((await rowsOf(`a\n${long}`, csv, ["a"])).rows.length, 100_000);
    assertEquals((await refusal(`a\nx\n${long}`, csv, refuseX)).slice(0, 6), "file:2");
    assertEquals((await refusal(`a\n1"\n${long}`, csv, () => {})).slice(0, 6), "file:2");
    assertEquals((await refusal(new Uint8Array(200_000).fill(0xe9), csv, () => {})).slice(0, 5), "file:");
  },
});

Deno.test("cells refuse what is no id, no rating and no time", () => {
  const refused = (read: () => unknown) => {
    try {
      return read();
    } catch (error) {
      return error instanceof BadCell ? error.rule : error;
    }
  };
  for (const bad of ["", undefined]) assertEquals(refused(() => idCell(bad, "item")), "must hold an id");
  for (const bad of ["", " ", "NaN", "Infinity", "-1", "5 stars", "-"]) {
    assertEquals(refused(() => ratingCell(bad, "rating")), "must be a rating, a number ≥ 0", bad);
    assertEquals(refused(() => timeCell(bad, "time")), "must be a time in unix seconds", bad);
  }
  assertEquals(refused(() => timeCell("1365029107000", "time")), "must be a time in unix seconds");
  assertEquals(timeCell("9.6e8", "time"), 960_000_000);
  assertEquals(timeCell(undefined, "time"), 0);
  assertEquals(ratingCell(undefined, "rating"), NaN);
});

Deno.test("a file that ends within a letter, behind a row that is refused, leaves no promise that fails unheard", async () => {
  const bytes = new Uint8Array([...new TextEncoder().encode("user,item\nann\n"), 0xc3]);
  await inFolder({ "a.csv": bytes }, async (folder) => {
    const unheard: unknown[] = [];
    const hear = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      unheard.push(event.reason);
    };
    globalThis.addEventListener("unhandledrejection", hear);
    for (let i = 0; i < 20; i++) {
      await assertRejects(() => readTable(csv(`${folder}/a.csv`), () => ["user"], () => {}), BladeError);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    globalThis.removeEventListener("unhandledrejection", hear);
    assertEquals(unheard, []);
  });
});

/** More than a row may have, by some of the pieces that files are read in. */
const LONG = (1 << 24) + (1 << 18);

Deno.test.each<[string, string, (path: string) => TableFile]>([
  ["a line that does not end", "user\n" + "a".repeat(LONG), plain],
  ["a line of JSON that does not end", `{"user": 7}\n{"user": "${"a".repeat(LONG)}`, jsonl],
  ["a quote that is never closed", 'user\n"' + "abcdefg\n".repeat(LONG / 8), csv],
])("%s is refused before it fills the memory", async (_what, text, table) => {
  await inFolder({ "a.txt": text }, async (folder) => {
    const read = () => readTable(table(`${folder}/a.txt`), () => ["user"], () => {});
    await assertRejects(read, BladeError, "must end a row after at most 16777216 characters");
  });
});
