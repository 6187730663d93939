/** Pieces that parsers stumble over, and ways to spoil a text that is right. */
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

/** Values that JSON has, and that a schema may not foresee. */
export const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.5,
  1e300,
  -1e300,
  1e-320,
  2 ** 31,
  2 ** 53,
  2 ** 53 + 2,
  4294967296,
  "",
  " ",
  "0",
  "-1",
  "NaN",
  "__proto__",
  "constructor",
  "\0",
  "\ud800",
  "a".repeat(300),
  [],
  {},
  [null],
  [[]],
  [0],
  [""],
  [{}],
  { a: 1 },
  { length: -1 },
  { toString: null },
  { length: 4294967295 },
  JSON.parse('{"__proto__": {"a": 1}}'),
];

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

/** A value of JSON with some of its parts taken away, moved, named otherwise, or replaced. */
function withParts(value: unknown, changes: readonly ValueChange[]): unknown {
  const root = { value: structuredClone(value) };
  for (const { at, kind, put } of changes) {
    const places = placesIn(root);
    const { holder, key } = places[at % places.length]!;
    const from = places[put % places.length]!;
    switch (kind) {
      case "drop":
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (holder !== root) delete holder[key];
        break;
      case "name":
        if (!Array.isArray(holder) && holder !== root) {
          const name = ["__proto__", "constructor", "", "toString", "length", from.key][put % 6]!;
          Object.defineProperty(holder, name, {
            value: holder[key],
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        break;
      case "move":
        set(holder, key, structuredClone(Reflect.get(from.holder, from.key)));
        break;
      case "twice":
        if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(holder[Number(key)]));
        else set(holder, key, [structuredClone(holder[key]), structuredClone(holder[key])]);
        break;
      case "put":
        set(holder, key, structuredClone(VALUES[put % VALUES.length]));
        break;
    }
  }
  return root.value;
}

interface ValueChange {
  readonly at: number;
  readonly kind: "put" | "drop" | "name" | "move" | "twice";
  readonly put: number;
}

// deno-lint-ignore no-explicit-any
type Holder = Record<string, any>;

/** Where values stand: the root, and every one inside it. At most so many, for copies may double. */
function placesIn(root: { value: unknown }): { holder: Holder; key: string }[] {
  const places: { holder: Holder; key: string }[] = [{ holder: root, key: "value" }];
  for (let at = 0; at < places.length && places.length < 2000; at++) {
    const { holder, key } = places[at]!;
    const value: unknown = holder[key];
    if (typeof value !== "object" || value === null) continue;
    for (const inner of Object.keys(value)) places.push({ holder: value, key: inner });
  }
  return places;
}

function set(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Values that are right with some of their parts changed. */
export function spoiledValue(...right: readonly unknown[]): fc.Arbitrary<unknown> {
  const changes = fc.array(
    fc.record({
      at: fc.nat(),
      kind: fc.constantFrom("put", "put", "put", "drop", "name", "move", "twice"),
      put: fc.nat(),
    }),
    { minLength: 1, maxLength: 4 },
  );
  return fc.tuple(fc.nat(right.length - 1), changes).map(([which, all]) => withParts(right[which], all));
}

/** Texts of JSON: values changed in their parts, then sometimes the text itself. */
export function spoiledJson(...right: readonly unknown[]): fc.Arbitrary<string> {
  const texts = right.map((value) => JSON.stringify(value));
  return fc.oneof(
    { weight: 3, arbitrary: spoiledValue(...right).map((value) => JSON.stringify(value) ?? "") },
    { weight: 1, arbitrary: spoiled(...texts) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...texts).map((text) => JSON.stringify(JSON.parse(text), null, 1)),
    },
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
