/**
 * `deno task arch`: what may import what, and what may stand in no file. Exits with 1 and says each violation
 * with its place, its rule and its mend.
 */
import { findImports } from "./imports.ts";
import { dirname, join, normalize } from "node:path/posix";

/**
 * The layers, lowest first. A file may import its own folder, the layers before its own, and its neighbours in
 * the same layer as long as no two folders use each other.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["src/core", "src/numerics", "src/std"],
  ["src/device"],
  ["src/data", "src/codec", "src/model", "src/objective", "src/optimizer", "src/config/schema", "src/report"],
  ["src/rollout", "src/reward", "src/target", "src/evaluate", "src/check"],
  ["src/train"],
  ["src/config"],
  ["src/experiment", "src/verify"],
  ["src/cli"],
  ["main.ts", "mod.ts"],
];

/** The only folders that may hold a tensor: everything else sees typed arrays. */
export const TENSOR_FOLDERS: readonly string[] = [
  "src/device",
  "src/model",
  "src/rollout",
  "src/objective",
  "src/optimizer",
  "src/train",
];

/** A rule that a file breaks. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly mend: string;
}

/** A file of the repository: path from its root, `/` between folders. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Checks the import direction of every file.
 *
 * @param aliases bare names of ours that the import map points into the tree, e.g. `blade` → its file.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkImports } from "./arch.ts";
 * const [violation] = checkImports([{ path: "src/data/a.ts", text: 'import { b } from "../train/b.ts";\n' }], new Map());
 * assertEquals([violation?.line, violation?.rule], [1, "src/data must not import src/train: imports point down the layers"]);
 * ```
 */
export function checkImports(
  files: readonly SourceFile[],
  aliases: ReadonlyMap<string, string>,
): Violation[] {
  const violations: Violation[] = [];
  const uses = new Map<string, Map<string, { path: string; line: number }>>();
  for (const { path, text } of files) {
    if (!path.endsWith(".ts")) continue;
    const folder = folderOf(path);
    for (const { specifier, line } of findImports(text)) {
      const refuse = (rule: string, mend: string) => violations.push({ path, line, rule, mend });
      const target = resolve(path, specifier, aliases);
      if (path.startsWith("plugins/") && !fitsPlugin(path, specifier)) {
        refuse(
          `a plugin must not import "${specifier}"`,
          'import from "blade" or from a shared ./_file.ts beside it',
        );
      }
      if (folder !== undefined && /^@tensorflow\//.test(specifier)) {
        if (!TENSOR_FOLDERS.includes(folder)) {
          refuse(
            `${folder} must not see tensors`,
            `hand it typed arrays; tensors live in ${TENSOR_FOLDERS.join(", ")}`,
          );
        } else if (specifier !== "@tensorflow/tfjs" && folder !== "src/device") {
          refuse(
            `only src/device knows "${specifier}"`,
            'import "@tensorflow/tfjs", which has the gradients registered',
          );
        }
      }
      if (folder === undefined || target === undefined) continue;
      const wanted = folderOf(target);
      if (wanted === undefined) {
        if (!target.startsWith("plugins/") && /^(?:tests|bench|fixtures|\.ci)\//.test(target)) {
          refuse(`${folder} must not import ${target}`, "move what it needs into src");
        }
      } else if (layerOf(wanted) > layerOf(folder)) {
        refuse(
          `${folder} must not import ${wanted}: imports point down the layers`,
          `move what it needs down, or pass it in as an argument`,
        );
      } else if (wanted !== folder) {
        const known = uses.get(folder) ?? new Map();
        if (!known.has(wanted)) known.set(wanted, { path, line });
        uses.set(folder, known);
      }
    }
  }
  return [...violations, ...cycles(uses)];
}

function cycles(uses: ReadonlyMap<string, ReadonlyMap<string, { path: string; line: number }>>): Violation[] {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...uses.get(from)?.keys() ?? []].some((next) =>
      next === to || (!seen.has(next) && reaches(next, to, seen.add(next)))
    );
  const violations: Violation[] = [];
  for (const [folder, wanted] of uses) {
    for (const [other, where] of wanted) {
      if (!reaches(other, folder)) continue;
      violations.push({
        ...where,
        rule: `${folder} and ${other} use each other`,
        mend: "let one of them be the lower one and move what both need into it",
      });
    }
  }
  return violations;
}

/** A plugin sees the contract and shared files beside it; a shared file may gather the plugins themselves. */
function fitsPlugin(path: string, specifier: string): boolean {
  return specifier === "blade" || /^\.\/_\w+\.ts$/.test(specifier) ||
    (/^plugins\/_/.test(path) && /^\.\/[\w-]+\.ts$/.test(specifier));
}

/** The entry of `LAYERS` that a file belongs to: its folder, or the file itself where it is named there. */
function folderOf(path: string): string | undefined {
  const named = LAYERS.flat().find((entry) => path === entry || path === `${entry}.ts`);
  return named ?? LAYERS.flat().find((entry) => path.startsWith(`${entry}/`));
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

function resolve(path: string, specifier: string, aliases: ReadonlyMap<string, string>): string | undefined {
  if (/^\.\.?\//.test(specifier)) return normalize(join(dirname(path), specifier));
  return aliases.get(specifier);
}

if (import.meta.main) {
  const { checkTexts, longFiles } = await import("./house_rules.ts");
  const { readTree } = await import("./tree.ts");
  const files = await readTree(".");
  const map: Record<string, string> = JSON.parse(await Deno.readTextFile("deno.json")).imports;
  const aliases = new Map(
    Object.entries(map).filter(([, to]) => to.startsWith("./")).map(([name, to]) => [name, normalize(to)]),
  );
  const sources = files.filter((file) => file.path.endsWith(".ts"));
  const violations = [...checkImports(files, aliases), ...checkTexts(files)];
  for (const { path, line, rule, mend } of violations) {
    console.error(`${path}:${line}: ${rule}.\n  To mend: ${mend}.`);
  }
  for (const { path, lines } of longFiles(sources)) {
    console.error(`${path}: ${lines} lines. One idea per file: consider splitting it.`);
  }
  console.log(`arch: ${sources.length} sources among ${files.length} files, ${violations.length} violations`);
  const nothing = sources.length === 0 || !sources.some((file) => file.path.startsWith("src/"));
  if (nothing) console.error("arch: no source was visited. Run it from the root of the repository.");
  Deno.exit(violations.length > 0 || nothing ? 1 : 0);
}
