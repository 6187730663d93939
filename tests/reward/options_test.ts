import { assertEquals, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { oneOf, readOptions, resolveOptions } from "../../src/reward/options.ts";

const DECLARED = {
  gain: oneOf("linear", "binary"),
  share: { standard: 0.5, least: 0, greatest: 1 },
  above: { least: 2, greatest: Infinity },
  words: ["a"] as readonly string[],
  threshold: 3,
  strict: false,
  by: "item",
  free: undefined,
} as const;

Deno.test("an option that nobody sets, or sets to nothing, has its default", () => {
  const standard = {
    cutoff: undefined,
    gain: "linear" as const,
    share: 0.5,
    above: undefined,
    words: ["a"],
    threshold: 3,
    strict: false,
    by: "item",
    free: undefined,
  };
  assertEquals(resolveOptions("m", DECLARED, {}), standard);
  assertEquals(resolveOptions("m", DECLARED, { gain: undefined, threshold: undefined }), standard);
});

const FITTING: Readonly<Record<string, readonly unknown[]>> = {
  cutoff: [1, 10],
  gain: ["linear", "binary"],
  share: [0, 0.5, 1],
  above: [2, 1e9],
  words: [[], ["x", "y"]],
  threshold: [-1.5, 0],
  strict: [true, false],
  by: ["", "user"],
  free: ["text", 0, -2.5],
};
const REFUSED: Readonly<Record<string, readonly [words: string, ...values: readonly unknown[]]>> = {
  cutoff: ["a whole number from 1 on", 0, -1, 1.5, "3", NaN, Infinity],
  gain: ["one of linear, binary", "loud", 1, ["linear"]],
  share: ["a number from 0 to 1", -0.1, 1.1, NaN, "0.5"],
  above: ["a number from 2 on", 1.9, Infinity, "7", true],
  words: ["a list of texts", "a", [1], ["a", 1], { every: () => true }],
  threshold: ["a finite number", NaN, -Infinity, "3", [3]],
  strict: ["true or false", "true", 0, 1],
  by: ["a text", 1, ["item"], true],
  free: ["a number or a text", true, NaN, ["a"]],
};

for (const [name, values] of Object.entries(FITTING)) {
  const [words, ...others] = REFUSED[name]!;
  Deno.test(`the option ${name} takes ${words} and nothing else`, () => {
    for (const value of values) {
      assertEquals(
        (resolveOptions("m", DECLARED, { [name]: value }) as Record<string, unknown>)[name],
        value,
      );
    }
    for (const value of others) {
      const { refusal } = assertThrows(() => resolveOptions("m", DECLARED, { [name]: value }), BladeError);
      assertEquals(refusal, {
        place: `metric m: option ${name}`,
        rule: `must be ${words}`,
        value,
        mend: `give ${words}, or leave it out`,
      });
    }
  });
}

Deno.test("texts are read as the type that their option has, and stay texts where they do not read so", () => {
  const read = (texts: Record<string, string>) => readOptions("m", DECLARED, texts);
  assertEquals(read({ words: "" }), { words: [] });
  assertEquals(read({ words: "a|b c" }), { words: ["a", "b c"] });
  assertEquals(read({ strict: "true" }), { strict: true });
  assertEquals(read({ strict: "false" }), { strict: false });
  assertEquals(read({ strict: "yes" }), { strict: "yes" });
  assertEquals(read({ threshold: "-2.5", share: "0", above: "7", free: "4" }), {
    threshold: -2.5,
    share: 0,
    above: 7,
    free: 4,
  });
  assertEquals(read({ threshold: "high", share: "", above: " ", free: "word" }), {
    threshold: "high",
    share: "",
    above: " ",
    free: "word",
  });
  assertEquals(read({ by: "3", gain: "5" }), { by: "3", gain: "5" });
});

Deno.test("an option that is not declared is refused with those that are", () => {
  const of = (call: () => unknown) => assertThrows(call, BladeError).refusal;
  const known = "gain, share, above, words, threshold, strict, by, free";
  for (
    const refusal of [
      of(() => resolveOptions("m", DECLARED, { gian: 1 })),
      of(() => readOptions("m", { ...DECLARED, cutoff: 1 }, { gian: "1" })),
    ]
  ) {
    assertEquals(refusal, {
      place: "metric m",
      rule: "takes only the options it declares",
      value: "gian",
      mend: `use one of its options: ${known}`,
    });
  }
  for (const name of ["toString", "x"]) {
    const none = of(() => resolveOptions("m", {}, { [name]: 1 }));
    assertEquals([none.value, none.mend], [name, "leave the option out: this metric has none"]);
  }
});
