/** Ways to spoil a value of JSON, and its text, that is right. */
import fc from "fast-check";
import { spoiled } from "./spoiled_text.ts";

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
