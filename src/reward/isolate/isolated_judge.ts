import { BladeError } from "../../core/errors.ts";
import type { Signals } from "../../core/signals.ts";
import { batchRows } from "../batch_rows.ts";
import { PluginFault } from "../fault.ts";
import type { Judge } from "../judge.ts";
import { goesByContext, type PopulationState } from "../marginal.ts";
import type { Metric, MetricBatch } from "../metric.ts";
import { placeOf } from "../score_list.ts";
import type { ExposureMessage } from "./answer.ts";
import { faultIn, scoresIn, valueIn, type Wrong } from "./answers.ts";
import { findCulprit } from "./culprit.ts";
import type { Frame, FrameArray } from "./frames.ts";
import { ChildFailure } from "./process.ts";

/** What an isolated metric can be asked about a batch. */
export type Request =
  | { readonly kind: "score" | "population" }
  | { readonly kind: "marginal"; readonly exposure: ExposureMessage };

/** What goes with a request beside its batch. */
export interface RequestExtras {
  /** Arrays after those of the batch. */
  readonly arrays?: readonly FrameArray[];
  /** Contexts that they are about. */
  readonly shown?: readonly number[];
  /** How long to wait, where that is less than the deadline. */
  readonly patienceMs?: number;
}

/** Asks the child; throws `ChildFailure` when that does not answer. */
export type Ask = (
  request: Request,
  batch: MetricBatch,
  signals: Signals,
  extras: RequestExtras,
) => Promise<Frame>;

/**
 * The judge of an isolated metric. Whatever its child does ends in values that hold, or in a fault that names the
 * slate.
 *
 * @param spec the metric as the user named it
 * @param metric its facts
 */
export function isolatedJudge(spec: string, metric: Metric, ask: Ask): Judge {
  const blame = (batch: MetricBatch, { rule, value, rows }: Wrong, mend = MEND): PluginFault => {
    const [from, to] = rows ?? [0, batch.contextRow.length];
    const place = placeOf(spec, batchRows(batch, range(from, to)), to - from === 1 ? 0 : undefined);
    return new PluginFault({ place, rule, value, mend }, rows);
  };
  /** The rows that keep the child from answering: those its watch saw, else what a search finds. */
  const culpritOf = async (
    { row, lost }: ChildFailure,
    request: Request,
    batch: MetricBatch,
    signals: Signals,
    extras: RequestExtras,
  ): Promise<readonly [number, number]> => {
    const rows = batch.contextRow.length;
    if (row !== undefined && row < rows) return [row, row + 1];
    if (request.kind === "population" || lost) return [0, rows];
    return await findCulprit(rows, async (from, to, patienceMs) => {
      try {
        await ask(request, batchRows(batch, range(from, to)), signals, { ...extras, patienceMs });
        return false;
      } catch (error) {
        if (error instanceof ChildFailure) return true;
        throw error;
      }
    });
  };
  const answerOf = async <T extends object | number>(
    request: Request,
    batch: MetricBatch,
    signals: Signals,
    extras: RequestExtras,
    read: (answer: Frame) => T | Wrong,
  ): Promise<T> => {
    let answer: Frame;
    try {
      answer = await ask(request, batch, signals, extras);
    } catch (error) {
      if (!(error instanceof ChildFailure)) throw error;
      const rows = await culpritOf(error, request, batch, signals, extras);
      throw blame(batch, { rule: error.rule, value: error.found, rows }, error.lost ? LOST : MEND);
    }
    const found = faultIn(answer, batch.contextRow.length) ?? read(answer);
    if (typeof found === "object" && "rule" in found) throw blame(batch, found);
    return found;
  };
  return {
    scoreList: (batch, signals) =>
      answerOf({ kind: "score" }, batch, signals, {}, (answer) => scoresIn(answer, batch)),
    async marginalRewards(batch, signals, exposure) {
      checkCatalog(spec, signals, exposure);
      const shown = metric.kind === "population" && goesByContext(metric) ? exposure.shown : null;
      const { discount, catalogSize } = exposure;
      const about = { discount, catalogSize, shownCutoff: shown?.cutoff ?? null };
      const extras = { arrays: exposureArrays(exposure, shown), shown: shown?.contextIds ?? [] };
      const request: Request = { kind: "marginal", exposure: about };
      return await answerOf(request, batch, signals, extras, (answer) => scoresIn(answer, batch));
    },
    populationValue: (batch, signals) =>
      answerOf(
        { kind: "population" },
        batch,
        signals,
        {},
        (answer) => valueIn(answer, batch.contextRow.length),
      ),
  };
}

const MEND = 'correct the plugin, or leave it out; `reward.onError: "undefined"` goes on without such slates';

const LOST =
  "find out who ends processes on this machine (the system does, where memory is short), and start again";

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

function checkCatalog(spec: string, { catalogSize }: Signals, exposure: PopulationState): void {
  if (exposure.catalogSize === catalogSize) return;
  throw new BladeError({
    place: `metric ${spec}: the saved exposure`,
    rule: `must be of a catalog of ${catalogSize} items`,
    value: exposure.catalogSize,
    mend: "resume with the data set that the run was started with",
  });
}

/** What was shown, as arrays: by context where the metric goes by it, else by item and place. */
function exposureArrays(
  { items, places, weights }: PopulationState,
  shown: PopulationState["shown"],
): FrameArray[] {
  return [
    Int32Array.from(shown === null ? items : []),
    Int32Array.from(shown === null ? places : []),
    Float64Array.from(shown === null ? weights : []),
    Int32Array.from(shown?.contextIds ?? []),
    Int32Array.from(shown?.items ?? []),
    Float64Array.from(shown?.weights ?? []),
  ];
}
