/** Parsers with faults, to see that each kind of fault is found. */
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { type Family, textOf } from "./family.ts";

const inputs = fc.record({ text: fc.string({ minLength: 1, maxLength: 20 }) });
const refusal = (mend: string) => new BladeError({ place: "text", rule: "must be another", mend });

/** One for each way in which an input may end that none may end in; the last has no fault. */
export const FAMILIES: readonly Family[] = [
  {
    name: "throws",
    inputs,
    run({ text }) {
      if (textOf(text).includes("a")) throw new TypeError("Cannot read properties of undefined");
    },
  },
  {
    name: "hangs",
    inputs,
    run({ text }) {
      while (textOf(text) !== "");
    },
  },
  {
    name: "is-slow",
    inputs: fc.constant({ text: "a" }),
    run() {
      const start = performance.now();
      while (performance.now() - start < 1100);
    },
  },
  {
    name: "keeps",
    inputs: fc.constant({ text: "a" }),
    run: () => kept.push(new Uint8Array(80 * 2 ** 20)),
  },
  {
    name: "talks",
    inputs,
    run({ text }) {
      throw new RangeError(refusal(textOf(text).repeat(10_000)).message);
    },
  },
  {
    name: "forgets",
    inputs: fc.constant({ text: "a" }),
    run() {
      void Promise.reject(new Error("nobody waits"));
    },
  },
  {
    name: "is-right",
    inputs,
    run({ text }) {
      if (textOf(text).length > 10) throw refusal("shorten it".repeat(10_000));
    },
  },
];

/** What the parser that keeps everything has kept. */
const kept: Uint8Array[] = [];
