import { BladeError } from "../core/errors.ts";
import type { PopulationMetric, Slate } from "../reward/metric.ts";
import { isNotDefined } from "../reward/not_defined.ts";
import { frozenSlate } from "./watched_inputs.ts";
import type { World } from "./world.ts";

/** A slate and the context that it was for. */
export interface Shown {
  readonly slate: Slate;
  readonly contextId: number;
}

/** The metric's four functions; what is wrong with an answer is thrown with the metric's name. */
export interface Asked {
  readonly create: () => unknown;
  readonly add: (state: unknown, slate: Shown, weight?: number) => void;
  readonly remove: (state: unknown, slate: Shown, weight?: number) => void;
  /** NaN where it has no value. */
  readonly value: (state: unknown) => number;
  readonly valueOf: (slates: readonly Shown[]) => number;
}

/** The functions of a metric with its signals at hand. Slates are handed over such that writing into them throws. */
export function askedPopulation(spec: string, metric: PopulationMetric, { signals }: World): Asked {
  const asked: Asked = {
    create: () => guarded(spec, "create", undefined, () => metric.create(signals)),
    add: (state, shown, weight = 1) =>
      guarded(
        spec,
        "add",
        shown,
        () => metric.add(state, frozenSlate(shown.slate), weight, undefined, shown.contextId),
      ),
    remove: (state, shown, weight = 1) =>
      guarded(
        spec,
        "remove",
        shown,
        () => metric.remove(state, frozenSlate(shown.slate), weight, undefined, shown.contextId),
      ),
    value(state) {
      const value: unknown = guarded(spec, "value", undefined, () => metric.value(state));
      if (isNotDefined(value)) return NaN;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      const mend = "return notDefined(reason) where it has no value";
      throw new BladeError({
        place: `metric ${spec}`,
        rule: "must give a finite number or notDefined(reason)",
        value,
        mend,
      });
    },
    valueOf(slates) {
      const state = asked.create();
      for (const slate of slates) asked.add(state, slate);
      return asked.value(state);
    },
  };
  return asked;
}

function guarded<T>(spec: string, part: string, shown: Shown | undefined, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const what = shown === undefined
      ? ""
      : ` of context ${shown.contextId}, slate [${shown.slate.join(", ")}]`;
    throw new BladeError({
      place: `metric ${spec}: ${part}${what}`,
      rule: "must not throw, nor write to the slate",
      value: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      mend: "correct the plugin; copy a slate before you sort or change it",
    });
  }
}
