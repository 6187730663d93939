/**
 * `deno task fuzz [--seconds N] [--inputs N] [--seed S] [--at PATH] [names…]`: puts every parser to inputs that are nearly
 * right. Exits with 1 on a find, which it prints with how to replay it.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { FAMILIES } from "./families.ts";
import { type FamilyReport, shown, supervisor } from "./supervise.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], { string: ["seconds", "inputs", "seed", "at", "_"] });
  const names = flags._.map(String);
  const chosen = names.length === 0 ? FAMILIES : FAMILIES.filter(({ name }) => names.includes(name));
  const numbers = [flags.seconds, flags.inputs, flags.seed].map((text) =>
    text === undefined ? 1 : Number(text)
  );
  if (chosen.length < Math.max(1, names.length) || !numbers.every((number) => number >= 0)) {
    console.error(`fuzz: names are ${FAMILIES.map(({ name }) => name).join(", ")}; numbers are 0 and more`);
    return 2;
  }
  const seed = flags.seed === undefined ? Date.now() % 2 ** 31 : Number(flags.seed);
  const inputs = flags.inputs === undefined ? Infinity : Math.ceil(Number(flags.inputs) / chosen.length);
  const all = flags.seconds === undefined ? inputs === Infinity ? 60 : Infinity : Number(flags.seconds);
  const end = Date.now() + all * 1000;
  await Deno.mkdir("runs", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "runs", prefix: ".fuzz-" });
  console.log(`seed ${seed}`);
  console.log(line("parser", "inputs", "taken", "refused", "slowest", "one input", "process"));
  const reports: FamilyReport[] = [];
  using watched = supervisor(import.meta.resolve("./families.ts"));
  try {
    for (const [at, family] of chosen.entries()) {
      const left = Math.max(0.1, (end - Date.now()) / 1000);
      const report = await watched.fuzz(family, {
        seed,
        inputs,
        // What a parser leaves of its share of the time goes to those after it.
        seconds: left / (chosen.length - at),
        folder,
        ...(flags.at === undefined ? {} : { path: String(flags.at) }),
      });
      reports.push(report);
      say(report);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const sum = (key: "inputs" | "taken" | "refused") =>
    reports.reduce((total, report) => total + report[key], 0);
  console.log(line("all", String(sum("inputs")), String(sum("taken")), String(sum("refused")), "", "", ""));
  return reports.some(({ find }) => find !== null) ? 1 : 0;
}

function say({ family, inputs, taken, refused, slowestMs, largestMiB, peakMiB, find }: FamilyReport): void {
  const [slowest, one, all] = [
    `${slowestMs.toFixed(0)} ms`,
    `${largestMiB.toFixed(0)} MiB`,
    `${peakMiB} MiB`,
  ];
  console.log(line(family, String(inputs), String(taken), String(refused), slowest, one, all));
  if (find === null) return;
  console.log(`\nFIND in ${family}: ${find.message}\n  ${shown(find.parts)}`);
  console.log(`  Replay: deno task fuzz --seed ${find.seed} --at ${find.path} ${family}\n`);
}

function line(name: string, ...cells: readonly string[]): string {
  return name.padEnd(20) + cells.map((cell) => cell.padStart(10)).join("");
}
