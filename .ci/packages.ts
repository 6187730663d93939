/** The npm packages that ship with blade: those that its program and its library import, and all that these need. */
import { dirname, join, normalize } from "node:path/posix";
import { findImports } from "./imports.ts";

/** A package at the version that deno.lock holds it to. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Of its archive, as npm states it: `sha512-BASE64`. */
  readonly integrity: string;
  /** As its package.json states it, an SPDX expression; null where it states none. */
  readonly licence: string | null;
  /** Keys of `shippedPackages` for what it needs itself. */
  readonly needs: readonly string[];
}

/** What is read of deno.lock. */
interface Lock {
  /** `npm:zod@4.6.7` → its version, and behind `_` the peers that it is installed with. */
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly integrity: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

/** What everything that ships starts from. */
export const ENTRIES: readonly string[] = ["main.ts", "mod.ts", "src/reward/isolate/child.ts"];

/**
 * The npm specifiers that the modules behind some entries import when they run, now or later, by the import map.
 *
 * @param root of the repository
 */
export async function importedPackages(root: string, entries = ENTRIES): Promise<string[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    imports: Record<string, string>;
  };
  const found = new Set<string>();
  const seen = new Set<string>();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (!/\.[jt]s$/.test(path)) continue;
    for (const { specifier, typeOnly } of findImports(await Deno.readTextFile(join(root, path)))) {
      // The text of a module that the program writes.
      if (specifier.includes("${")) continue;
      const target = imports[specifier] ?? specifier;
      if (target.startsWith("npm:")) found.add(npmSpecifier(target));
      else if (target !== specifier) queue.push(normalize(target));
      else if (/^\.\.?\//.test(specifier) && !typeOnly) queue.push(normalize(join(dirname(path), specifier)));
      else if (!/^(?:\.|node:)/.test(specifier)) throw new Error(`${path}: nobody knows "${specifier}"`);
    }
  }
  return [...found].sort();
}

/** `npm:deno-std@1.4.0/csv` → `npm:deno-std@1.4.0`. */
function npmSpecifier(target: string): string {
  const [whole] = /^npm:\/?(?:@[^/@]+\/)?[^/@]+@[^/]+/.exec(target) ?? [];
  if (whole === undefined) throw new Error(`${target} names no version`);
  return whole;
}

/**
 * Every package that ships, by `name@version` with its peers, and what the program itself needs of them. They must be
 * installed: licences stand in their own package.json.
 *
 * @param root of the repository
 */
export async function shippedPackages(
  root: string,
): Promise<{ readonly packages: ReadonlyMap<string, Package>; readonly direct: readonly string[] }> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(join(root, "deno.lock")));
  const direct = (await importedPackages(root)).map((specifier) => {
    const version = lock.specifiers[specifier];
    if (version === undefined) throw new Error(`${specifier} is not in deno.lock`);
    return `${specifier.slice("npm:".length, specifier.lastIndexOf("@"))}@${version}`;
  });
  const packages = new Map<string, Package>();
  const queue = [...direct];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    if (packages.has(key)) continue;
    const locked = lock.npm[key];
    if (locked === undefined) throw new Error(`${key} is not in deno.lock`);
    const { integrity, dependencies = [], optionalDependencies = [] } = locked;
    const needs = [...dependencies, ...optionalDependencies].map((name) => keyOf(name, lock));
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key)!;
    packages.set(key, {
      name: name!,
      version: version!,
      integrity,
      licence: await licenceOf(root, name!, version!),
      needs,
    });
    queue.push(...needs);
  }
  return { packages: new Map([...packages].sort(([a], [b]) => a < b ? -1 : 1)), direct };
}

/** deno.lock leaves out the version of what it has in one version only. */
function keyOf(name: string, { npm }: Lock): string {
  if (Object.hasOwn(npm, name)) return name;
  const keys = Object.keys(npm).filter((key) => key.startsWith(`${name}@`));
  if (keys.length !== 1) throw new Error(`deno.lock has ${keys.length} versions of ${name}`);
  return keys[0]!;
}

async function licenceOf(root: string, name: string, version: string): Promise<string | null> {
  const folder = `${name.replace("/", "+")}@${version}`;
  const path = join(root, "node_modules/.deno", folder, "node_modules", name, "package.json");
  const { license } = JSON.parse(await Deno.readTextFile(path)) as { license?: unknown };
  return typeof license === "string" ? license : null;
}
