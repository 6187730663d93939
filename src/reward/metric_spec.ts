import { BladeError } from "../core/errors.ts";

/** A metric as configurations, tables and manifests name it: `name@cutoff?option=value&option=value`. */
export interface MetricName {
  /** Of the metric, or the path or address of its module. */
  readonly name: string;
  /** Ranks that count; left out for the whole list. */
  readonly cutoff?: number;
  /** Values percent-decoded; a list's elements separated by `|`. */
  readonly options: Record<string, string>;
}

const FORM = "name@cutoff?option=value&option=value";

/**
 * Takes a metric's name apart. The name itself may be the path or address of a plugin module.
 *
 * @throws {BladeError} when the text does not have the form.
 *
 * @example
 * ```ts
 * import { parseMetricSpec } from "./metric_spec.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(parseMetricSpec("mgu?categories=Action|Sci%2DFi"), {
 *   name: "mgu",
 *   options: { categories: "Action|Sci-Fi" },
 * });
 * assertEquals(parseMetricSpec("ndcg@10?gain=binary"), { name: "ndcg", cutoff: 10, options: { gain: "binary" } });
 * ```
 */
export function parseMetricSpec(text: string): MetricName {
  const question = text.indexOf("?");
  const head = question < 0 ? text : text.slice(0, question);
  // A scoped package and a version have an @ of their own; the cutoff's is the last and has a number after it.
  const at = isModule(head) ? head.search(/@\d+$/) : head.indexOf("@");
  const name = at < 0 ? head : head.slice(0, at);
  if (!isModule(name) && !/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)) {
    throw malformed(text, "must begin with the metric's name", text);
  }
  const options = question < 0 ? {} : readOptions(text, text.slice(question + 1));
  if (at < 0) return { name, options };
  const digits = head.slice(at + 1);
  if (!/^[1-9]\d{0,8}$/.test(digits)) {
    throw malformed(text, "must have a whole number from 1 on after @", digits);
  }
  return { name, cutoff: Number(digits), options };
}

/**
 * The text of a metric's name; `parseMetricSpec` reads it back.
 *
 * @example
 * ```ts
 * import { formatMetricSpec } from "./metric_spec.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(formatMetricSpec({ name: "ndcg", cutoff: 10, options: { gain: "binary" } }), "ndcg@10?gain=binary");
 * assertEquals(formatMetricSpec({ name: "mgu", options: { categories: "R&B|Pop" } }), "mgu?categories=R%26B|Pop");
 * ```
 */
export function formatMetricSpec({ name, cutoff, options }: MetricName): string {
  const pairs = Object.entries(options).map(([option, value]) =>
    `${encodeURIComponent(option)}=${encodeURIComponent(value).replaceAll("%7C", "|")}`
  );
  return name + (cutoff === undefined ? "" : `@${cutoff}`) +
    (pairs.length === 0 ? "" : `?${pairs.join("&")}`);
}

/**
 * Whether a metric's name is the path or address of a module rather than the name of a loaded plugin.
 *
 * @example
 * ```ts
 * import { isModule } from "./metric_spec.ts";
 * import { assert, assertEquals } from "@std/assert";
 * assert(isModule("./my_metric.ts"));
 * assert(isModule("npm:@someone/metric"));
 * assertEquals(isModule("hit-rate"), false);
 * ```
 */
export function isModule(name: string): boolean {
  return /^(\.{0,2}\/|[a-z]+:)|^[A-Za-z]:\\|\.(m?[jt]s)$/.test(name);
}

function readOptions(text: string, query: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const pair of query.split("&")) {
    const [, option, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (option === undefined || value === undefined) {
      throw malformed(text, "must have option=value pairs, joined by &, after ?", pair);
    }
    const name = decode(text, option);
    if (Object.hasOwn(options, name)) throw malformed(text, "must set an option once", name);
    Object.defineProperty(options, name, {
      value: decode(text, value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return options;
}

function decode(text: string, part: string): string {
  try {
    // Half of a surrogate pair could be read and never be written again.
    if (part.isWellFormed()) return decodeURIComponent(part);
    throw malformed(text, "must be of whole letters", part);
  } catch (error) {
    if (error instanceof BladeError) throw error;
    throw malformed(text, "must be percent-encoded UTF-8", part);
  }
}

function malformed(text: string, rule: string, value: string): BladeError {
  return new BladeError({
    place: `metric ${JSON.stringify(text)}`,
    rule,
    value,
    mend: `write it as ${FORM}, for example ndcg@10?gain=binary`,
  });
}
