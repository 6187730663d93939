import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { quotedTitles } from "../../src/data/quoted_titles.ts";

const among = (titles: readonly string[]) => (title: string) => {
  const item = titles.indexOf(title);
  return item < 0 ? undefined : item;
};

Deno.test("quotedTitles() reads titles that hold quotes, begin or end with them, or hold commas between them", () => {
  const titles = ['"Great" Cats', 'A Child Called "It"', "Tom, Dick", '"', 'Yes", "No', "Yes", ""];
  const read = (text: string) => quotedTitles(text, among(titles));
  assertEquals(read('Seen: ""Great" Cats", "A Child Called "It"", "Tom, Dick"\n '), { items: [0, 1, 2] });
  assertEquals(read('"""'), { items: [3] });
  assertEquals(read('"Yes", "No"'), { items: [4] });
  assertEquals(read('"Yes", "Yes", "No",   "Yes"'), { items: [5, 4, 5] });
  assertEquals(read('"Yes", "", "Yes"'), { items: [5, 6, 5] });
});

Deno.test("quotedTitles() names the first title that is none, and a quote without its like", () => {
  const read = (text: string) => quotedTitles(text, among(["Heat", "Ran", 'Yes", "No']));
  assertEquals(read('"Heat", "Hate", "Rain"'), { unknown: "Hate" });
  assertEquals(read('"Yes", "No", "Hate"'), { unknown: "Hate" });
  assertEquals(read('Seen: "Heat'), { unknown: '"Heat' });
  assertEquals(read('""'), { unknown: "" });
  assertEquals(read("Heat"), { items: [] });
});

Deno.test("quotedTitles() has titles added that are none, whole titles first", () => {
  const titles = ["Heat", 'Yes", "No'];
  const add = (title: string) => title === "" ? undefined : titles.push(title) - 1;
  assertEquals(quotedTitles('"It", "Yes", "No", "It", "Heat"', among(titles), add), { items: [2, 1, 2, 0] });
  assertEquals(titles, ["Heat", 'Yes", "No', "It"]);
  assertEquals(quotedTitles('"Heat", ""', among(titles), add), { unknown: "" });
});

Deno.test("quotedTitles() gives back every list of known titles, in any sentence without quotes", () => {
  const title = fc.array(fc.constantFrom(..."ab\"', "), { minLength: 1, maxLength: 6 })
    .map((letters) => letters.join("")).filter((text) => !/",/.test(text));
  const sentence = fc.string().filter((text) => !text.includes('"'));
  fc.assert(
    fc.property(
      fc.uniqueArray(title, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
      sentence,
      sentence.filter((text) => !text.startsWith(",")),
      (titles, picks, before, after) => {
        const items = picks.map((pick) => pick % titles.length);
        const text = before + items.map((item) => `"${titles[item]}"`).join(", ") + after;
        const read = quotedTitles(text, among(titles));
        // Titles of quotes and commas may be read in two ways; then both are titles of the text.
        const written = "items" in read ? read.items.map((item) => `"${titles[item]}"`).join(", ") : read;
        assertEquals(written, items.map((item) => `"${titles[item]}"`).join(", "));
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("quotedTitles() is done with a hundred thousand titles, known or not, in no time", () => {
  const text = '"a", '.repeat(100_000) + '"a"';
  const read = quotedTitles(text, among(["a"]));
  assertEquals("items" in read && read.items.length, 100_001);
  assertEquals(quotedTitles(text, () => undefined), { unknown: "a" });
});
