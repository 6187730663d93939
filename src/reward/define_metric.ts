import { BladeError } from "../core/errors.ts";
import type { SignalName, Signals } from "../core/signals.ts";
import { cutBatch, cutSlate } from "./cut.ts";
import {
  CONTRACT_VERSION,
  type ListMetric,
  type ListSpec,
  type Metric,
  type MetricFactory,
  POOLED,
  type PopulationMetric,
  type PopulationSpec,
} from "./metric.ts";
import { type OptionSpecs, resolveOptions } from "./options.ts";

const SIGNALS: Readonly<Record<SignalName, true>> = {
  relevance: true,
  popularity: true,
  categories: true,
  features: true,
  embedding: true,
  history: true,
  userGroups: true,
  itemGroups: true,
  catalogSize: true,
};

/**
 * Makes a metric plugin: the function that a plugin module exports as its default. Called with options, it gives a
 * metric that scores.
 *
 * @throws {BladeError} when the specification breaks the contract (for plugins that no compiler has read).
 *
 * @example
 * ```ts
 * import { defineMetric, notDefined } from "blade";
 * import { assertEquals } from "@std/assert";
 * const freshness = defineMetric({
 *   name: "freshness",
 *   summary: "Share of the slate that fewer than `below` people have met.",
 *   kind: "list",
 *   options: { below: 10 },
 *   range: [0, 1],
 *   direction: "maximize",
 *   needs: ["popularity"],
 *   score(slate, _context, { popularity }, { below }) {
 *     if (popularity.totalUsers === 0) return notDefined("no training interaction");
 *     return slate.filter((item) => popularity.users[item]! < below).length / slate.length;
 *   },
 * });
 * assertEquals(freshness({ cutoff: 5 }).options, { below: 10, cutoff: 5 });
 * ```
 */
export function defineMetric<const S extends SignalName, const O extends OptionSpecs = Record<never, never>>(
  spec: ListSpec<S, O> & ({ readonly scoreBatch: unknown } | { readonly score: unknown }),
): MetricFactory<O, ListMetric>;
/** A metric of many slates together; see the other form. */
export function defineMetric<
  const S extends SignalName,
  State,
  const O extends OptionSpecs = Record<never, never>,
>(
  spec: PopulationSpec<S, O, State>,
): MetricFactory<O, PopulationMetric>;
export function defineMetric<S extends SignalName, O extends OptionSpecs>(
  spec: ListSpec<S, O> | PopulationSpec<S, O, unknown>,
): MetricFactory<O> {
  checkSpec(spec);
  const { name, summary, formula, source, equals, kind, direction, needs } = spec;
  const options = (spec.options ?? {}) as O;
  const factory = (given: Readonly<Record<string, unknown>> = {}): Metric => bind(spec, options, given);
  return Object.assign(factory, {
    spec: {
      name,
      summary,
      kind,
      direction,
      needs,
      options,
      contract: CONTRACT_VERSION,
      ...(formula === undefined ? {} : { formula }),
      ...(source === undefined ? {} : { source }),
      ...(equals === undefined ? {} : { equals }),
    },
  }) as MetricFactory<O>;
}

function bind<S extends SignalName, O extends OptionSpecs>(
  spec: ListSpec<S, O> | PopulationSpec<S, O, unknown>,
  declared: O,
  given: Readonly<Record<string, unknown>>,
): Metric {
  const options = resolveOptions(spec.name, declared, given);
  const cutoff = options.cutoff;
  const needs = spec.uses?.(options) ?? spec.needs;
  const facts = {
    name: spec.name,
    summary: spec.summary,
    ...(spec.formula === undefined ? {} : { formula: spec.formula }),
    range: typeof spec.range === "function" ? spec.range(options) : spec.range,
    direction: spec.direction,
    needs,
    options,
    cutoff,
  };
  const only = (signals: Signals) => pick(signals, needs);
  if (spec.kind === "population") {
    const { create, add, remove, value } = spec;
    return {
      ...facts,
      kind: "population",
      create: (signals) => create(only(signals), options),
      add(state, slate, weight, ranks, contextId = POOLED) {
        const cut = cutSlate(slate, cutoff, ranks);
        add(state, cut.slate, weight, cut.ranks, contextId);
      },
      remove(state, slate, weight, ranks, contextId = POOLED) {
        const cut = cutSlate(slate, cutoff, ranks);
        remove(state, cut.slate, weight, cut.ranks, contextId);
      },
      value,
    };
  }
  const { score, scoreBatch } = spec;
  return {
    ...facts,
    kind: "list",
    ...(score && {
      score(slate, context, signals, ranks) {
        const cut = cutSlate(slate, cutoff, ranks);
        return score(cut.slate, context, only(signals), options, cut.ranks);
      },
    } satisfies Partial<ListMetric>),
    ...(scoreBatch && {
      scoreBatch(batch, signals, out, undefine) {
        scoreBatch(cutBatch(batch, cutoff), only(signals), options, out, undefine);
      },
    } satisfies Partial<ListMetric>),
  };
}

/** A plugin in JavaScript is not held to `needs` by a compiler, so what it did not declare is not there. */
function pick<S extends SignalName>(signals: Signals, names: readonly S[]): Pick<Signals, S> {
  return Object.fromEntries(names.map((name) => [name, signals[name]])) as unknown as Pick<Signals, S>;
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [least, greatest] = value;
  return typeof least === "number" && typeof greatest === "number" && least <= greatest;
}

/** Reads the specification as an unknown value: the compiler's word does not hold for JavaScript. */
function checkSpec(spec: object): void {
  const read = spec as Readonly<Record<string, unknown>>;
  const place = `metric plugin ${typeof read.name === "string" ? read.name : "without a name"}`;
  const demand = (holds: boolean, field: string, rule: string, mend: string) => {
    if (!holds) throw new BladeError({ place: `${place}: ${field}`, rule, value: read[field], mend });
  };
  const isFunction = (field: string) => typeof read[field] === "function";
  demand(
    typeof read.name === "string" && /^[A-Za-z][A-Za-z0-9_.-]*$/.test(read.name),
    "name",
    "must be letters, digits and dashes, a letter first",
    'name it like "list-length"',
  );
  demand(typeof read.summary === "string", "summary", "must be a sentence", "say what it measures");
  demand(
    read.kind === "list" || read.kind === "population",
    "kind",
    "must be list or population",
    'write "list" for a metric of one slate, "population" for one of many together',
  );
  demand(
    read.direction === "maximize" || read.direction === "minimize",
    "direction",
    "must be maximize or minimize",
    "say whether more is better",
  );
  demand(
    isFunction("range") || isRange(read.range),
    "range",
    "must be [least, greatest]",
    "give the bounds, or -Infinity and Infinity",
  );
  demand(
    Array.isArray(read.needs) &&
      read.needs.every((need) => typeof need === "string" && Object.hasOwn(SIGNALS, need)),
    "needs",
    `must list signals out of ${Object.keys(SIGNALS).join(", ")}`,
    "name the signals that it reads, [] for none",
  );
  if (read.kind === "list") {
    demand(
      isFunction("score") || isFunction("scoreBatch"),
      "score",
      "must be a function (or scoreBatch must)",
      "write score(slate, context, signals, options)",
    );
    return;
  }
  for (const part of ["create", "add", "remove", "value"]) {
    demand(
      isFunction(part),
      part,
      "must be a function",
      "a population metric has create, add, remove and value",
    );
  }
}
