/** Ctrl-C and a polite request to end, once and twice, in every part of a run as a user starts it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { temporaryFolder } from "./command_line.ts";
import { namesIn, outcomeIn, type Sight, smallRunFiles, watch } from "./watched_run.ts";

/** A part of a run, and how it looks from outside. */
const PARTS: readonly [string, (sight: Sight) => boolean][] = [
  ["reading the data", ({ err, names }) => err.includes("device:") && !names.includes("data.json")],
  ["sft", ({ last }) => last?.stage === "sft"],
  ["prior", ({ last }) => last?.stage === "prior"],
  ["sft-continued", ({ last }) => last?.stage === "sft-continued"],
  ["align", ({ last }) => last?.stage === "align"],
  ["evaluate", ({ last }) => last?.stage === "evaluate"],
  ["the record", ({ names }) => names.some((name) => name.includes("lists.csv"))],
];

/** What a run says that was stopped: in that part or, as small as it is, soon after. */
const SAYS =
  /interrupted (?:in (?:(?:sft|sft-continued|align) after step \d+; the state is|(?:reading the data|prior|evaluate); the stages before it are) saved|when the last stage was done; the run is finished)/;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const SETTINGS = {
  checkpoint: { everySteps: 2 },
  align: { groupSize: 2, cutoff: 3, batch: 8, epochs: 4 },
  evaluate: {
    metrics: ["ndcg@3"],
    systems: ["reference", "sft-continued", "best-of-n", "aligned"],
    resamples: 100,
  },
};

/** Starts runs in new folders until a signal meets one in a part of it, as `end` sends them anew for each; how the last one ended. */
async function met(
  config: string,
  folders: string,
  end: () => Parameters<typeof watch>[1],
): Promise<{ readonly folder: string; readonly code: number; readonly err: string }> {
  for (let attempt = 1;; attempt++) {
    const folder = `${folders}-${attempt}`;
    const { code, err } = await watch({ config, folder }, end());
    // Where it is slow, the run is over before the signal reaches it.
    const missed = code !== 3 && namesIn(folder).includes("manifest.json");
    if (!missed || attempt === 5) return { folder, code, err };
  }
}

Deno.test({
  name:
    "one Ctrl-C in any part of a run saves and stops with 3, says how to go on, and leads to the same end",
  ignore: Deno.build.os === "windows",
  async fn(t) {
    await using data = await temporaryFolder();
    const config = await smallRunFiles(data.path, SETTINGS);
    assertEquals((await watch({ config, folder: `${data.path}/whole` }, () => {})).code, 0);
    const expected = await outcomeIn(`${data.path}/whole`);
    for (const [number, [part, isIn]] of PARTS.entries()) {
      await t.step(part, async () => {
        const { folder, code, err } = await met(config, `${data.path}/${number}`, () => {
          let sent = false;
          return (sight, kill) => {
            if (!sent && isIn(sight)) kill(SIGNALS[number % 2]!);
            sent ||= isIn(sight);
          };
        });
        assertEquals(code, 3, err);
        assertStringIncludes(err, "saving after this step, press again to stop at once");
        assert(SAYS.test(err), err);
        assert(
          new RegExp(`To mend: (?:go on|read its results) with: train --resume ${folder}`).test(err),
          err,
        );
        assertEquals(namesIn(folder).filter((name) => name === "run.lock" || name.endsWith(".part")), []);
        const resumed = await watch({ config, folder }, () => {});
        assertEquals(resumed.code, 0, resumed.err);
        assertEquals(await outcomeIn(folder), expected);
      });
    }
  },
});

Deno.test({
  name: "two Ctrl-C in any part of a run stop it at once with 3, and it goes on to the same end",
  ignore: Deno.build.os === "windows",
  async fn(t) {
    await using data = await temporaryFolder();
    const config = await smallRunFiles(data.path, SETTINGS);
    assertEquals((await watch({ config, folder: `${data.path}/whole` }, () => {})).code, 0);
    const expected = await outcomeIn(`${data.path}/whole`);
    let atOnce = 0;
    for (const [number, [part, isIn]] of PARTS.entries()) {
      await t.step(part, async () => {
        const { folder, code, err } = await met(config, `${data.path}/${number}`, () => {
          let sent = 0;
          return (sight, kill) => {
            const due = sent === 0 ? isIn(sight) : sent === 1 && sight.err.includes("press again");
            if (!due) return;
            kill(SIGNALS[(number + sent) % 2]!);
            sent++;
          };
        });
        // So small a run may have saved and stopped before the second one is heard.
        assertEquals(code, 3, err);
        if (err.includes("stopped at once; what was saved before is whole")) atOnce++;
        const resumed = await watch({ config, folder }, () => {});
        assertEquals(resumed.code, 0, resumed.err);
        assertEquals(await outcomeIn(folder), expected);
      });
    }
    assert(atOnce > 0, "no run was stopped at once");
  },
});
