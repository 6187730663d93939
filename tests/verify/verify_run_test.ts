/** A repetition has to be found the same when it is, and different after any one change, with the first difference named. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Artifact, hashFile, writeManifest } from "../../src/report/manifest.ts";
import { trainRun } from "../../src/config/train_run.ts";
import { BladeError } from "../../src/core/errors.ts";
import { compareSteps } from "../../src/verify/compare_steps.ts";
import { compareFinished, type Verification, verifyRun } from "../../src/verify/verify_run.ts";
import { finishedWorld, nudge, SILENT, type World } from "./_worlds.ts";

function countOf({ compared }: Verification, what: string): number {
  return compared.find((comparison) => comparison.what === what)!.count;
}

/** Lets the manifest say that a file of the run is as it is now. */
async function forgeHash({ run }: World, path: string): Promise<void> {
  const facts = await hashFile(`${run}/${path}`);
  await forgeArtifacts(run, (files) => files.map((file) => file.path === path ? { path, ...facts } : file));
}

async function forgeArtifacts(run: string, change: (files: Artifact[]) => Artifact[]): Promise<void> {
  const manifest = JSON.parse(await Deno.readTextFile(`${run}/manifest.json`));
  await writeManifest(run, { ...manifest, artifacts: change(manifest.artifacts) });
}

Deno.test("a run is the same as its repetition, in full and by its first steps, here and elsewhere", async (t) => {
  await using world = await finishedWorld();
  await t.step("in full", async () => {
    const found = await world.verify();
    assertEquals([found.verdict, found.by, found.differences], ["same", "bits", []]);
    assertEquals(found.changed, []);
    // 40 users: train and validation take sft steps of 16, alignment steps of 8 contexts, and the prior too.
    assert(countOf(found, "steps") > 10, `${countOf(found, "steps")} steps`);
    assert(countOf(found, "saved states") >= 2);
    assert(countOf(found, "tensors") > 20);
    assertEquals(countOf(found, "rows of lists.csv"), 40 * 3);
    // Three systems, a metric and the reward.
    assertEquals(countOf(found, "results"), 3 * 2);
  });
  await t.step("its first two steps", async () => {
    const found = await world.verify({ steps: 2 });
    assertEquals([found.verdict, found.differences], ["same", []]);
    for (const stage of ["sft", "prior", "align"]) {
      assertEquals(countOf(found, `steps of ${stage}`), 2, stage);
    }
    assertEquals(countOf(found, "saved states of align"), 1);
    assertEquals(countOf(found, "rows of lists.csv"), 40 * 3);
  });
  await t.step("more steps than it has", async () => {
    const found = await world.verify({ steps: 1000 });
    assertEquals([found.verdict, found.differences], ["same", []]);
    assert(countOf(found, "tensors of align") > 5);
  });
  await t.step("on another device, by tolerance", async () => {
    const found = await world.verify({ device: "cpu" });
    assertEquals([found.verdict, found.by, found.differences], ["same", "tolerance", []]);
    assertEquals(found.changed?.map(({ what }) => what), ["device", "adapter"]);
  });
  await t.step("in another place, with the data and plugins of that place", async () => {
    await using moved = await world.copy();
    assertEquals((await moved.verify({ steps: 1 })).verdict, "same");
    await moved.edit("ratings.csv", (text) => text.replace("u3,i15,300", "u3,i16,300"));
    const found = await moved.verify({ steps: 1 });
    assertEquals(found.differences[0]?.place, `${moved.path}/ratings.csv`);
  });
  await t.step("as another run of the same configuration", async () => {
    const other = await world.verify();
    const found = await compareFinished(world.run, other.repetition!);
    assertEquals([found.verdict, found.differences, found.changed], ["same", [], []]);
  });
});

