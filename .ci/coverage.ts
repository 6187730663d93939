/**
 * `deno task coverage [--lcov FILE] [test paths…]`: runs the tests, counts the lines of src that they reach, and exits with
 * 1 where these are fewer than asked, naming files and lines. Lines that a child process reaches count, if the process
 * ends by itself. With `--lcov` it judges what an earlier run found.
 */
import { parseArgs } from "@std/cli/parse-args";
import type { SourceFile } from "./arch.ts";
import { readTree } from "./tree.ts";

/** Lines of a folder, and of all folders in it. */
export interface Demand {
  readonly folder: string;
  /** Share of the lines that tests must reach. */
  readonly least: number;
}

/** What must be reached. */
export const DEMANDS: readonly Demand[] = [
  { folder: "src/", least: 0.9 },
  { folder: "src/target/", least: 1 },
  { folder: "src/objective/", least: 1 },
  { folder: "src/reward/", least: 1 },
];

/** Sources that do not count, and why. */
export const EXEMPT: Readonly<Record<string, string>> = {
  "src/reward/isolate/child.ts": "runs in a process that is killed, so that what it counted is lost",
  "src/reward/isolate/watch.ts": "runs from its text in a thread of a process that is killed",
  "src/device/wasm/kernels/": "WebAssembly as text: what runs, and is tested, is the kernels.wasm made of it",
  "src/device/wasm/build.ts": "makes kernels.wasm, when a kernel has changed",
  "src/std/": "the standard library under its own names: nothing but exports",
};

/** The lines of a file that can run, and those that no test reached. */
export interface FileLines {
  readonly path: string;
  readonly lines: number;
  readonly missed: readonly number[];
}

/**
 * Reads what `deno coverage --lcov` writes. A line with nothing but closing brackets is none: behind a `return` the engine
 * counts it as not reached.
 *
 * @param root of the repository, an absolute path: what lies outside is left out.
 * @param textOf the text of a source by its path
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readLcov } from "./coverage.ts";
 * const text = "SF:/here/src/a.ts\nDA:1,4\nDA:2,0\nDA:3,0\nend_of_record\nSF:/else/b.ts\nDA:1,0\nend_of_record\n";
 * const found = readLcov(text, "/here", () => "if (a) {\n  b();\n}\n");
 * assertEquals(found, [{ path: "src/a.ts", lines: 2, missed: [2] }]);
 * ```
 */
export function readLcov(text: string, root: string, textOf: (path: string) => string): FileLines[] {
  return text.split("end_of_record").flatMap((record) => {
    const [, path] = /^SF:(.+)$/m.exec(record) ?? [];
    if (path === undefined || !path.startsWith(`${root}/`)) return [];
    const source = textOf(path.slice(root.length + 1)).split("\n");
    const hits = [...record.matchAll(/^DA:(\d+),(\d+)/gm)]
      .map(([, line, count]) => [Number(line), Number(count)] as const)
      .filter(([line]) => !/^[\s)\]};,]*$/.test(source[line - 1] ?? ""));
    const missed = hits.filter(([, count]) => count === 0).map(([line]) => line);
    return [{ path: path.slice(root.length + 1), lines: hits.length, missed }];
  });
}

/**
 * Sources that no test even loads: the measure does not know them. One of types alone has nothing to load.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unseen } from "./coverage.ts";
 * const tree = [{ path: "src/a.ts", text: "export const a = 1;\n" }, { path: "src/t.ts", text: "export type T = 1;\n" }];
 * assertEquals(unseen(tree, []), [{ path: "src/a.ts", lines: 1, missed: [1] }]);
 * ```
 */
export function unseen(tree: readonly SourceFile[], measured: readonly FileLines[]): FileLines[] {
  const known = new Set(measured.map(({ path }) => path));
  return tree.filter(({ path, text }) =>
    /^src\/.*\.ts$/.test(path) && !path.endsWith(".d.ts") && !known.has(path) &&
    /^(?:export )?(?:default )?(?:async )?(?:function|const|let|class)\b/m.test(text)
  ).map(({ path, text }) => {
    const lines = text.trimEnd().split("\n").map((_, at) => at + 1);
    return { path, lines: lines.length, missed: lines };
  });
}

