import type { MetricBatch } from "../metric.ts";
import type { NotDefined } from "../not_defined.ts";
import type { ListScores } from "../score_list.ts";
import type { Frame } from "./frames.ts";
import { printable } from "./process.ts";

/** What is wrong with an answer, and for which rows of the batch where that is known. */
export interface Wrong {
  readonly rule: string;
  readonly value: unknown;
  readonly rows?: readonly [from: number, to: number];
}

const NO_NUMBER = "must give a finite number or notDefined(reason)";

/** A fault that the child itself reports: its plugin threw, or gave a value that is none. */
export function faultIn({ message }: Frame, rows: number): Wrong | undefined {
  if (message.failed !== undefined) {
    const value = printable(Object(message.failed).rule);
    return { rule: "must answer what it was asked", value };
  }
  if (message.fault === undefined) return undefined;
  const { rule, value, row } = Object(message.fault) as { rule: unknown; value: unknown; row: unknown };
  const isKnown = typeof row === "number" && Number.isInteger(row) && row >= 0 && row < rows;
  return {
    rule: printable(rule),
    value: typeof value === "string" ? printable(value) : value,
    ...(isKnown ? { rows: [row, row + 1] } : {}),
  };
}

/**
 * The values of an answer, finite or with a reason for each that is none. A stranger wrote it: nothing is taken for
 * granted.
 */
export function scoresIn(
  { message, arrays: [values] }: Frame,
  { contextRow: { length } }: MetricBatch,
): ListScores | Wrong {
  if (!(values instanceof Float64Array) || values.length !== length) {
    return { rule: `must give ${length} values`, value: values?.length ?? "none", rows: [0, length] };
  }
  const reasons = new Map<number, string>();
  for (const entry of Array.isArray(message.reasons) ? message.reasons : []) {
    const [reason, rows] = Array.isArray(entry) ? entry : [];
    const text = printable(reason);
    for (const row of Array.isArray(rows) ? rows : []) {
      if (typeof row === "number" && Number.isNaN(values[row])) reasons.set(row, text);
    }
  }
  for (let row = 0; row < length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value) && !reasons.has(row)) reasons.set(row, "no value given");
    if (Math.abs(value) === Infinity) return { rule: NO_NUMBER, value: `${value}`, rows: [row, row + 1] };
  }
  return { values, reasons };
}

/** The value of many slates in an answer. */
export function valueIn({ message, arrays: [values] }: Frame, rows: number): number | NotDefined | Wrong {
  if (typeof message.notDefined === "string") return { notDefined: printable(message.notDefined) };
  const value = values?.[0];
  if (values?.length === 1 && Number.isFinite(value)) return value!;
  return { rule: NO_NUMBER, value: `${value}`, rows: [0, rows] };
}
