import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { blasPlaces, isBareName } from "../../../src/device/native/blas_places.ts";
import { findBlas, type NoBlas } from "../../../src/device/native/find_blas.ts";
import { absence } from "../devices.ts";
import { jsBlas } from "./js_blas.ts";

const places = ["/nowhere/libopenblas.so.0", "/nowhere/libblas.so.3"].map((path, i) => ({
  path,
  tuned: i === 0,
}));
const unloadable = (path: string) => {
  throw new Error(`Could not open library: ${path}`);
};

async function refused(...search: Parameters<typeof findBlas>): Promise<NoBlas> {
  const found = await findBlas(...search);
  assert("refusal" in found, "was found");
  return found;
}

Deno.test("without a library the refusal says how to get one", async () => {
  const { short, refusal } = await refused(undefined, { places });
  assertEquals(short, "no BLAS library is installed");
  assertEquals([refusal.place, refusal.rule], ["device native", "needs a BLAS library"]);
  assertStringIncludes(refusal.mend, "--blas PATH");
  if (Deno.build.os === "linux") assertStringIncludes(refusal.mend, "libopenblas0-pthread");
});

Deno.test("the first library that can be loaded is taken, and known as plain or made for speed", async () => {
  const load = (path: string) => path === places[1]!.path ? jsBlas() : unloadable(path);
  const found = await findBlas(undefined, { places, load });
  assertEquals("blas" in found && found.tuned, false);
  const first = await findBlas(undefined, { places, load: () => jsBlas() });
  assertEquals("blas" in first && first.tuned, true);
});

Deno.test("a library without cblas_sgemm is passed over, and named where there is no other", async () => {
  const lacks = "the function cblas_sgemm";
  const load = (path: string) => path === places[0]!.path ? { lacks } : jsBlas();
  assert("blas" in await findBlas(undefined, { places, load }));
  const { refusal } = await refused(undefined, { places, load: () => ({ lacks }) });
  assertEquals(refusal.value, "/nowhere/libopenblas.so.0 lacks the function cblas_sgemm");
});

Deno.test("a library that computes wrong numbers is refused with the product that was wrong", async () => {
  const load = () => ({ ...jsBlas(), path: "/lib/old.so", name: "OpenBLAS 0.2", sgemm: () => {} });
  for (const named of [undefined, "/lib/old.so"]) {
    const { refusal } = await refused(named, { places, load });
    assertEquals([refusal.place, refusal.rule], ["BLAS /lib/old.so", "must multiply matrices right"]);
    assertEquals(refusal.value, "OpenBLAS 0.2: [37, 29]·[29, 41] is wrong");
    assertStringIncludes(refusal.mend, "OPENBLAS_CORETYPE");
  }
});

Deno.test("a named library that is not there is refused, whatever else is installed", async () => {
  const { refusal } = await refused("/nowhere/libmine.so");
  assertEquals(refusal.place, "BLAS /nowhere/libmine.so");
  assertEquals(refusal.rule, "must be a library that can be loaded");
  assertStringIncludes(String(refusal.value), "/nowhere/libmine.so");
});

Deno.test({
  name: "a named library that is none for matrices is refused by what it lacks",
  ignore: Deno.build.os !== "linux",
  sanitizeResources: false,
  async fn() {
    const { refusal } = await refused("libm.so.6");
    assertEquals(refusal.rule, "must have the function cblas_sgemm");
  },
});

Deno.test({
  name: `a library can be named by its path${absence("native")}`,
  ignore: absence("native") !== "",
  sanitizeResources: false,
  async fn() {
    const usual = await findBlas();
    assert("blas" in usual);
    const named = await findBlas(usual.blas.path);
    assert("blas" in named);
    assertEquals([named.blas.path, named.blas.name], [usual.blas.path, usual.blas.name]);
  },
});

Deno.test("every place with a folder is in the permission set native of deno.json, and no other", async () => {
  const { permissions } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  const systems = [["linux", "x86_64"], ["linux", "aarch64"], ["darwin", "aarch64"], [
    "windows",
    "x86_64",
  ]] as const;
  const paths = systems.flatMap(([os, arch]) => blasPlaces(os, arch)).map(({ path }) => path);
  const expected = new Set(paths.filter((path) => !isBareName(path)));
  assertEquals([...permissions.native.ffi].sort(), [...expected].sort());
  const { ffi: _, ...rest } = permissions.native;
  assertEquals(rest, permissions.default);
});

/** What `findBlas()` says in a process of its own, with these permissions. */
async function elsewhere(permissions: string[], named?: string): Promise<NoBlas | { name: string }> {
  const module = new URL("../../../src/device/native/find_blas.ts", import.meta.url);
  const code = `const { findBlas } = await import(${JSON.stringify(module.href)});
    const found = await findBlas(${JSON.stringify(named)});
    console.log(JSON.stringify("blas" in found ? { name: found.blas.name } : found));`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", `--config=${config}`, ...permissions, file],
  }).output();
  await Deno.remove(file);
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /^\{/, new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("without leave nothing is loaded, and the refusal says which permission set gives it", async () => {
  const found = await elsewhere(["-P"]);
  assert("refusal" in found);
  assertEquals(found.refusal.rule, "needs leave to load the system's BLAS library");
  if (Deno.build.os !== "windows") assertStringIncludes(found.refusal.mend, "-P=native");
});

Deno.test("a named library without leave is refused with the leave to give", async () => {
  const found = await elsewhere(["-P=native"], "/nowhere/libmine.so");
  assert("refusal" in found);
  assertEquals(found.refusal.mend, "start it as: deno run -P --allow-ffi=/nowhere/libmine.so main.ts …");
});

Deno.test({
  name: `-P=native is leave enough${absence("native")}`,
  ignore: absence("native") !== "" || Deno.build.os === "windows",
  async fn() {
    const found = await elsewhere(["-P=native"]);
    assert("name" in found);
    const here = await findBlas();
    assertEquals("blas" in here && here.blas.name, found.name);
  },
  sanitizeResources: false,
});
