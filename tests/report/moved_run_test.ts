import { assertEquals } from "@std/assert";
import { isWithin, movedRun } from "../../src/report/moved_run.ts";
import { manifestOf } from "./_manifest.ts";

const MANIFEST = manifestOf();
const RUN = {
  ...MANIFEST,
  place: { runFolder: "/one/runs/a", program: "/one" },
  config: {
    ...MANIFEST.config,
    data: { ...MANIFEST.config.data, folder: "/one/fixtures" },
    plugins: ["/mine/p.ts", "npm:metric@1.0.0"],
  },
  data: [{ path: "/one/fixtures/log.csv", bytes: 1, sha256: "aa" }],
  plugins: [{ spec: "/mine/p.ts", sha256: "bb" }, { spec: "blade:ndcg", sha256: "cc" }],
};

/** Data folder, its file, and plugins of the run, seen from another place where these paths are there. */
async function seenFrom(runFolder: string, program: string | null, ...there: string[]): Promise<string[]> {
  const { config, data, plugins } = await movedRun(
    RUN,
    { runFolder, program },
    (path) => there.includes(path),
  );
  assertEquals(config.plugins[1], "npm:metric@1.0.0");
  assertEquals(plugins[1]!.spec, "blade:ndcg");
  assertEquals(config.plugins[0], plugins[0]!.spec);
  return [config.data.folder, data[0]!.path, config.plugins[0]!];
}

Deno.test("files of the program are found in the program of today, others as seen from the run folder", async () => {
  assertEquals(
    await seenFrom("/two/runs/a", "/three", "/three/fixtures", "/two/fixtures", "/mine/p.ts"),
    ["/three/fixtures", "/three/fixtures/log.csv", "/mine/p.ts"],
  );
  assertEquals(
    await seenFrom("/two/runs/a", null, "/three/fixtures", "/two/fixtures"),
    ["/two/fixtures", "/two/fixtures/log.csv", "/mine/p.ts"],
  );
  // Three folders up from /x/y/one/runs/a stands what was three up from /one/runs/a.
  assertEquals(
    (await seenFrom("/x/y/one/runs/a", "/one", "/x/y/mine/p.ts"))[2],
    "/x/y/mine/p.ts",
  );
});

Deno.test("what is in neither place keeps its path, and a run that was not moved is left alone", async () => {
  const stays = ["/one/fixtures", "/one/fixtures/log.csv", "/mine/p.ts"];
  assertEquals(await seenFrom("/two/runs/a", "/three"), stays);
  assertEquals(await seenFrom("/one/runs/a", "/one", "/one/fixtures", "/mine/p.ts"), stays);
  const { place: _, ...older } = RUN;
  assertEquals(await movedRun(older, { runFolder: "/two", program: null }, () => true), older);
});

Deno.test("a path lies within a folder by its parts, not by its letters", () => {
  const within = (path: string) => isWithin(path, "/a/b");
  assertEquals(["/a/b", "/a/b/c", "/a/b/..c", "/a/bc", "/a", "/a/b/../c"].map(within), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
