/** A short pass over every parser, the inputs that were once found, and faults that must be found. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { temporaryFolder } from "../cli/_io.ts";
import { CORPUS } from "./corpus.ts";
import { FAMILIES } from "./families.ts";
import { judge } from "./judge.ts";
import { FAMILIES as PLANTED } from "./planted.ts";
import { inputAt, shown, supervisor } from "./supervise.ts";

/** Of each parser. */
const INPUTS = 25;

Deno.test("no parser ends in a stack trace, a hang or too much memory", async () => {
  await using folder = await temporaryFolder();
  using watched = supervisor(import.meta.resolve("./families.ts"));
  for (const family of FAMILIES) {
    const report = await watched.fuzz(family, { seed: 1, inputs: INPUTS, seconds: 60, folder: folder.path });
    const { find } = report;
    assert(find === null, `${family.name}: ${find?.message}\n${find === null ? "" : shown(find.parts)}`);
    assertEquals([family.name, report.inputs, report.taken + report.refused], [family.name, INPUTS, INPUTS]);
  }
});

for (const { family: name, what, parts, taken } of CORPUS) {
  Deno.test(`${name}: ${what}`, async () => {
    await using folder = await temporaryFolder();
    const family = FAMILIES.find((each) => each.name === name)!;
    assertEquals((await judge(family, parts(), folder.path)).taken, taken);
  });
}

Deno.test("no two parsers have one name", () => {
  assertEquals(new Set(FAMILIES.map(({ name }) => name)).size, FAMILIES.length);
});

Deno.test.each<[string, string]>([
  ["throws", "TypeError: Cannot read properties of undefined"],
  ["hangs", "still not at its end"],
  ["is-slow", "ms for"],
  ["keeps", "MiB"],
  ["talks", "RangeError"],
  ["forgets", "nobody waits"],
])("a parser that %s is found, with an input that shows it again", async (name, says) => {
  await using folder = await temporaryFolder();
  using watched = supervisor(import.meta.resolve("./planted.ts"));
  const family = PLANTED.find((each) => each.name === name)!;
  const budget = {
    seed: 7,
    inputs: 200,
    seconds: 30,
    folder: folder.path,
    patienceMs: name === "hangs" ? 1500 : 9000,
  };
  const { find } = await watched.fuzz(family, budget);
  assertStringIncludes(find!.message, says);
  assertEquals(inputAt(family, find!.seed, find!.path), find!.parts);
  if (name !== "throws") return;
  // Shrunk to little more than what matters, and found again by its path alone.
  assert(String(find!.parts["text"]).length <= 3);
  const again = await watched.fuzz(family, { ...budget, seed: find!.seed, path: find!.path });
  assertEquals(again.find!.parts, find!.parts);
});

Deno.test("a parser without a fault is not blamed, and its inputs are counted", async () => {
  await using folder = await temporaryFolder();
  using watched = supervisor(import.meta.resolve("./planted.ts"));
  const family = PLANTED.find(({ name }) => name === "is-right")!;
  const budget = { seed: 7, inputs: 1100, seconds: 30, folder: folder.path };
  const { find, inputs, taken, refused } = await watched.fuzz(family, budget);
  assertEquals([find, inputs, taken + refused], [null, 1100, 1100]);
  assert(taken > 0 && refused > 0);
});
