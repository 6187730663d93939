import type { Refusal } from "../../core/errors.ts";
import { type Blas, loadBlas } from "./blas.ts";
import { type BlasPlace, blasPlaces, isBareName } from "./blas_places.ts";
import { checkBlas } from "./check_blas.ts";

/** A library that was found, loaded and checked. */
export interface FoundBlas {
  readonly blas: Blas;
  /** Whether it is made for speed. */
  readonly tuned: boolean;
}

/** Why there is none. */
export interface NoBlas {
  /** In a few words. */
  readonly short: string;
  readonly refusal: Refusal;
}

const WASM_INSTEAD = "choose --device wasm";

/**
 * The BLAS library of this system, or the one that is named, once it has multiplied known matrices right. Asks for no
 * permission: a library that may not be loaded is not.
 *
 * @param named a path, or a name that the system's loader finds; the usual places when left out
 * @param options.places where to look otherwise
 *
 * @example
 * ```ts
 * import { findBlas } from "./find_blas.ts";
 * import { assert } from "@std/assert";
 * const found = await findBlas();
 * assert("blas" in found ? found.blas.name.length > 0 : found.short.length > 0);
 * ```
 */
export async function findBlas(
  named?: string,
  { places = blasPlaces(), load = loadBlas }: {
    places?: readonly BlasPlace[];
    load?: typeof loadBlas;
  } = {},
): Promise<FoundBlas | NoBlas> {
  if (named !== undefined) return await theNamed(named, load);
  let allowed = 0;
  const failures: string[] = [];
  for (const { path, tuned } of places) {
    if (!await mayLoad(path)) continue;
    allowed++;
    const loaded = attempt(load, path);
    if ("lacks" in loaded) failures.push(`${path} lacks ${loaded.lacks}`);
    else if ("path" in loaded) return checked(loaded, tuned);
  }
  return allowed === 0 ? notAllowed() : notFound(failures);
}

/** Whether a library may be loaded without asking anybody. */
export async function mayLoad(path: string): Promise<boolean> {
  // A bare name goes to the system's loader only with leave for every library; with less, Deno takes it for a file here.
  const descriptor: Deno.FfiPermissionDescriptor = isBareName(path) ? { name: "ffi" } : { name: "ffi", path };
  return (await Deno.permissions.query(descriptor)).state === "granted";
}

async function theNamed(path: string, load: typeof loadBlas): Promise<FoundBlas | NoBlas> {
  const place = `BLAS ${path}`;
  if (!await mayLoad(path)) {
    const leave = isBareName(path) ? "--allow-ffi" : `--allow-ffi=${path}`;
    return {
      short: `no leave to load ${path}`,
      refusal: {
        place,
        rule: "must be allowed to be loaded",
        mend: `start it as: deno run -P ${leave} main.ts …`,
      },
    };
  }
  const loaded = attempt(load, path);
  if ("path" in loaded) return checked(loaded, true);
  const mend = "name a library that exports cblas_sgemm, as libopenblas.so.0, or leave --blas out";
  return "lacks" in loaded
    ? {
      short: `${path} lacks ${loaded.lacks}`,
      refusal: { place, rule: `must have ${loaded.lacks}`, mend },
    }
    : {
      short: `${path} cannot be loaded`,
      refusal: { place, rule: "must be a library that can be loaded", value: loaded.failed, mend },
    };
}

function attempt(
  load: typeof loadBlas,
  path: string,
): ReturnType<typeof loadBlas> | { readonly failed: string } {
  try {
    return load(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { failed: error.message };
  }
}

function checked(blas: Blas, tuned: boolean): FoundBlas | NoBlas {
  const wrong = checkBlas(blas);
  if (wrong === null) return { blas, tuned };
  return {
    short: `${blas.path} computes wrong numbers`,
    refusal: {
      place: `BLAS ${blas.path}`,
      rule: "must multiply matrices right",
      value: `${blas.name}: ${wrong} is wrong`,
      mend: "update it; of OpenBLAS, the environment variable OPENBLAS_CORETYPE=Haswell chooses " +
        `other code on x86; or ${WASM_INSTEAD}`,
    },
  };
}

function notAllowed(): NoBlas {
  const windows = Deno.build.os === "windows";
  return {
    short: windows
      ? "run with --allow-ffi for an installed BLAS"
      : "run with -P=native for the system's BLAS",
    refusal: {
      place: "device native",
      rule: "needs leave to load the system's BLAS library",
      mend: `start it as: deno run ${windows ? "-P --allow-ffi" : "-P=native"} main.ts …, or ${WASM_INSTEAD}`,
    },
  };
}

const INSTALL: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "install one (Debian and Ubuntu: apt install libopenblas0-pthread)",
  darwin: "install one (brew install openblas)",
  windows: "put libopenblas.dll on the PATH",
};

function notFound(failures: readonly string[]): NoBlas {
  return {
    short: "no BLAS library is installed",
    refusal: {
      place: "device native",
      rule: "needs a BLAS library",
      value: failures[0] ?? "none in the usual places",
      mend: `${INSTALL[Deno.build.os] ?? "install OpenBLAS"}, name it with --blas PATH, or ${WASM_INSTEAD}`,
    },
  };
}
