/** Where a BLAS library may lie. */
export interface BlasPlace {
  /** An absolute path, or a name that the system's loader looks up. */
  readonly path: string;
  /** Whether it is made for speed; a plain one may be slower than this project's own kernel. */
  readonly tuned: boolean;
}

const LINUX_FOLDERS = {
  x86_64: ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"],
  aarch64: ["/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"],
};
/** Fedora's name for the build with threads comes first: there the usual name has none. */
const LINUX_TUNED = ["libopenblasp.so.0", "libopenblas.so.0", "libopenblas.so"];
const LINUX_PLAIN = ["libcblas.so.3", "libblas.so.3"];

const MACOS = [
  "/System/Library/Frameworks/Accelerate.framework/Accelerate",
  "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
  "/usr/local/opt/openblas/lib/libopenblas.dylib",
];

/** Windows keeps no folder for libraries. */
const WINDOWS = ["libopenblas.dll", "openblas.dll"];

/**
 * The places to look at, in the order of trying. A place with a folder needs leave for that file alone; a bare name
 * needs leave for every library.
 *
 * @example
 * ```ts
 * import { blasPlaces } from "./blas_places.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(blasPlaces("windows", "x86_64").map(({ path }) => path), ["libopenblas.dll", "openblas.dll"]);
 * ```
 */
export function blasPlaces(
  os: typeof Deno.build.os = Deno.build.os,
  arch: typeof Deno.build.arch = Deno.build.arch,
): readonly BlasPlace[] {
  const tuned = (path: string) => ({ path, tuned: true });
  if (os === "darwin") return MACOS.map(tuned);
  if (os === "windows") return WINDOWS.map(tuned);
  const within = (names: readonly string[]) =>
    LINUX_FOLDERS[arch].flatMap((folder) => names.map((name) => `${folder}/${name}`));
  return [
    ...within(LINUX_TUNED).map(tuned),
    ...LINUX_TUNED.map(tuned),
    ...within(LINUX_PLAIN).map((path) => ({ path, tuned: false })),
  ];
}

/** Whether the system's loader has to look for it. */
export function isBareName(path: string): boolean {
  return !/[/\\]/.test(path);
}
