/** `kill -9` at twenty moments of runs as a user starts them; each goes on to the same end, to the last bit. */
import { assert, assertEquals } from "@std/assert";
import { randomKey } from "../../src/numerics/random.ts";
import { temporaryFolder } from "./command_line.ts";
import { namesIn, outcomeIn, type Sight, smallRunFiles, watch } from "./watched_run.ts";

const STAGES = ["sft", "prior", "sft-continued", "align", "evaluate"];
const KILLS = 20;
/** Where it is slow, kills come late and some runs are over before. */
const MOST_STARTS = 60;

/** Where a run is killed: in a step of a stage, in the middle of saving, or when its tables are written. */
type Point = { readonly stage: string; readonly step: number } | "saving" | "tables";

const isHalf = (name: string) => name.endsWith(".part");

function reached(point: Point, { last, names }: Sight): boolean {
  if (point === "saving") return names.some((name) => isHalf(name) && name.includes("-step-"));
  if (point === "tables") {
    return names.some((name) => name === "lists.csv" || isHalf(name) && name.includes("lists"));
  }
  return last?.stage === point.stage && last.step >= point.step;
}

Deno.test({
  name:
    "runs that are killed at twenty moments, in every stage and while saving, end where one ends that was let be",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using data = await temporaryFolder();
    const config = await smallRunFiles(data.path, {
      checkpoint: { everySteps: 1 },
      align: { groupSize: 2, cutoff: 3, batch: 8, epochs: 2 },
      evaluate: {
        metrics: ["ndcg@3"],
        systems: ["most-popular", "reference", "sft-continued", "best-of-n", "aligned"],
        resamples: 100,
      },
    });
    const whole = `${data.path}/whole`;
    assertEquals((await watch({ config, folder: whole }, () => {})).code, 0);
    const expected = await outcomeIn(whole);
    const stepsOf = (stage: string) =>
      new Set(expected.steps.filter((s) => s.stage === stage).map((s) => s.step)).size;

    const key = randomKey(20);
    const killedIn: string[] = [];
    let saving = 0;
    let starts = 0;
    const covered = () =>
      killedIn.length >= KILLS && saving > 0 && STAGES.every((stage) => killedIn.includes(stage));
    /** The next points of a folder: the stages in their order, so that one run meets them all. */
    const pointsOf = (round: number): Point[] => {
      const random = key.split("round", round);
      const steps = STAGES.map((stage, i): Point => ({
        stage,
        step: 1 + Math.floor(random.split("step", i).uniform(0) * (stepsOf(stage) - 1)),
      }));
      return [...steps.slice(0, 1), "saving", ...steps.slice(1, 3), "saving", ...steps.slice(3), "tables"];
    };
    const chain = async (round: number) => {
      const folder = `${data.path}/run-${round}`;
      for (const point of pointsOf(round)) {
        if (namesIn(folder).includes("manifest.json") || starts >= MOST_STARTS) break;
        starts++;
        let at: Sight["last"] = null;
        const { signal, err } = await watch({ config, folder }, (sight, kill) => {
          at = sight.last ?? at;
          if (reached(point, sight)) kill("SIGKILL");
        });
        if (signal !== "SIGKILL") {
          assert(
            namesIn(folder).includes("manifest.json"),
            `it ended before ${JSON.stringify(point)}: ${err}`,
          );
          continue;
        }
        killedIn.push((at as Sight["last"])?.stage ?? "start");
        if (namesIn(`${folder}/checkpoints`).some(isHalf)) saving++;
      }
      const { code, err } = await watch({ config, folder }, () => {});
      assertEquals(code, 0, err);
      assertEquals(await outcomeIn(folder), expected, `round ${round}`);
    };
    for (let round = 0; !covered() && starts < MOST_STARTS; round += 2) {
      await Promise.all([chain(round), chain(round + 1)]);
    }
    assert(covered(), `${starts} starts, killed in ${killedIn.join(" ")}, ${saving} while saving`);
  },
});