/**
 * The share of a folder's lines that tests reach, and its files that fall short.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { judge } from "./coverage.ts";
 * const files = [{ path: "src/a.ts", lines: 4, missed: [2] }, { path: "src/b.ts", lines: 4, missed: [] }];
 * const { share, short } = judge({ folder: "src/", least: 1 }, files);
 * assertEquals([share, short.map(({ path }) => path)], [0.875, ["src/a.ts"]]);
 * ```
 */
export function judge(
  { folder, least }: Demand,
  files: readonly FileLines[],
): { readonly share: number; readonly short: readonly FileLines[] } {
  const counted = files.filter(({ path }) => path.startsWith(folder) && !isExempt(path));
  const all = counted.reduce((sum, { lines }) => sum + lines, 0);
  const missed = counted.reduce((sum, file) => sum + file.missed.length, 0);
  const share = all === 0 ? 0 : 1 - missed / all;
  const short = counted.filter((file) => 1 - file.missed.length / file.lines < least);
  return { share, short: share < least ? short : [] };
}

function isExempt(path: string): boolean {
  return Object.keys(EXEMPT).some((exempt) =>
    exempt.endsWith("/") ? path.startsWith(exempt) : path === exempt
  );
}

/** `1-3, 7`. */
export function ranges(lines: readonly number[]): string {
  const runs: [from: number, to: number][] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else runs.push([line, line]);
  }
  return runs.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(", ");
}

/**
 * Not run here: its children end themselves by taking all memory, which a process whose lines are counted does not, so
 * that they would stay.
 */
const APART = "tests/isolate/policy_test.ts";

async function deno(args: readonly string[]): Promise<number> {
  const [stdout, stderr] = ["inherit", "inherit"] as const;
  return (await new Deno.Command(Deno.execPath(), { args: [...args], stdout, stderr }).output()).code;
}

/** Removes what processes had begun to write when they were killed. */
async function dropHalves(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    const bytes = await Deno.readFile(`${folder}/${name}`);
    if (bytes.at(-1) !== "}".charCodeAt(0)) await Deno.remove(`${folder}/${name}`);
  }
}

/** Runs tests and children alike into one folder. @returns the text of the lcov file, and how the tests ended */
async function measure(paths: readonly string[]): Promise<{ text: string; code: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const test = ["test", "-P=test", "--no-check", "--parallel", `--ignore=${APART}`];
    const code = await deno([...test, `--coverage=${folder}`, "--coverage-raw-data-only", ...paths]);
    await dropHalves(folder);
    const lcov = `${folder}/lcov.info`;
    await deno(["coverage", "--lcov", `--output=${lcov}`, `--include=^file://${Deno.cwd()}/src/`, folder]);
    return { text: await Deno.readTextFile(lcov), code };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, { string: ["lcov", "save"] });
  const paths = flags._.length === 0 ? ["tests/"] : flags._.map(String);
  const { text, code } = flags.lcov === undefined
    ? await measure(paths)
    : { text: await Deno.readTextFile(String(flags.lcov)), code: 0 };
  if (flags.save !== undefined) await Deno.writeTextFile(String(flags.save), text);
  const measured = readLcov(text, Deno.cwd(), (path) => Deno.readTextFileSync(path));
  const files = [...measured, ...unseen(await readTree("."), measured)];
  // What a test asks of time does not hold while lines are counted: `deno task test` judges the tests.
  if (code !== 0) {
    console.log("A test failed while lines were counted; what it did not reach is missing below.");
  }
  let fits = true;
  for (const demand of DEMANDS) {
    const { share, short } = judge(demand, files);
    console.log(`${demand.folder}: ${(100 * share).toFixed(2)} % of lines, ${100 * demand.least} % asked`);
    for (const { path, missed } of short) console.log(`  ${path}: no test reaches ${ranges(missed)}`);
    if (share < demand.least) fits = false;
  }
  Deno.exit(fits ? 0 : 1);
}
