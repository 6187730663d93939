import { DEVICES } from "../core/devices.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Command, CommandInput } from "./command.ts";
import { stopOnInterrupt } from "./interrupt.ts";
import { type Io, printJson } from "./io.ts";

/** `blade verify RUN`: whether a run can be repeated, to the bit. */
export const verifyCommand: Command = {
  name: "verify",
  summary: "Repeat a run and compare: every step, weight, list and result, to the bit.",
  positionals: ["RUN"],
  flags: [
    { name: "steps", value: "N", summary: "only the first N steps of each stage, and the evaluation" },
    { name: "against", value: "RUN2", summary: "compare with another finished run instead of repeating" },
    {
      name: "device",
      value: DEVICES.filter((name) => name !== "auto").join("|"),
      summary: "repeat on another device than the run's, by tolerance",
    },
    { name: "out", value: "DIR", summary: "folder of the repetition; by default runs/<run>-verify-<n>" },
    { name: "keep", summary: "keep the repetition where it is the same; one that differs is always kept" },
    { name: "json", summary: "print one JSON document" },
  ],
  details:
    `Exit code 0: the same; 1: different, with what differs first and what changed around it; 2: it could not be
repeated. cpu and wasm give the same bits on any machine with any number of threads, webgpu with the same
adapter, native with the same library and threads. Between devices the first ten steps of each stage have to agree within 0.1 %, and each mean
with the run's 95 % interval. Changed data, plugins or settings are a difference in themselves: nothing is
repeated then. With --steps each stage starts from what the run itself left of the stages before.`,
  examples: [
    { line: "verify runs/quickstart-1", about: "the whole run again" },
    { line: "verify runs/quickstart-1 --steps 20", about: "in seconds, for every commit" },
    { line: "verify runs/a --against runs/b", about: "two runs that are there" },
  ],
  async run(input, io) {
    const { flags, positionals } = input;
    const folder = positionals[0]!;
    const against = flags.text("against");
    const { compareFinished, verifyRun } = await import("../verify/verify_run.ts");
    if (against !== undefined) refuseBeside(input);
    const verification = against !== undefined
      ? await compareFinished(folder, against)
      : await repeated(input, io, folder, verifyRun);
    const same = verification.verdict === "same";
    const { repetition } = verification;
    const dropped = same && repetition !== null && !flags.has("keep") && !flags.has("out");
    if (dropped) await Deno.remove(repetition, { recursive: true });
    const told = dropped ? { ...verification, repetition: null } : verification;
    if (flags.has("json")) printJson(io, { run: folder, ...told });
    else {
      const { verificationText } = await import("../verify/verification_text.ts");
      io.out(verificationText(folder, told));
    }
    return same ? EXIT.ok : EXIT.checkFailed;
  },
};

async function repeated(
  { flags }: CommandInput,
  io: Io,
  folder: string,
  verifyRun: typeof import("../verify/verify_run.ts").verifyRun,
) {
  const { createProgress } = await import("../report/progress.ts");
  const { trainRun } = await io.runApi();
  const progress = createProgress({ terminal: io.errIsTerminal, write: io.err });
  using interrupt = stopOnInterrupt(io);
  const device = flags.text("device");
  const steps = flags.whole("steps", 1);
  const out = flags.text("out");
  return await verifyRun(folder, {
    ...(steps === undefined ? {} : { steps }),
    ...(device === undefined ? {} : { device: deviceOf(device) }),
    ...(out === undefined ? {} : { out }),
    observer: progress,
    signal: interrupt.signal,
    trainRun,
  }).finally(() => progress.close());
}

function deviceOf(given: string) {
  const device = DEVICES.find((name) => name === given && name !== "auto");
  if (device !== undefined) return device;
  throw new BladeError({
    place: `--device ${given}`,
    rule: `must be one of ${DEVICES.filter((name) => name !== "auto").join(", ")}`,
    value: given,
    mend: "leave it out for the device that the run was made on",
  });
}

function refuseBeside({ flags }: CommandInput): void {
  const beside = ["steps", "device", "out", "keep"].find((name) => flags.has(name));
  if (beside === undefined) return;
  throw new BladeError({
    place: `--${beside}`,
    rule: "must not stand beside --against: nothing is repeated there",
    mend: `leave out --${beside} or --against`,
  });
}
