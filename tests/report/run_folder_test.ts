import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { codeCommit } from "../../src/report/code_commit.ts";
import { openEventLog, readEvents } from "../../src/report/event_log.ts";
import { describeArtifacts, readManifest, writeManifest } from "../../src/report/manifest.ts";
import { createRunFolder, nextRunFolder, syncFolder, writeAtomically } from "../../src/report/run_folder.ts";
import { csvLine, writeLists } from "../../src/report/tables.ts";
import { manifestOf } from "./_manifest.ts";

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await body(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

Deno.test("a failing write leaves the old file and nothing beside it", () =>
  inFolder(async (path) => {
    await writeAtomically(`${path}/a.txt`, "old");
    function* breaking(): Generator<string> {
      yield "new";
      throw new Error("the source broke");
    }
    await assertRejects(() => writeAtomically(`${path}/a.txt`, breaking()), Error, "the source broke");
    assertEquals(await Deno.readTextFile(`${path}/a.txt`), "old");
    assertEquals([...Deno.readDirSync(path)].map((entry) => entry.name), ["a.txt"]);
  }));

Deno.test("a file is on the disk before it has its name, and the name before the write is done", () =>
  inFolder(async (path) => {
    const { sync } = Deno.FsFile.prototype;
    const { rename } = Deno;
    const order: string[] = [];
    Object.assign(Deno.FsFile.prototype, {
      sync(this: Deno.FsFile) {
        order.push(this.statSync().isDirectory ? "sync folder" : `sync ${this.statSync().size} bytes`);
        return sync.call(this);
      },
    });
    Object.assign(Deno, {
      rename: (from: string, to: string) => {
        order.push("rename");
        return rename(from, to);
      },
    });
    try {
      await writeAtomically(`${path}/a.txt`, ["four", "more"]);
    } finally {
      Object.assign(Deno.FsFile.prototype, { sync });
      Object.assign(Deno, { rename });
    }
    assertEquals(order, ["sync 8 bytes", "rename", ...Deno.build.os === "windows" ? [] : ["sync folder"]]);
    await syncFolder(`${path}/none`);
  }));

Deno.test("a run folder may be new or empty, not a file", () =>
  inFolder(async (path) => {
    await createRunFolder(`${path}/deep/er`);
    await createRunFolder(`${path}/deep/er`);
    await Deno.writeTextFile(`${path}/file`, "");
    await assertRejects(() => createRunFolder(`${path}/file`), BladeError, "must be a folder");
  }));

Deno.test("runs that ask for a name at once get folders of their own", () =>
  inFolder(async (path) => {
    const names = await Promise.all(Array.from({ length: 5 }, () => nextRunFolder(`${path}/runs`, "a")));
    assertEquals(names.sort(), [1, 2, 3, 4, 5].map((number) => `${path}/runs/a-${number}`));
  }));

Deno.test("an event log that was cut in mid-line goes on after its last whole line", () =>
  inFolder(async (path) => {
    const file = `${path}/events.jsonl`;
    const note = { kind: "note", timeMs: 1, level: "info", message: "a\nb" } as const;
    {
      using log = openEventLog(file);
      log.append(note);
    }
    // Longer than one block, to be searched backwards over its edge.
    await Deno.writeTextFile(file, '{"kind":"' + "x".repeat(10_000), { append: true });
    assertEquals(await readEvents(file), [note]);
    {
      using log = openEventLog(file);
      log.append({ kind: "stage", timeMs: 2, stage: "align", steps: 3 });
    }
    assertEquals(await readEvents(file), [note, { kind: "stage", timeMs: 2, stage: "align", steps: 3 }]);
  }));

Deno.test("a manifest is read back as written, and lists its artifacts with hashes", () =>
  inFolder(async (path) => {
    await Deno.mkdir(`${path}/checkpoints`);
    await Deno.writeTextFile(`${path}/checkpoints/w.safetensors`, "abc");
    await Deno.writeTextFile(`${path}/.lists.csv.1234.part`, "half");
    const artifacts = await describeArtifacts(path);
    assertEquals(artifacts, [{
      path: "checkpoints/w.safetensors",
      bytes: 3,
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", // FIPS 180-2, appendix B.1
    }]);
    const manifest = { ...manifestOf(), artifacts };
    await writeManifest(path, manifest);
    assertEquals(await readManifest(path), JSON.parse(JSON.stringify(manifest)));
  }));

Deno.test("what is no manifest of this version is refused", () =>
  inFolder(async (path) => {
    await assertRejects(() => readManifest(path), BladeError, "must be the folder of a finished run");
    await Deno.writeTextFile(`${path}/manifest.json`, "{");
    await assertRejects(() => readManifest(path), BladeError, "must be JSON");
    await Deno.writeTextFile(`${path}/manifest.json`, '{"schemaVersion":2}');
    await assertRejects(() => readManifest(path), BladeError, "must be a manifest of version 1, got 2");
    await Deno.writeTextFile(`${path}/manifest.json`, "null");
    await assertRejects(() => readManifest(path), BladeError, "must be a manifest of version 1");
  }));

Deno.test("the commit is read from a branch, packed references, a detached head and a worktree", () =>
  inFolder(async (path) => {
    const git = `${path}/.git`;
    await Deno.mkdir(`${git}/refs/heads`, { recursive: true });
    await Deno.writeTextFile(`${git}/HEAD`, "ref: refs/heads/main\n");
    assertEquals(await codeCommit(path), null); // a branch without a commit
    await Deno.writeTextFile(`${git}/packed-refs`, `# pack-refs\n${COMMIT} refs/heads/main\n`);
    assertEquals(await codeCommit(path), COMMIT);
    const newer = COMMIT.replaceAll("0", "9");
    await Deno.writeTextFile(`${git}/refs/heads/main`, `${newer}\n`);
    assertEquals(await codeCommit(path), newer);

    await Deno.mkdir(`${git}/worktrees/side`, { recursive: true });
    await Deno.writeTextFile(`${git}/worktrees/side/HEAD`, "ref: refs/heads/main\n");
    await Deno.writeTextFile(`${git}/worktrees/side/commondir`, "../..\n");
    await Deno.mkdir(`${path}/side`);
    await Deno.writeTextFile(`${path}/side/.git`, `gitdir: ${git}/worktrees/side\n`);
    assertEquals(await codeCommit(`${path}/side`), newer);

    await Deno.writeTextFile(`${git}/HEAD`, `${COMMIT}\n`);
    assertEquals(await codeCommit(path), COMMIT);
    await Deno.writeTextFile(`${git}/HEAD`, "nonsense\n");
    assertEquals(await codeCommit(path), null);
  }));

Deno.test("a list file keeps raw ids, however they are written", () =>
  inFolder(async (path) => {
    await writeLists(`${path}/lists.csv`, [
      { user: "007", item: 'a"b', rank: 1, score: -1.25 },
      { user: "x\ny", item: "é,ß", rank: 2, score: 0 },
    ]);
    assertEquals(
      await Deno.readTextFile(`${path}/lists.csv`),
      'user,item,rank,score\n007,"a""b",1,-1.25\n"x\ny","é,ß",2,0\n',
    );
  }));

Deno.test("a line of a CSV file ends in one line feed", () => {
  assertMatch(csvLine(["a", 1]), /^a,1\n$/);
  assertStringIncludes(csvLine(["a\r\nb"]), '"a\r\nb"');
});
