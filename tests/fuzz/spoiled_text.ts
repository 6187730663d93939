/** Pieces that parsers stumble over, and ways to spoil a text, or its bytes, that is right. */
import fc from "fast-check";

/** Pieces of text. */
const PIECES = [
  '"',
  "'",
  "\\",
  "\0",
  "\ufeff",
  "\r\n",
  "\r",
  "\n",
  "\u2028",
  "\ud800",
  "\udfff",
  "\t",
  " ",
  ",",
  "::",
  ":",
  "|",
  "=",
  "@",
  "?",
  "&",
  "%",
  "%zz",
  "[",
  "]",
  "{",
  "}",
  "(",
  ")",
  "[[",
  "{{",
  "//",
  "/*",
  "*/",
  "#",
  "<",
  ">",
  "-",
  "+",
  ".",
  "..",
  "../",
  "/",
  "~",
  "$",
  "^",
  "*",
  "0",
  "-0",
  "1e999",
  "-1e999",
  "1e-999",
  "9007199254740993",
  "4294967296",
  "2147483648",
  "-1",
  "0.1",
  "NaN",
  "Infinity",
  "null",
  "true",
  "[]",
  "{}",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "length",
  "\\u0000",
  "\\ud800",
  "\\x",
  "\u0130",
  "\u00df",
  "😀",
  "é",
  "\x1b[31m",
  "\x7f",
] as const;

/** A piece, sometimes many of it. */
const piece = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<string>(...PIECES) },
  { weight: 8, arbitrary: fc.string({ maxLength: 6, unit: "binary" }) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom<string>(...PIECES), fc.integer({ min: 2, max: 300 }))
      .map(([one, times]) => one.repeat(times)),
  },
);

/** One change of a text: where, how much of it, and what comes there instead. */
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("put" as const), at: fc.nat(), length: fc.nat(3), piece }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("drop" as const), at: fc.nat(), length: fc.nat(40) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("copy" as const),
      at: fc.nat(),
      length: fc.nat(60),
      to: fc.nat(),
    }),
  },
);

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(text: string, one: Change): string {
  const at = one.at % (text.length + 1);
  switch (one.kind) {
    case "put":
      return text.slice(0, at) + one.piece + text.slice(at + one.length);
    case "cut":
      return text.slice(0, at);
    case "drop":
      return text.slice(0, at) + text.slice(at + one.length);
    case "copy": {
      const to = one.to % (text.length + 1);
      return text.slice(0, to) + text.slice(at, at + one.length) + text.slice(to);
    }
  }
}

/** A text with a few changes. */
function withChanges(texts: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> {
  return fc.tuple(texts, fc.array(change, { maxLength: most, size: "max" }))
    .map(([text, changes]) => changes.reduce(changed, text));
}

/** Very long or very deep, seldom, for it takes its time. */
const huge = fc.tuple(
  fc.constantFrom(
    "[",
    "{",
    '{"a":',
    "[{",
    '"',
    "\\",
    "(",
    "a",
    "a,",
    "1,",
    "\n",
    "'",
    "::",
    '"a",',
    "é",
    " ",
    "a\t",
    "0",
    "/*",
  ),
  fc.constantFrom(1e3, 1e4, 1e5),
  fc.boolean(),
).map(([one, times, front]) => ({ text: one.repeat(times / one.length), front }));

/** Texts that are right, spoiled a little, or put together of pieces. */
export function spoiled(...right: readonly string[]): fc.Arbitrary<string> {
  const texts = fc.constantFrom(...right);
  return fc.oneof(
    { weight: 60, arbitrary: withChanges(texts, 4) },
    { weight: 20, arbitrary: fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")) },
    {
      weight: 1,
      arbitrary: fc.tuple(texts, fc.nat(), huge).map(([text, at, { text: long }]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + long + text.slice(place);
      }),
    },
    { weight: 1, arbitrary: huge.map(({ text }) => text) },
  );
}

/** Some of the texts as bytes that are no UTF-8, or cut within a letter. */
export function asBytes(texts: fc.Arbitrary<string>): fc.Arbitrary<string | Uint8Array> {
  return fc.oneof(
    { weight: 6, arbitrary: texts },
    { weight: 1, arbitrary: spoiledBytes(texts.map((text) => new TextEncoder().encode(text))) },
  );
}

/** Bytes with a few of them others, cut, or longer. */
export function spoiledBytes(right: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(
    right,
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, {
      weight: 1,
      arbitrary: fc.integer({ min: -40, max: 40 }),
    }),
  ).map(([whole, changes, more]) => {
    const bytes = new Uint8Array(Math.max(0, whole.length + more));
    bytes.set(whole.subarray(0, bytes.length));
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return bytes;
  });
}
