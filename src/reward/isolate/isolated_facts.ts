import { BladeError } from "../../core/errors.ts";
import type { SignalName } from "../../core/signals.ts";
import { defineMetric } from "../define_metric.ts";
import { type AnySpec, CONTRACT_VERSION, type Metric } from "../metric.ts";
import type { OptionDefault, OptionSpecs, OptionValues } from "../options.ts";
import type { Failed } from "./child.ts";
import type { Frame } from "./frames.ts";
import { type ChildFailure, printable } from "./process.ts";

/**
 * What a child says of its plugin, held to the contract by the code that a plugin of this process meets too.
 *
 * @param place the plugin, for messages
 * @throws {BladeError} when it failed to load, or breaks the contract
 */
export function specOf(place: string, described: Frame): AnySpec {
  refuseFailed(place, described);
  const { spec, options } = described.message as { spec?: AnySpec; options?: unknown };
  if (spec?.contract !== CONTRACT_VERSION) {
    throw new BladeError({
      place,
      rule: `must follow version ${CONTRACT_VERSION} of the plugin contract`,
      value: spec?.contract,
      mend: "use the version of blade that the plugin was written for, or port the plugin",
    });
  }
  const entries: readonly unknown[] = Array.isArray(options) ? options : [];
  const read = entries.map((entry) => {
    const [option, standard] = Array.isArray(entry) ? entry : [];
    return [printable(option), optionFrom(place, standard ?? null)];
  });
  const facts = { needs: spec.needs, range: [null, null] };
  return factoryOf(place, { ...spec, options: Object.fromEntries(read) }, facts).spec;
}

/**
 * The metric of an isolated plugin in this process: its facts, whose functions cannot be called.
 *
 * @param bound the child's answer to the same options
 */
export function metricOf(
  place: string,
  spec: AnySpec,
  bound: Frame,
  options: Readonly<Record<string, unknown>>,
): Metric {
  refuseFailed(place, bound);
  return factoryOf(place, spec, bound.message)(options as Partial<OptionValues<OptionSpecs>>);
}

function factoryOf(place: string, spec: AnySpec, { needs, range }: Frame["message"]) {
  const [least, greatest] = Array.isArray(range) ? range : [];
  const facts = {
    name: spec.name,
    summary: printable(spec.summary),
    ...(typeof spec.formula === "string" ? { formula: printable(spec.formula) } : {}),
    ...(typeof spec.source === "string" ? { source: printable(spec.source) } : {}),
    ...(Array.isArray(spec.equals) ? { equals: spec.equals.map((one) => printable(one)) } : {}),
    options: spec.options ?? {},
    // JSON has no infinity: it arrives as null.
    range: [least ?? -Infinity, greatest ?? Infinity] as const,
    direction: spec.direction,
    needs: needs as readonly SignalName[],
  };
  const elsewhere = (): never => {
    throw new BladeError({
      place,
      rule: "runs in a process of its own and can only be asked through its judge",
      mend: "ask judgeOf(loaded) for its values",
    });
  };
  const [create, add, remove, value] = [elsewhere, elsewhere, elsewhere, elsewhere];
  return spec.kind === "population"
    ? defineMetric({ ...facts, kind: spec.kind, create, add, remove, value })
    : defineMetric({ ...facts, kind: spec.kind, score: elsewhere });
}

/** An option's default out of JSON, which knows neither undefined nor infinity. */
function optionFrom(place: string, standard: unknown): OptionDefault {
  if (standard === null) return undefined;
  if (typeof standard === "number" || typeof standard === "boolean") return standard;
  if (typeof standard === "string") return printable(standard);
  if (isTexts(standard)) return standard.map(printable);
  const { choices, least, greatest, standard: given } = Object(standard) as Record<string, unknown>;
  if (isTexts(choices) && choices.length > 0) {
    return { choices: choices.map(printable) as [string, ...string[]] };
  }
  if (isBound(least) && isBound(greatest)) {
    const bounds = { least: least ?? -Infinity, greatest: greatest ?? Infinity };
    return typeof given === "number" ? { standard: given, ...bounds } : bounds;
  }
  const mend = "declare it as a number, a text, a boolean, a list of texts or oneOf(…)";
  throw new BladeError({
    place,
    rule: "must declare options that the contract knows",
    value: standard,
    mend,
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isBound(value: unknown): value is number | null {
  return value === null || typeof value === "number";
}

function refuseFailed(place: string, { message: { failed } }: Frame): void {
  if (failed === undefined) return;
  const { rule, found, mend, line } = Object(failed) as Record<keyof Failed, unknown>;
  throw new BladeError({
    place: typeof line === "number" ? `${place}:${line}` : place,
    rule: printable(rule),
    ...(found === undefined ? {} : { value: typeof found === "string" ? printable(found) : found }),
    mend: typeof mend === "string"
      ? printable(mend)
      : 'correct the module; it may import "blade" and modules of its own folder, and nothing else',
  });
}

/** A child that was lost before it could be asked about slates. */
export function loadFailure(place: string, { rule, found }: ChildFailure): BladeError {
  const mend = "correct the module, which runs in a process without permissions, or leave the plugin out";
  return new BladeError({ place, rule: `${rule} as it is loaded`, value: found, mend });
}
