import { closeDevice, openDevice } from "../src/device/open_device.ts";
import { findBlas } from "../src/device/native/find_blas.ts";
import { initialParameters } from "../src/model/parameters.ts";
import { fitOptimizer, type FitOptions, fitStep } from "../src/train/fit_next_items.ts";
import { freeFitState, startFit } from "../src/train/fit_state.ts";
import { createModel } from "../src/train/model.ts";
import { createStepLog } from "../src/train/step_log.ts";
import type { Bench, Figure } from "./figure.ts";
import { medianMs } from "./figure.ts";
import { trainingFlops } from "./flops.ts";
import { peakProducts } from "./matmul.ts";
import { OPTIONS } from "./train_step.ts";

const WIDTH = 64, POSITIONS = 32, BATCH = 32;

interface Case {
  readonly device: "wasm" | "native";
  readonly items: number;
  /** How many items stand for all in the loss. */
  readonly negatives?: number;
}

const CASES: Readonly<Record<string, Case>> = {
  "100k": { device: "wasm", items: 100_000 },
  "1M": { device: "wasm", items: 1_000_000 },
  "1M-sampled": { device: "wasm", items: 1_000_000, negatives: 1024 },
  "100k/native": { device: "native", items: 100_000 },
  "1M/native": { device: "native", items: 1_000_000 },
};

/** Supervised training with a large catalog, each case in a process of its own: what it keeps in memory is a figure. */
export const largeCatalog: Bench = async () => {
  const figures: Record<string, Figure> = {};
  const hasBlas = "blas" in await findBlas();
  for (const [name, { device }] of Object.entries(CASES)) {
    if (device === "wasm" || hasBlas) figures[`large-catalog/${name}`] = await inProcess(name);
  }
  return figures;
};

async function inProcess(name: string): Promise<Figure> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=test", import.meta.filename!, name],
    cwd: new URL("../", import.meta.url),
  }).output();
  if (code !== 0) throw new Error(`large-catalog ${name}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as Figure;
}

/** One step of a case, against the device's own matrix product. */
async function measure(name: string): Promise<Figure> {
  const { device, items, negatives } = CASES[name]!;
  const { adapter, threads } = await openDevice({ device });
  const model = createModel({
    slate: "plackett-luce",
    layers: 2,
    width: WIDTH,
    heads: 2,
    kvHeads: 2,
    hidden: 172,
    dropout: 0,
    ropeBase: 10_000,
    normEpsilon: 1e-5,
  }, items);
  const examples = Array.from({ length: BATCH }, (_, row) => ({
    history: Array.from({ length: POSITIONS - 1 }, (_, i) => (row * 37_003 + i * 101_009) % items),
    targets: Array.from(
      { length: POSITIONS },
      (_, i) => ({ after: i, item: (row * 7_001 + i * 13_007) % items, weight: 1 }),
    ),
  }));
  const options: FitOptions = { ...OPTIONS, ...(negatives === undefined ? {} : { negatives }) };
  const optimizer = fitOptimizer(BATCH, options);
  let state = startFit(initialParameters(model.config, options.key), optimizer);
  const log = createStepLog("sft", { stage() {}, step() {}, note() {} });
  const peak = peakProducts();
  const ms = await medianMs({
    peak: peak.run,
    step: async () => {
      state = await fitStep(model, state, examples, optimizer, options, log);
    },
  }, { repeats: 3, warmUps: 1 });
  peak.dispose();
  freeFitState(state);
  closeDevice();
  const tokens = BATCH * POSITIONS;
  const scored = negatives === undefined ? items : negatives;
  const flops = trainingFlops(model.config, { tokens, keys: POSITIONS, scored: tokens, items: scored });
  const gflops = flops / ms.step / 1e6, boundGflops = peak.rate(ms.peak);
  return {
    ms: ms.step,
    gflops,
    boundGflops,
    peakMegabytes: await peakMegabytes(),
    ratio: gflops / boundGflops,
    bound: `${peak.name}, ${adapter}, ${threads} threads`,
  };
}

/** The most memory that this process has held. */
async function peakMegabytes(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? Deno.memoryUsage().rss / 1e6 : Number(kilobytes) * 1024 / 1e6;
}

if (import.meta.main) console.log(JSON.stringify(await measure(Deno.args[0]!)));
