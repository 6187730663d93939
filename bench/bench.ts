/**
 * Named speed figures, each with its share of a bound that the same run measures. Prints a table, or with `--json` one
 * document `{"figures": {name: {ms, ratio, bound, …}}}`. Words select figures by how their bench's name begins.
 *
 *     deno task bench [--json] [--device wasm|native|webgpu] [train-step] [large-catalog] [rollout] [rollouts] [shared-prefix] [half-weights] [replay-host] [read-csv] [metrics] [isolate] [evaluate-lists] [start-up]
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { evaluateLists } from "./evaluate_lists.ts";
import type { Bench, Figure } from "./figure.ts";
import { halfWeights } from "./half_weights.ts";
import { isolate } from "./isolate.ts";
import { largeCatalog } from "./large_catalog.ts";
import { metrics } from "./metrics.ts";
import { readCsv } from "./read_csv.ts";
import { replayHost } from "./replay_host.ts";
import { rollout } from "./rollout.ts";
import { rollouts } from "./rollouts.ts";
import { sharedPrefix } from "./shared_prefix.ts";
import { startUp } from "./start_up.ts";
import { trainStep } from "./train_step.ts";

const BENCHES: Readonly<Record<string, Bench>> = {
  "train-step": trainStep,
  "large-catalog": largeCatalog,
  "rollout": rollout,
  "rollouts": rollouts,
  "shared-prefix": sharedPrefix,
  "half-weights": halfWeights,
  "replay-host": replayHost,
  "read-csv": readCsv,
  "metrics": metrics,
  "isolate": isolate,
  "evaluate-lists": evaluateLists,
  "start-up": startUp,
};

if (import.meta.main) Deno.exitCode = await main(Deno.args);

async function main(args: string[]): Promise<number> {
  const { json, device, _: words } = parseArgs(args, { boolean: ["json"], string: ["device"] });
  const wanted = words.map(String);
  const unknown = wanted.find((word) => !Object.keys(BENCHES).some((name) => name.startsWith(word)));
  if (unknown !== undefined) {
    console.error(
      `No bench is named ${JSON.stringify(unknown)}. There are: ${Object.keys(BENCHES).join(", ")}.`,
    );
    return 2;
  }
  const figures: Record<string, Figure> = {};
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length > 0 && !wanted.some((word) => name.startsWith(word))) continue;
    console.error(`${name} …`);
    Object.assign(figures, await bench(device as string | undefined));
  }
  console.log(json ? JSON.stringify({ figures }, null, 2) : table(figures));
  return 0;
}

function table(figures: Readonly<Record<string, Figure>>): string {
  const rows = Object.entries(figures).map(([name, { ms, ratio, bound, ...rest }]) => [
    name,
    ms.toFixed(1),
    ratio.toFixed(2),
    Object.entries(rest).map(([key, value]) =>
      `${key} ${typeof value === "number" ? value.toFixed(1) : value}`
    ).join(", "),
    bound,
  ]);
  const all = [["figure", "ms", "share of bound", "", "bound"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join(
    "\n",
  );
}
