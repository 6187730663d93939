import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { BadCell } from "../../src/data/cells.ts";
import { listCell, pythonList } from "../../src/data/python_list.ts";

// What Python 3.12 prints for str() and ascii() of such lists.
Deno.test("pythonList() reads what Python prints", () => {
  assertEquals(
    pythonList(String.raw`['a', "b's", 'say "hi"', 'it\'s "x"', 'tab\t', 'nl\n', '\x00\x7f\xa0', 'é', '\\']`),
    ["a", "b's", 'say "hi"', `it's "x"`, "tab\t", "nl\n", "\0\x7f\xa0", "é", "\\"],
  );
  assertEquals(pythonList(String.raw`['\xe9', '\u2028', '\U0001f600']`), ["é", "\u2028", "😀"]);
  assertEquals(pythonList("[3437, 642, -1, 5.0, 1e-05]"), ["3437", "642", "-1", "5.0", "1e-05"]);
  assertEquals(pythonList("[12345678901234567890]"), ["12345678901234567890"]);
  assertEquals(pythonList("[]"), []);
  assertEquals(pythonList("['']"), [""]);
});

Deno.test("pythonList() reads the rest of Python's list syntax that a hand may write", () => {
  assertEquals(pythonList(" [ 'a' ,\n\t2 , ] "), ["a", "2"]);
  assertEquals(pythonList(String.raw`['\a\b\f\v\0\101\18', '\d\ ', "\'"]`), [
    "\x07\b\f\v\0A\x018",
    "\\d\\ ",
    "'",
  ]);
  assertEquals(pythonList("['on\\\ne']"), ["one"]);
});

for (
  const [text, says] of [
    ["", "the [ of a list is missing at character 1"],
    ["nan", "the [ of a list is missing at character 1"],
    ["('a',)", "the [ of a list is missing at character 1"],
    ["['a'", "a comma or ] is missing at character 5"],
    ["['a' 'b']", "a comma or ] is missing at character 6"],
    ["[1 2]", "a comma or ] is missing at character 4"],
    ["[12a]", "a comma or ] is missing at character 4"],
    ["[,]", "a text in quotes or a number is missing at character 2"],
    ["['a',,]", "a text in quotes or a number is missing at character 6"],
    ["[nan]", "a text in quotes or a number is missing at character 2"],
    ["[['a']]", "a text in quotes or a number is missing at character 2"],
    ["[", "a text in quotes or a number is missing at character 2"],
    ["['a]", "the closing ' of a text is missing at character 2"],
    ["['a\nb']", "the closing ' of a text is missing at character 2"],
    ["['a\\", "the closing ' of a text is missing at character 2"],
    ["['it's']", "a comma or ] is missing at character 6"],
    ["['a'] x", "the end is missing at character 7"],
    [String.raw`['ok', '\x4']`, "a known escape is missing at character 8"],
    [String.raw`['\u12']`, "a known escape is missing at character 2"],
    [String.raw`['\U00110000']`, "a known escape is missing at character 2"],
    [String.raw`['\N{BULLET}']`, "a known escape is missing at character 2"],
  ] as const
) {
  Deno.test(`pythonList() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => pythonList(text), SyntaxError, says);
  });
}

/** A text as Python's `repr` writes it: in single quotes unless only these occur in it. `ascii` escapes all but ASCII. */
function pythonText(text: string, ascii: boolean): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const hex = (code: number, digits: number) => code.toString(16).padStart(digits, "0");
  const letters = Array.from(text, (letter) => {
    const code = letter.codePointAt(0)!;
    const short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [quote]: `\\${quote}` }[letter];
    if (short !== undefined) return short;
    if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
    if (code < 0x7f || !ascii) return letter;
    return code <= 0xff ? `\\x${hex(code, 2)}` : code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
  return quote + letters.join("") + quote;
}

Deno.test("pythonList() gives back every list of texts and whole numbers that Python would print", () => {
  const letters = fc.oneof(fc.constantFrom(..."'\"\\\n\t,[] x"), fc.string({ unit: "binary", maxLength: 1 }));
  const entry = fc.oneof(
    fc.array(letters, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.maxSafeInteger(),
  );
  fc.assert(
    fc.property(fc.array(entry), fc.boolean(), (entries, ascii) => {
      const printed = entries.map((each) =>
        typeof each === "string" ? pythonText(each, ascii) : String(each)
      );
      assertEquals(pythonList(`[${printed.join(", ")}]`), entries.map(String));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("pythonList() ends on any text, with entries or a SyntaxError", () => {
  const text = fc.array(fc.constantFrom(..."[]'\"\\,x1-. \nuU"), { maxLength: 30 }).map((parts) =>
    parts.join("")
  );
  fc.assert(
    fc.property(text, (content) => {
      try {
        pythonList(`[${content}`);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("listCell() says which column is no list, and that a cell is missing", () => {
  const error = assertThrows(() => listCell("['a'", "history_item_title"), BadCell);
  assertEquals([error.column, error.value], ["history_item_title", "['a'"]);
  assertEquals(
    error.rule,
    "must be a list as Python writes it, of texts or numbers (a comma or ] is missing at character 5)",
  );
  assertThrows(() => listCell(undefined, "history_item_id"), BadCell, "the [ of a list is missing");
});
