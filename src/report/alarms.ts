import type { Observer } from "../core/observer.ts";
import { type Epoch, epochsOf } from "./epochs.ts";
import { holdsAfter, type RunEvent } from "./event_log.ts";

/** Groups tied more often than this carry little to learn from. */
const MOSTLY_TIED = 0.9;

/** What is left of a gauge of the first epoch when it counts as gone. */
const GONE = 0.1;

/** Nats per item: a policy this far off gives what it draws e² times the probability, item by item. */
const FAR = 2;

/** What can be seen to go wrong. */
type Trouble = "tied" | "signal" | "divergence" | "entropy";

/**
 * What the last epoch shows to have gone wrong and none before it, each with what to try.
 *
 * @param epochs those that are done
 * @param cutoff K, items of a slate
 * @example
 * ```ts
 * import { newAlarms } from "./alarms.ts";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 * const fine = { epoch: 1, gauges: { signal: 1, tied: 0.1, klToReference: 3, entropy: 4 }, validation: 0.5, violation: 0 };
 * const far = { ...fine, epoch: 2, gauges: { ...fine.gauges, klToReference: 25 } };
 * assertEquals(newAlarms([fine], 10), []);
 * assertStringIncludes(newAlarms([fine, far], 10)[0]!, "raise align.klCoefficient");
 * assertEquals(newAlarms([fine, far, { ...far, epoch: 3 }], 10), []);
 * ```
 */
export function newAlarms(epochs: readonly Epoch[], cutoff: number): string[] {
  const [first] = epochs;
  if (first === undefined) return [];
  const before = new Set(epochs.slice(0, -1).flatMap((epoch) => [...troubles(first, epoch, cutoff).keys()]));
  return [...troubles(first, epochs.at(-1)!, cutoff)].filter(([trouble]) => !before.has(trouble))
    .map(([, words]) => words);
}

function troubles(first: Epoch, { epoch, gauges }: Epoch, cutoff: number): Map<Trouble, string> {
  const found = new Map<Trouble, string>();
  const { tied, signal, klToReference, entropy } = gauges;
  const gone = (name: "signal" | "entropy", value: number | null | undefined): value is number =>
    value != null && value < GONE * (first.gauges[name] ?? 0);
  const inFirst = (name: "signal" | "entropy") => `${first.gauges[name]!.toFixed(3)} in the first`;
  if (tied != null && tied >= MOSTLY_TIED) {
    found.set(
      "tied",
      `${
        (100 * tied).toFixed(0)
      } % of the groups had equal rewards throughout in epoch ${epoch}: the reward says ` +
        "little. Add a term that every list has a value for (ild, novelty), sample more (align.groupSize), lengthen " +
        "the lists (align.cutoff), or give more targets per context (align.horizon).",
    );
  } else if (gone("signal", signal)) {
    found.set(
      "signal",
      `The signal has gone: ${signal.toFixed(3)} nats in epoch ${epoch}, ${
        inFirst("signal")
      }. The target hardly ` +
        "tells lists apart any more. Stop here (align.patience), or take target.kind bayesian, a lower " +
        "target.discount or a larger target.n.",
    );
  }
  if (klToReference != null && klToReference > FAR * cutoff) {
    found.set(
      "divergence",
      `The policy runs away from the reference: ${
        klToReference.toFixed(1)
      } nats a slate in epoch ${epoch}. Look at ` +
        "the lists before you trust the reward; raise align.klCoefficient, lower align.learningRate, or stop " +
        "earlier (align.patience).",
    );
  }
  if (gone("entropy", entropy)) {
    found.set(
      "entropy",
      `The policy repeats itself: ${entropy.toFixed(3)} nats of entropy an item in epoch ${epoch}, ` +
        `${
          inFirst("entropy")
        }. Raise align.klCoefficient, lower target.n or align.learningRate, or add diversity ` +
        "to the reward.",
    );
  }
  return found;
}

/**
 * An observer that looks at every epoch of alignment and warns, once of each, of what goes wrong.
 *
 * @param observer that hears of everything, the warnings among it
 * @param events of the run so far, where it goes on
 */
export function withAlarms(
  observer: Observer,
  o: { readonly cutoff: number; readonly events: readonly RunEvent[] },
): Observer {
  let events = o.events.filter((event) => event.kind === "step" && event.stage === "align");
  return {
    ...observer,
    resumed(from) {
      observer.resumed?.(from);
      events = events.filter((event) => holdsAfter(event, from));
    },
    step(event) {
      observer.step(event);
      if (event.stage !== "align") return;
      events.push({ kind: "step", timeMs: 0, ...event });
      if ((event.values["epoch"] ?? 0) === 0) return;
      for (const alarm of newAlarms(epochsOf(events), o.cutoff)) observer.note("warning", alarm);
    },
  };
}
