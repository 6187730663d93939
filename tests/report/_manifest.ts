import { parseConfig } from "../../src/config/parse.ts";
import type { RunManifest } from "../../src/report/manifest.ts";

/** A finished run whose every text tries to be markup. */
export function manifestOf(text = "plain"): RunManifest {
  const shared = { metric: `ndcg@10?note=${text}`, split: "test", contexts: 400, undefined: 2 } as const;
  return {
    schemaVersion: 1,
    runId: `quickstart-1-0a1b2c3d ${text}`,
    startedAt: "2026-01-02T03:04:05.000Z",
    durationMs: 61_000,
    outcome: "completed",
    seed: 1,
    config: parseConfig(JSON.stringify({ reward: { terms: [{ metric: text }] } }), { path: "run.jsonc" }),
    commit: "0123456789abcdef0123456789abcdef01234567",
    runtime: { deno: "2.9.6", tfjs: "4.22.0", backend: "wasm", adapter: text, threads: 2 },
    data: [{ path: `ratings.dat ${text}`, bytes: 1234, sha256: "ab".repeat(32) }],
    plugins: [{ spec: `./mine.ts ${text}`, sha256: "cd".repeat(32) }],
    results: [
      { ...shared, system: "best-of-n", mean: null, interval95: null },
      {
        ...shared,
        system: "aligned",
        mean: 0.2,
        interval95: [0.17, 0.23],
        versusReference: { difference: -0.1, interval95: [-0.15, -0.05], p: 0.0004 },
      },
    ],
    warnings: [`Few labels. ${text}`],
    artifacts: [{ path: "lists.csv", bytes: 10, sha256: "ef".repeat(32) }],
  };
}

/** What pages say beside the manifest. */
export function namesOf(text = "plain"): { title: string; dataName: string } {
  return { title: `quickstart-1 ${text}`, dataName: `films ${text}` };
}
