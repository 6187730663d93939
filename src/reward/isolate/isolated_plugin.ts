import type { Judge } from "../judge.ts";
import type { AnySpec, Metric } from "../metric.ts";
import { resolveOptions } from "../options.ts";
import type { Question } from "./answer.ts";
import type { Hello } from "./child.ts";
import type { Frame } from "./frames.ts";
import { loadFailure, metricOf, specOf } from "./isolated_facts.ts";
import { type Ask, isolatedJudge } from "./isolated_judge.ts";
import { ChildFailure, type Limits, START_MS, startChild } from "./process.ts";
import { question, type Session, startSession } from "./session.ts";
import type { SourceModule } from "./source_module.ts";

/** A plugin that runs in a process without permissions. */
export interface IsolatedPlugin {
  /** What the plugin says of itself. */
  readonly spec: AnySpec;
  /**
   * A metric of it: its facts, whose functions cannot be called in this process, and who to ask for values.
   *
   * @param spec the metric as the user named it, for messages
   * @throws {BladeError} for options that do not fit
   */
  bind(
    spec: string,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly metric: Metric; readonly judge: Judge }>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** What an answer of facts may have. */
const FACTS_BYTES = 1e5;

/** Patience for an answer, as a multiple of what a question without work takes: on a busy machine that is long. */
const BUSY = 20;

/** What a value and a reason for its absence may have. */
const ROW_BYTES = 400;

/**
 * Starts a stranger's plugin in a process of its own and learns what it is. A process that is lost is started anew for
 * the next question.
 *
 * @param specifier the plugin as the user named it
 * @param modules its texts
 * @param restarted told when its process was ended from outside and the question was asked of another one
 * @throws {BladeError} when it is no plugin, or fails as it is loaded
 */
export async function openIsolatedPlugin(
  specifier: string,
  modules: readonly SourceModule[],
  limits: Limits,
  restarted: () => void = () => {},
): Promise<IsolatedPlugin> {
  const place = `plugin ${specifier}`;
  const blade = new URL("../plugin_api.ts", import.meta.url).href;
  const hello: Hello = { deadlineMs: limits.deadlineMs, memoryBytes: limits.memoryMiB * 2 ** 20, modules };
  const open = async (): Promise<{ session: Session; described: Frame }> => {
    const child = await startChild(place, new URL("./child.ts", import.meta.url).href, blade, limits);
    const described = await child.ask(
      { message: { ...hello }, arrays: [] },
      FACTS_BYTES,
      limits.deadlineMs + START_MS,
    );
    return { session: startSession(child), described };
  };
  const blamed = (error: unknown): never => {
    throw error instanceof ChildFailure ? loadFailure(place, error) : error;
  };
  const first = await open().catch(blamed);
  let session: Session | undefined = first.session;
  const end = async (): Promise<void> => {
    await session?.child.end();
    session = undefined;
  };
  let spec: AnySpec;
  try {
    spec = specOf(place, first.described);
  } catch (error) {
    await end();
    throw error;
  }

  // A child answers one question after the other.
  let turn: Promise<unknown> = Promise.resolve();
  const attempt = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    session ??= (await open()).session;
    try {
      return await work(session);
    } catch (error) {
      if (error instanceof ChildFailure) await end();
      throw error;
    }
  };
  const inTurn = <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const next = turn.then(() => attempt(work)).catch(async (error) => {
      if (!(error instanceof ChildFailure && error.lost)) throw error;
      // Whoever ended the process, the plugin did not: it is asked once more.
      const answer = await attempt(work);
      restarted();
      return answer;
    });
    turn = next.catch(() => {});
    return next;
  };

  let metrics = 0;
  return {
    spec,
    async bind(name, options) {
      const number = metrics++;
      resolveOptions(spec.name, spec.options ?? {}, options);
      const bindIn = async ({ bound, child }: Session): Promise<Frame> => {
        bound.add(number);
        return await child.ask(question({ kind: "bind", metric: number, options }), FACTS_BYTES);
      };
      const metric = metricOf(place, spec, await inTurn(bindIn).catch(blamed), options);
      const ask: Ask = (request, batch, signals, { arrays = [], shown = [], patienceMs }) =>
        inTurn(async (session) => {
          if (!session.bound.has(number)) await bindIn(session);
          const prepared = await session.prepare(batch, signals, metric.needs, shown);
          // Who waits shortly waits for the answer alone, not for what had to be handed over first.
          const patience = patienceMs === undefined
            ? undefined
            : Math.max(patienceMs, BUSY * await readyMs(session));
          const asked = { ...request, metric: number, ...prepared.names } as Question;
          const bytes = FACTS_BYTES + ROW_BYTES * batch.contextRow.length;
          return await session.child.ask(question(asked, [...prepared.arrays, ...arrays]), bytes, patience);
        });
      return { metric, judge: isolatedJudge(name, metric, ask) };
    },
    async close() {
      await turn;
      await end();
    },
  };
}

/** How long a process takes to say that it is there; ms. */
async function readyMs({ child }: Session): Promise<number> {
  const start = performance.now();
  await child.ask(question({ kind: "ready" }), FACTS_BYTES);
  return performance.now() - start;
}
