import { readTable } from "../src/data/read_table.ts";
import { randomKey } from "../src/numerics/random.ts";
import type { Bench } from "./figure.ts";
import { medianMs } from "./figure.ts";

const ROWS = 200_000;

/** Rows of a MovieLens-like file, read as the readers do, against only decoding its text. */
export const readCsv: Bench = async () => {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    const key = randomKey(1);
    const number = (i: number, below: number) => 1 + Math.floor(key.uniform(i) * below);
    const row = (i: number) =>
      `${number(3 * i, 6000)},${number(3 * i + 1, 4000)},${number(3 * i + 2, 5)}.0,${978_300_000 + i}\n`;
    await Deno.writeTextFile(
      path,
      "userId,movieId,rating,timestamp\n" + Array.from({ length: ROWS }, (_, i) => row(i)).join(""),
    );
    const readers = (["quoted", "plain"] as const).map((syntax) =>
      [syntax, async () => {
        let read = 0;
        await readTable(
          { path, encoding: "utf-8", syntax, separator: "," },
          (header) => header,
          () => read++,
        );
        if (read !== ROWS) throw new Error(`read ${read} of ${ROWS} rows`);
      }] as const
    );
    const ms = await medianMs({
      text: async () => {
        const file = await Deno.open(path);
        for await (const _ of file.readable.pipeThrough(new TextDecoderStream()));
      },
      quoted: readers[0]![1],
      plain: readers[1]![1],
    }, { repeats: 5, warmUps: 1 });
    const figure = (time: number) => ({
      ms: time,
      rowsPerSecond: 1000 * ROWS / time,
      ratio: ms.text / time,
      bound: "reading and decoding the file's text",
    });
    return { "read-csv/quoted": figure(ms.quoted), "read-csv/plain": figure(ms.plain) };
  } finally {
    await Deno.remove(path);
  }
};
