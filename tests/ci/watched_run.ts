/** A training in a process of its own that a test watches, to end it at a moment that it chooses. */
import { readEvents } from "../../src/report/event_log.ts";
import { checkpointsOf } from "../train/small_runs.ts";
import { smallConfig, writeSmallData } from "./small_run.ts";

/** How a watched process ended. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly err: string;
}

/** What can be seen of a run that is under way. */
export interface Sight {
  /** Stage and step of the last step in the log, if there is one. */
  readonly last: { readonly stage: string; readonly step: number } | null;
  /** Names in the run folder and in its checkpoints, without what was half written before. */
  readonly names: readonly string[];
  /** What it said on stderr so far. */
  readonly err: string;
}

/** Writes the small data and their configuration into a folder; gives the configuration's path. */
export async function smallRunFiles(folder: string, set: Record<string, unknown>): Promise<string> {
  await writeSmallData(folder);
  await Deno.writeTextFile(`${folder}/small.jsonc`, JSON.stringify({ ...smallConfig(), ...set }));
  return `${folder}/small.jsonc`;
}

/** Starts a run, or goes on with it where its configuration is there, and looks at it until it has ended. */
export async function watch(
  { config, folder }: { readonly config: string; readonly folder: string },
  look: (sight: Sight, kill: (signal: Deno.Signal) => void) => void,
): Promise<Ended> {
  const here = () => [...namesIn(folder), ...namesIn(`${folder}/checkpoints`)];
  const stale = here().filter((name) => name.endsWith(".part"));
  const started = namesIn(folder).includes("config.resolved.json");
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-P", "--quiet", "--no-prompt", `--allow-write=${folder}`, "main.ts", "train"],
      ...started ? ["--resume", folder] : [config, "--out", folder],
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let err = "";
  let over = false;
  const said = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) err += text;
  })();
  const status = child.status.finally(() => over = true);
  while (!over) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (over) break;
    const sight = {
      last: lastStep(`${folder}/events.jsonl`),
      names: here().filter((name) => !stale.includes(name)),
      err,
    };
    look(sight, (signal) => {
      try {
        child.kill(signal);
      } catch {
        // It has ended meanwhile.
      }
    });
  }
  await said;
  const { code, signal } = await status;
  return { code, signal, err };
}

/** What a run leaves that has to be the same to the last bit, however often it was ended. */
export async function outcomeIn(folder: string) {
  const steps = (await readEvents(`${folder}/events.jsonl`)).flatMap((event) =>
    event.kind === "step" ? [{ stage: event.stage, step: event.step, values: event.values }] : []
  );
  return {
    names: namesIn(folder).toSorted(),
    checkpoints: await checkpointsOf({ folder }),
    tables: await Promise.all(
      ["lists.csv", "per-user.csv"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
    ),
    steps,
  };
}

/** Names in a folder; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function lastStep(path: string): Sight["last"] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    return null;
  }
  const found = [...text.matchAll(/"stage":"([^"]+)","step":(\d+)/g)].at(-1);
  return found === undefined ? null : { stage: found[1]!, step: Number(found[2]) };
}
