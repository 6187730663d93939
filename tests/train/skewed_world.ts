/** A world where some items are met often and others hardly: a reward without labels has room to rise. */
import { randomKey } from "../../src/numerics/random.ts";

/** 48 users of 8 interactions, 20 items of four genres; writes over the files of `writeSmallData`. */
export async function writeSkewedData(folder: string): Promise<void> {
  const rows: string[] = [];
  for (let user = 0; user < 48; user++) {
    const noise = new Float64Array(20);
    randomKey(3).split(user).fillGumbel(noise);
    const liked = [...noise.keys()].sort((one, other) =>
      noise[other]! - Math.log(1 + other) - noise[one]! + Math.log(1 + one)
    ).slice(0, 8);
    liked.forEach((item, step) => rows.push(`u${user},i${item},${100 * user + step}`));
  }
  const genres = ["drama", "comedy", "western", "crime"];
  const items = Array.from({ length: 20 }, (_, item) => `i${item},${genres[item % 4]}`);
  await Deno.writeTextFile(`${folder}/items.csv`, ["item,genre", ...items, ""].join("\n"));
  await Deno.writeTextFile(`${folder}/ratings.csv`, ["user,item,time", ...rows, ""].join("\n"));
}
