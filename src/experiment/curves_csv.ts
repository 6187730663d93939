import { join } from "@std/path";
import { isThere } from "../report/is_there.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { csvLine } from "../report/tables.ts";
import type { Experiment } from "./plan.ts";
import { readCourse } from "./run_facts.ts";
import { GAUGES } from "./training_facts.ts";

/**
 * The course of every finished run as CSV, a line an epoch of alignment: reward of the rollouts, what best-of-n of the
 * reference reaches there, validation, and the gauges.
 */
export async function experimentCurvesCsv(folder: string, { cells }: Experiment): Promise<string> {
  const lines = [
    csvLine(["method", "data", "seed", "epoch", "reward", "best_of_n", "validation", ...GAUGES]),
  ];
  for (const { arm, data, seed, folder: cell } of cells) {
    const path = join(folder, cell);
    if (!await isThere(join(path, RUN_FILES.manifest))) continue;
    const { epochs, bestOfN } = await readCourse(path);
    for (const { epoch, gauges, validation } of epochs) {
      const values = [gauges["reward"], bestOfN, validation, ...GAUGES.map((name) => gauges[name])];
      lines.push(csvLine([arm, data, seed, epoch, ...values.map((value) => value ?? "")]));
    }
  }
  return lines.join("");
}
