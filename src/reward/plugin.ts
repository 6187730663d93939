import type { AnySpec, Metric } from "./metric.ts";

/** A plugin's default export, its option types forgotten. */
export interface AnyFactory {
  (options?: Readonly<Record<string, unknown>>): Metric;
  /** What the plugin says of itself. */
  readonly spec: AnySpec;
}

/** Whether a module's default export is what `defineMetric` makes. */
export function isFactory(value: unknown): value is AnyFactory {
  return typeof value === "function" && "spec" in value && typeof value.spec === "object" &&
    value.spec !== null && "name" in value.spec && "contract" in value.spec;
}
