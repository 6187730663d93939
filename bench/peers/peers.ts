/**
 * Blade's training step and rollout beside the same work in PyTorch and jax-js, each in a process of its own and in
 * turns, so that a machine's moods hit all alike. A peer that is not there says so; one that computes something else
 * is refused. Prints a table, or with `--json` one document.
 *
 *     deno task bench:peers [--rounds 3] [--device cuda] [--python python3] [--only PyTorch,blade] [--json]
 *
 * `--device cuda` also runs PyTorch on the GPU; `--tf32` lets it use TF32 there.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { openDevice } from "../../src/device/open_device.ts";
import { createModel } from "../../src/train/model.ts";
import { trainingFlops } from "../flops.ts";
import { rolloutFlops } from "../rollouts.ts";
import { BATCH, ITEMS, MODEL, POSITIONS } from "../train_step.ts";
import type { PeerReport, PeerRow } from "./peer.ts";
import { comparison, merge, table } from "./table.ts";
import { writeWorkload } from "./workload.ts";

/** Largest difference in nats between what a peer and blade compute from the same weights. */
const TOLERANCE = 1e-4;

/** Milliseconds that a peer may take for a round. */
const DEADLINE = 300_000;

/** A process to run, and the words by which the table and `--only` know it. */
interface Runner {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Operations of the work that every peer does. */
const FLOPS = {
  train: trainingFlops(createModel({ slate: "plackett-luce", ...MODEL }, ITEMS).config, {
    tokens: BATCH * POSITIONS,
    keys: POSITIONS,
    scored: BATCH * POSITIONS,
    items: ITEMS,
  }),
  rollout: rolloutFlops(),
  tokens: BATCH * POSITIONS,
};

if (import.meta.main) Deno.exitCode = await main(Deno.args);

async function main(args: string[]): Promise<number> {
  const { json, tf32, rounds, device, python, only } = parseArgs(args, {
    boolean: ["json", "tf32"],
    string: ["rounds", "device", "python", "only"],
  });
  const wanted = only === undefined ? [] : String(only).split(",");
  const folder = await Deno.makeTempDir();
  try {
    const workload = `${folder}/workload.safetensors`;
    await openDevice({ device: "wasm", threads: 1 });
    await writeWorkload(workload);
    const all = [
      ...torchRunners(await findPython(python), workload, device === "cuda", tf32 === true),
      ...jaxRunners(workload),
      ...bladeRunners(),
    ];
    const runners = all.filter(({ name }) =>
      wanted.length === 0 || wanted.some((word) => name.includes(word.trim()))
    );
    const { rows, reports, skipped } = await takeTurns(runners, Number(rounds ?? 3));
    const differences = differencesFromBlade(reports);
    const merged = merge(rows);
    const measured = merged.map((row) => comparison(row, FLOPS, merged));
    console.log(json ? JSON.stringify({ rows: measured, skipped, differences }, null, 2) : table(measured));
    if (!json) {
      for (const [name, why] of Object.entries(skipped)) console.log(`${name}: skipped: ${why}`);
      for (const { name, difference } of differences) {
        console.log(`${name} differs from blade by at most ${difference.toExponential(1)} nats`);
      }
    }
    const other = differences.filter(({ difference }) => !(difference <= TOLERANCE));
    for (const { name } of other) {
      console.error(`${name} computes something else: its figures compare nothing.`);
    }
    return other.length > 0 ? 1 : 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function torchRunners(python: string, workload: string, cuda: boolean, tf32: boolean): Runner[] {
  const script = new URL("torch_peer.py", import.meta.url).pathname;
  const run = (name: string, ...args: string[]) => ({
    name: `PyTorch, ${name}`,
    command: python,
    args: [script, "--workload", workload, ...args],
  });
  return [
    run("1 thread", "--threads", "1"),
    run("2 threads", "--threads", "2"),
    ...(cuda ? [run("cuda", "--device", "cuda", ...(tf32 ? ["--tf32"] : []))] : []),
  ];
}

function jaxRunners(workload: string): Runner[] {
  const script = new URL("jax_js_peer.ts", import.meta.url).pathname;
  return [1, 2].map((threads) => ({
    name: `jax-js, ${threads} thread${threads === 1 ? "" : "s"}`,
    command: Deno.execPath(),
    args: [
      ...["run", "--allow-read", "--allow-env", "--no-lock", "--node-modules-dir=none", script],
      ...["--workload", workload, "--threads", String(threads)],
    ],
  }));
}

function bladeRunners(): Runner[] {
  const script = new URL("blade_peer.ts", import.meta.url).pathname;
  const run = (name: string, ...args: string[]) => ({
    name: `blade, ${name}`,
    command: Deno.execPath(),
    args: ["run", "-P=native", script, ...args],
  });
  return [
    ...["wasm", "native"].flatMap((device) => [
      run(`${device}, 1 thread`, "--device", device, "--threads", "1"),
      run(`${device}, 2 threads`, "--device", device, "--threads", "2"),
    ]),
    run("webgpu", "--device", "webgpu"),
  ];
}

/** A Python that has PyTorch: the one asked for, or the first of the usual two. */
async function findPython(asked: unknown): Promise<string> {
  if (asked !== undefined) return String(asked);
  for (const command of ["python3", "/usr/bin/python3"]) {
    const { success } = await new Deno.Command(command, { args: ["-c", "import torch"] }).output()
      .catch(() => ({ success: false }));
    if (success) return command;
  }
  return "python3";
}

/** Every runner once a round. One that has nothing to say is not asked again. */
async function takeTurns(runners: readonly Runner[], rounds: number) {
  const rows: PeerRow[] = [], reports = new Map<string, PeerReport>(), skipped: Record<string, string> = {};
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) {
      if (skipped[runner.name] !== undefined) continue;
      console.error(`round ${round + 1} of ${rounds}: ${runner.name} …`);
      const report = await runPeer(runner);
      if (report.rows === undefined) {
        skipped[runner.name] = report.skipped?.split("\n")[0] ?? "it printed no rows";
      } else rows.push(...report.rows);
      if (round === 0) reports.set(runner.name, report);
    }
  }
  return { rows, reports, skipped };
}

async function runPeer({ command, args }: Runner): Promise<PeerReport> {
  try {
    const signal = AbortSignal.timeout(DEADLINE);
    const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], signal }).output();
    if (signal.aborted) return { skipped: `no answer within ${DEADLINE / 1000} s` };
    const lastLine = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim().split("\n").at(-1)!;
    return success ? JSON.parse(lastLine(stdout)) : { skipped: lastLine(stderr) };
  } catch (error) {
    return { skipped: (error as Error).message };
  }
}

/** How far each peer's losses and greedy slates are from blade's on wasm, in nats. */
function differencesFromBlade(
  reports: ReadonlyMap<string, PeerReport>,
): { name: string; difference: number }[] {
  const blade = reports.get("blade, wasm, 1 thread");
  if (blade?.rows === undefined) return [];
  return [...reports].filter(([, report]) => report !== blade && report.rows !== undefined).map(
    ([name, { losses = [], greedyLogProbs = [] }]) => ({
      name,
      difference: Math.max(
        ...blade.losses!.map((loss, step) => Math.abs(loss - (losses[step] ?? NaN))),
        ...greedyLogProbs.map((value) => Math.abs(value - blade.greedyLogProbs![0]!)),
      ),
    }),
  );
}