Deno.test("any one change makes a run different, and is named", async (t) => {
  await using original = await finishedWorld();
  const differs = async (
    name: string,
    change: (world: World) => Promise<void>,
    check: (found: Verification) => void,
    steps?: number,
  ) => {
    await t.step(name, async () => {
      await using world = await original.copy();
      await change(world);
      const found = await world.verify(steps === undefined ? {} : { steps });
      assertEquals(found.verdict, "different");
      check(found);
    });
  };
  const ALIGN = "checkpoints/align.safetensors";
  await differs(
    "a data row",
    (world) => world.edit("ratings.csv", (text) => text.replace("u7,", "u8,")),
    ({ differences, repetition }) => {
      assertMatch(differences[0]!.place, /ratings\.csv$/);
      assertEquals([differences[0]!.kind, repetition], ["data", null]);
    },
  );
  await differs(
    "a data file that is gone",
    ({ path }) => Deno.remove(`${path}/items.csv`),
    ({ differences }) => {
      assertEquals([differences[0]!.kind, differences[0]!.found], ["data", null]);
    },
  );
  await differs(
    "a plugin line",
    (world) => world.edit("mine.ts", (text) => text + "// no more\n"),
    ({ differences, repetition }) => {
      assertMatch(differences[0]!.place, /mine\.ts$/);
      assertEquals([differences[0]!.kind, repetition], ["plugin", null]);
    },
  );
  await differs(
    "the seed of the manifest",
    (world) => world.edit("run/manifest.json", (text) => text.replaceAll('"seed": 1', '"seed": 2')),
    ({ differences }) => {
      assertEquals([differences[0]!.kind, differences[0]!.recorded, differences[0]!.found], [
        "configuration",
        "2",
        "1",
      ]);
    },
  );
  await differs(
    "the seed of the configuration",
    (world) => world.edit("run/config.resolved.json", (text) => text.replace('"seed": 1', '"seed": 2')),
    ({ differences }) => {
      assertEquals(differences[0]!.kind, "configuration");
    },
  );
  await differs("the seed of both", async (world) => {
    await world.edit("run/manifest.json", (text) => text.replaceAll('"seed": 1', '"seed": 2'));
    await world.edit("run/config.resolved.json", (text) => text.replace('"seed": 1', '"seed": 2'));
    await forgeHash(world, "config.resolved.json");
  }, ({ differences, changed }) => {
    assertEquals([differences[0]!.kind, differences[0]!.place], ["step", "sft step 1: loss"]);
    assertEquals(changed, []);
  });
  await differs(
    "a weight",
    ({ run }) => nudge(`${run}/${ALIGN}`, "parameters/embedding", 19, 1e-6),
    ({ differences }) => {
      assertEquals(differences.map(({ kind }) => kind), ["file", "weights"]);
      assertEquals(differences[0]!.place, ALIGN);
      assertEquals(differences[1]!.place, `${ALIGN}: parameters/embedding[2,3]`);
      assertMatch(differences[1]!.extent!, /^1 of \d+ numbers of this tensor differ/);
    },
  );
  await differs("a weight, with a hash to match", async (world) => {
    await nudge(`${world.run}/${ALIGN}`, "parameters/embedding", 19, 1e-6);
    await forgeHash(world, ALIGN);
  }, ({ differences }) => {
    assertEquals(differences.map(({ place }) => place), [`${ALIGN}: parameters/embedding[2,3]`]);
  });
  await differs(
    "a weight, by the first steps",
    ({ run }) => nudge(`${run}/${ALIGN}`, "parameters/embedding", 19, 1e-6),
    ({ differences }) => {
      assertEquals(differences.map(({ kind }) => kind), ["file"]);
    },
    1,
  );
  await differs("a number of a step", async (world) => {
    await world.edit(
      "run/events.jsonl",
      (text) => text.replace(/("stage":"align","step":2,.*?"reward":)[\d.]+/, "$10.125"),
    );
    await forgeHash(world, "events.jsonl");
  }, ({ differences }) => {
    assertEquals([differences[0]!.place, differences[0]!.recorded], ["align step 2: reward", 0.125]);
  }, 3);
  await differs("a line of a list", async (world) => {
    await world.edit("run/lists.csv", (text) => text.replace(/^(u0,)i\d+(,1,)/m, "$1i99$2"));
    await forgeHash(world, "lists.csv");
  }, ({ differences }) => {
    assertMatch(differences[0]!.place, /^lists\.csv line 2 \(user u0, rank 1\): item$/);
    assertEquals(differences[0]!.recorded, "i99");
  }, 1);
  await differs(
    "a result",
    (world) => world.edit("run/manifest.json", (text) => text.replace(/"undefined": 0/, '"undefined": 1')),
    ({ differences }) => {
      assertEquals(differences[0]!.kind, "results");
      assertMatch(differences[0]!.place, /: undefined$/);
    },
    1,
  );
});

