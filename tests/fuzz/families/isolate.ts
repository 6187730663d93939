import fc from "fast-check";
import { PluginFault } from "../../../src/reward/fault.ts";
import { faultIn, scoresIn, valueIn } from "../../../src/reward/isolate/answers.ts";
import {
  decodePayload,
  encodeFrame,
  type Frame,
  type FrameArray,
  HEADER_BYTES,
  readHeader,
} from "../../../src/reward/isolate/frames.ts";
import { metricOf, specOf } from "../../../src/reward/isolate/isolated_facts.ts";
import { printable } from "../../../src/reward/isolate/process.ts";
import { bytesOf, type Family, textOf } from "../family.ts";
import { spoiledBytes } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const TOKEN = new Uint8Array(16).fill(7);

const ANSWERS = [
  { reasons: [["no relevant item", [1]]] },
  { fault: { rule: "must give a finite number", value: "NaN", row: 1 } },
  { failed: { rule: "must load", found: "x", mend: "y", line: 3 } },
  { notDefined: "no item" },
  {},
];

const DESCRIBED = {
  spec: {
    contract: 1,
    name: "mine",
    summary: "A metric.",
    kind: "list",
    direction: "maximize",
    needs: ["relevance"],
    formula: "x",
    source: "a paper",
    equals: ["ndcg"],
  },
  options: [["cutoff", 10], ["gain", { choices: ["a", "b"] }], ["share", {
    standard: 0.5,
    least: 0,
    greatest: 1,
  }]],
};

const BOUND = { needs: ["relevance"], range: [0, 1] };

const BATCH = {
  items: Int32Array.of(1, 2, 3, 4),
  contextRow: Int32Array.of(0, 1),
  contexts: [],
  cutoff: 2,
};

const arrays = fc.array(
  fc.oneof(
    fc.constantFrom<FrameArray>(Float64Array.of(1, NaN), Float64Array.of(0.5, Infinity), new Float64Array(0)),
    fc.array(fc.integer(), { maxLength: 4 }).map((numbers) => Int32Array.from(numbers)),
    fc.array(fc.double(), { maxLength: 4 }).map((numbers) => Float64Array.from(numbers)),
  ),
  { maxLength: 2 },
);

/** Payloads with whatever in the JSON, and frames that are right with bytes changed. */
const payload = fc.oneof(
  fc.tuple(
    spoiledJson(
      ...ANSWERS.map((message) => ({ message, shapes: [["float64", 2]] })),
      { message: {}, shapes: [["int16", 3], ["int32", 1]] },
    ),
    fc.uint8Array({ maxLength: 32 }),
  ).map(([text, body]) => {
    const json = new TextEncoder().encode(text);
    const jsonBytes = Math.ceil(json.length / 8) * 8;
    const bytes = new Uint8Array(HEADER_BYTES + jsonBytes + body.length);
    bytes.set(TOKEN);
    bytes.set(new Uint8Array(Uint32Array.of(1, jsonBytes, body.length, 0).buffer), 16);
    bytes.fill(32, HEADER_BYTES);
    bytes.set(json, HEADER_BYTES);
    bytes.set(body, HEADER_BYTES + jsonBytes);
    return bytes;
  }),
  spoiledBytes(
    fc.tuple(fc.constantFrom(...ANSWERS), arrays)
      .map(([message, arrays]) => encodeFrame(TOKEN, 1, { message, arrays })),
  ),
);

/** Answers as a plugin that does not speak our protocol may give them. */
const answer = fc.record({
  message: spoiledJson(...ANSWERS),
  values: arrays.map((all) => encodeFrame(TOKEN, 1, { message: {}, arrays: all })),
});

function frameIn(part: string | Uint8Array | undefined): Frame | undefined {
  const bytes = bytesOf(part);
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = readHeader(bytes.subarray(0, HEADER_BYTES));
  // As in `process.ts`: so much is read and no more, and a payload that is none is a failure in words.
  if (header.jsonBytes + header.bodyBytes !== bytes.length - HEADER_BYTES) return undefined;
  try {
    return decodePayload(bytes.slice(HEADER_BYTES), header);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function objectIn(part: string | Uint8Array | undefined): Frame["message"] {
  try {
    const value: unknown = JSON.parse(textOf(part));
    return typeof value === "object" && value !== null ? value as Frame["message"] : {};
  } catch {
    return {};
  }
}

/** What comes out of the process of an isolated plugin. */
export const ISOLATE_FAMILIES: readonly Family[] = [
  {
    name: "frame",
    inputs: fc.record({ frame: payload }),
    run({ frame }) {
      const decoded = frameIn(frame);
      if (decoded !== undefined) checkAnswer(decoded);
    },
  },
  {
    name: "answer",
    inputs: answer,
    run({ message, values }) {
      const { arrays } = frameIn(values)!;
      checkAnswer({ message: objectIn(message), arrays });
    },
  },
  {
    name: "described-plugin",
    inputs: fc.record({ described: spoiledJson(DESCRIBED), bound: spoiledJson(BOUND) }),
    run({ described, bound }) {
      const spec = specOf("mine.ts", { message: objectIn(described), arrays: [] });
      metricOf("mine.ts", spec, { message: objectIn(bound), arrays: [] }, {});
    },
  },
];

function checkAnswer(frame: Frame): void {
  faultIn(frame, 2);
  const scores = scoresIn(frame, BATCH as never);
  if ("values" in scores) {
    const broken = scores.values.some((value, row) =>
      Number.isNaN(value) ? !scores.reasons.has(row) : !isFinite(value)
    );
    if (broken) throw new Error("a value that is none, without a reason");
  }
  const value = valueIn(frame, 2);
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`the value ${value}`);
  if (
    typeof value === "object" && "notDefined" in value && printable(value.notDefined) !== value.notDefined
  ) {
    throw new PluginFault({ place: "answer", rule: "must be fit for a terminal", mend: "print it" });
  }
}
