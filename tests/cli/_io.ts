import type { Io } from "../../src/cli/io.ts";
import type { OpenRun, RunApi, TrainOutcome } from "../../src/config/run_api.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { runCommandLine } from "../../src/cli/command_line.ts";

/** What a command line left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, with a stand-in for everything that computes. */
export async function ran(args: readonly string[], api: Partial<RunApi> = {}): Promise<Ran> {
  let [out, err] = ["", ""];
  const missing = () => Promise.reject(new Error("this test computes nothing"));
  const io: Io = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    errIsTerminal: false,
    runApi: () =>
      Promise.resolve({
        planRun: missing,
        examineMemory: missing,
        trainRun: missing,
        openRun: missing,
        exportRun: missing,
        ...api,
      }),
  };
  const code = await runCommandLine(args, io);
  return { code, out, err };
}

/** A finished run with one result of the reference and one of the aligned model. */
export function outcomeIn(runFolder: string): TrainOutcome {
  const shared = { metric: "ndcg@10", split: "test", contexts: 400, undefined: 0 } as const;
  return {
    runFolder,
    results: [
      { ...shared, system: "reference", mean: 0.1, interval95: [0.08, 0.12] },
      {
        ...shared,
        system: "aligned",
        mean: 0.2,
        interval95: [0.17, 0.23],
        versusReference: { difference: 0.1, interval95: [0.05, 0.15], p: 0.001 },
      },
    ],
    warnings: ["The labels are few."],
    summary: ["The reward rose."],
  };
}

/** A trained run over three users that recommends two items to each. */
export const TRAINED: OpenRun = {
  config: parseConfig("{}", { path: "run.jsonc" }),
  dataset: { users: ["u1", "u,2", "u3"] },
  evaluate: ({ metrics, perUser }) =>
    Promise.resolve({
      metrics: Object.fromEntries(
        metrics.map((
          spec,
        ) => [spec, { mean: 0.25, interval95: [0.2, 0.3] as const, contexts: 3, undefined: 1 }]),
      ),
      perUser: perUser ? metrics.map((metric) => ({ user: "u,2", metric, value: null })) : [],
    }),
  recommend: (users, cutoff) =>
    Promise.resolve(
      (users === "all" ? [0, 1, 2] : users).map((user) => ({
        user: TRAINED.dataset.users[user]!,
        items: Array.from(
          { length: cutoff },
          (_, k) => ({ item: `i${k}`, title: `Item ${k}`, score: -k / 2 }),
        ),
      })),
    ),
};

/** A folder for one test, gone after it. */
export async function temporaryFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