Deno.test("files of a run that are damaged or gone are differences too, and hide none of the others", async (t) => {
  await using original = await finishedWorld();
  const damaged = async (
    name: string,
    change: (run: string) => Promise<void>,
    kind: string,
    place: string,
  ) => {
    await t.step(name, async () => {
      await using world = await original.copy();
      await change(world.run);
      const { verdict, differences, compared } = await world.verify();
      assertEquals([verdict, differences.map((found) => found.kind)], ["different", ["file", kind]]);
      assert(differences[1]!.place.includes(place), differences[1]!.place);
      assertEquals(compared.at(-1)?.difference, null);
    });
  };
  const SFT = "checkpoints/sft.safetensors";
  const cut = (run: string) => Deno.truncate(`${run}/${SFT}`, 100);
  await damaged("weights cut short", cut, "weights", SFT);
  await damaged("weights gone", (run) => Deno.remove(`${run}/${SFT}`), "weights", SFT);
  await damaged("lists gone", (run) => Deno.remove(`${run}/lists.csv`), "lists", "lists.csv");
});

Deno.test("events that are damaged are a difference in steps and in saved states", async () => {
  await using world = await finishedWorld();
  await world.edit("run/events.jsonl", (text) => text.replace("{", "("));
  const { differences } = await world.verify();
  assertEquals(differences.map(({ kind }) => kind), ["file", "step", "checkpoint"]);
});

Deno.test("on another device a number or a mean that is far off is found", async (t) => {
  await using original = await finishedWorld();
  await t.step("a loss that is one per cent off", async () => {
    await using world = await original.copy();
    await world.edit(
      "run/events.jsonl",
      (text) =>
        text.replace(
          /("stage":"sft","step":2,"values":{"loss":)([\d.]+)/,
          (_, start, loss) => start + loss * 1.01,
        ),
    );
    await forgeHash(world, "events.jsonl");
    const { by, differences } = await world.verify({ device: "cpu" });
    assertEquals([by, differences.map(({ place }) => place)], ["tolerance", ["sft step 2: loss"]]);
  });
  await t.step("a mean outside its interval", async () => {
    await using world = await original.copy();
    await world.edit(
      "run/manifest.json",
      (text) =>
        text.replace(/"mean": [\d.]+,\s+"interval95": \[[^\]]*\]/, '"mean": 0.99, "interval95": [0.98, 1]'),
    );
    const { by, differences } = await world.verify({ device: "cpu" });
    assertEquals([by, differences.map(({ kind }) => kind)], ["tolerance", ["results"]]);
  });
  await t.step("and in runs that have both finished", async () => {
    const { repetition } = await original.verify({ device: "cpu", steps: 1000 });
    const other = `${repetition}/evaluate`;
    const found = await compareFinished(original.run, other);
    // The first steps of supervised training are not in a folder that was given its weights.
    assertEquals([found.by, found.differences.map(({ kind }) => kind)], ["tolerance", ["step"]]);
  });
});

Deno.test("a run that made a step twice, and differently, is not the same as itself", () => {
  const step = (loss: number) =>
    ({ kind: "step", timeMs: 1, stage: "sft", step: 2, values: { loss } }) as const;
  assertEquals(compareSteps([step(1), step(1)], [step(1)]).difference, null);
  const { difference } = compareSteps([step(1), step(2)], [step(2)]);
  assertEquals(difference?.place, "sft step 2: loss, made twice by the run itself");
  assertEquals(compareSteps([step(1), { ...step(1), step: 3 }], [step(1)]).difference, {
    kind: "step",
    place: "sft step 3",
    recorded: "made",
    found: null,
  });
});

Deno.test("a verification that is interrupted says so, and does not send anybody to a folder that is gone", async () => {
  await using world = await finishedWorld();
  const stop = new AbortController();
  stop.abort();
  const error = await assertRejects(
    () => verifyRun(world.run, { observer: SILENT, signal: stop.signal, trainRun }),
    BladeError,
    "interrupted before the repetition had ended",
  );
  assertEquals(error.exitCode, 3);
  assert(!error.message.includes("--resume"), error.message);
});

Deno.test("a manifest that names files outside its folder is not trusted", async () => {
  await using world = await finishedWorld();
  for (const path of ["../ratings.csv", "/etc/passwd", "checkpoints/../../ratings.csv"]) {
    await forgeArtifacts(world.run, ([file]) => [{ ...file!, path }]);
    await assertRejects(
      () => world.verify({ steps: 1 }),
      Error,
      "artifacts.0.path: must be as blade writes it",
    );
  }
});
