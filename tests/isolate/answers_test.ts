import { assert, assertEquals } from "@std/assert";
import type { MetricBatch } from "../../src/reward/metric.ts";
import { faultIn, scoresIn, valueIn } from "../../src/reward/isolate/answers.ts";
import { findCulprit } from "../../src/reward/isolate/culprit.ts";
import {
  decodePayload,
  encodeFrame,
  type Frame,
  HEADER_BYTES,
  readHeader,
} from "../../src/reward/isolate/frames.ts";
import { printable } from "../../src/reward/isolate/process.ts";
import fc from "fast-check";

const BATCH = { contextRow: new Int32Array(3) } as unknown as MetricBatch;

function frame(message: Record<string, unknown>, ...arrays: (Int32Array | Float64Array)[]): Frame {
  return { message, arrays };
}

Deno.test("an answer's values are finite or have a reason, whatever the answer says", () => {
  const answer = frame(
    { reasons: [["too\u001b[31m short", [1]], ["not asked", [0, 7, "x"]], 5, [6]] },
    Float64Array.of(1, NaN, NaN),
  );
  assertEquals(scoresIn(answer, BATCH), {
    values: Float64Array.of(1, NaN, NaN),
    reasons: new Map([[1, "too [31m short"], [2, "no value given"]]),
  });
  assertEquals(scoresIn(frame({ reasons: null }, Float64Array.of(1, 2, 3)), BATCH), {
    values: Float64Array.of(1, 2, 3),
    reasons: new Map(),
  });
});

for (
  const [what, answer, rows] of [
    ["too few values", frame({}, Float64Array.of(1, 2)), [0, 3]],
    ["too many values", frame({}, new Float64Array(4)), [0, 3]],
    ["no values", frame({}), [0, 3]],
    ["whole numbers", frame({}, Int32Array.of(1, 2, 3)), [0, 3]],
    ["infinity", frame({}, Float64Array.of(1, -Infinity, 3)), [1, 2]],
  ] as const
) {
  Deno.test(`an answer with ${what} is wrong, and says of which rows`, () => {
    const wrong = scoresIn(answer, BATCH);
    assert("rule" in wrong);
    assertEquals(wrong.rows, rows);
  });
}

Deno.test("a fault that a child reports names a row of the batch, or none", () => {
  const rowOf = (row: unknown) =>
    faultIn(frame({ fault: { rule: "must not throw", value: "x", row } }), 3)?.rows;
  assertEquals([rowOf(2), rowOf(3), rowOf(-1), rowOf(0.5), rowOf("1"), rowOf(null)], [
    [2, 3],
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(faultIn(frame({ reasons: [] }), 3), undefined);
});

Deno.test("a value of many slates is one finite number or a reason", () => {
  assertEquals(valueIn(frame({}, Float64Array.of(0.5)), 9), 0.5);
  assertEquals(valueIn(frame({ notDefined: "none\nshown" }), 9), { notDefined: "none shown" });
  for (const bad of [frame({}), frame({}, Float64Array.of(NaN)), frame({}, Float64Array.of(1, 2))]) {
    const wrong = valueIn(bad, 9);
    assert(typeof wrong === "object" && "rule" in wrong);
  }
});

Deno.test("a frame comes back as it was sent", () => {
  const int32 = fc.array(fc.oneof(fc.integer(), fc.integer({ min: -40_000, max: 40_000 })), { maxLength: 9 })
    .map((values) => Int32Array.from(values));
  const float64 = fc.array(fc.double(), { maxLength: 9 }).map((values) => Float64Array.from(values));
  const message = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
  fc.assert(fc.property(message, fc.array(fc.oneof(int32, float64)), (message, arrays) => {
    const bytes = encodeFrame(new Uint8Array(16).fill(3), 7, { message, arrays });
    const header = readHeader(bytes.subarray(0, HEADER_BYTES));
    assertEquals([header.sequence, header.token.at(-1)], [7, 3]);
    assertEquals(bytes.length, HEADER_BYTES + header.jsonBytes + header.bodyBytes);
    const read = decodePayload(bytes.slice(HEADER_BYTES), header);
    assertEquals(JSON.stringify(read.message), JSON.stringify(message));
    assertEquals(read.arrays, arrays);
  }));
});

Deno.test("the search finds the one row that fails, in few questions", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), fc.nat(), async (rows, some) => {
    const culprit = some % rows;
    let questions = 0;
    const found = await findCulprit(rows, (from, to) => {
      questions++;
      return Promise.resolve(from <= culprit && culprit < to);
    });
    assertEquals(found, [culprit, culprit + 1]);
    assert(questions <= Math.ceil(Math.log2(rows)), `${questions} questions for ${rows} rows`);
  }));
});

Deno.test("a stranger's text is one short line without anything that a terminal obeys", () => {
  assertEquals(printable("a\u001b]0;x\u0007b\r\nc\u2028d\u202ee"), "a ]0;x b c d e");
  assertEquals(printable("x".repeat(1000)).length, 300);
});

Deno.test("what is wrong with an answer is said in the words of the contract, with what was given", () => {
  const number = "must give a finite number or notDefined(reason)";
  assertEquals(scoresIn(frame({}), BATCH), { rule: "must give 3 values", value: "none", rows: [0, 3] });
  assertEquals(scoresIn(frame({}, Float64Array.of(1)), BATCH), {
    rule: "must give 3 values",
    value: 1,
    rows: [0, 3],
  });
  assertEquals(scoresIn(frame({}, Float64Array.of(1, Infinity, 2)), BATCH), {
    rule: number,
    value: "Infinity",
    rows: [1, 2],
  });
  assertEquals(valueIn(frame({}, Float64Array.of(NaN)), 9), { rule: number, value: "NaN", rows: [0, 9] });
  assertEquals(faultIn(frame({ failed: { rule: "broken\n" } }), 3), {
    rule: "must answer what it was asked",
    value: "broken ",
  });
  assertEquals(faultIn(frame({ fault: { rule: "r\t", value: "v\u0007", row: 0 } }), 3), {
    rule: "r ",
    value: "v ",
    rows: [0, 1],
  });
});
