import { BladeError, EXIT } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { printJson } from "./io.ts";

const FORMATS = ["f32", "f16", "bf16"] as const;

/** `blade export RUN`: the trained model for other programs. */
export const exportCommand: Command = {
  name: "export",
  summary: "Writes the model of a run as a Hugging Face folder, or its adapters as PEFT's.",
  positionals: ["RUN"],
  flags: [
    { name: "merged", value: "FOLDER", summary: "the whole model, adapters merged into its weights" },
    { name: "adapter", value: "FOLDER", summary: "the adapters alone, as Python's PEFT loads them" },
    {
      name: "dtype",
      value: FORMATS.join("|"),
      summary: "number format of merged weights (default f32, exact)",
    },
    { name: "json", summary: "print one JSON document" },
  ],
  examples: [
    {
      line: "export runs/titles-1 --merged runs/titles-model",
      about: "for programs that read Hugging Face folders",
    },
    {
      line: "export runs/titles-1 --adapter runs/titles-lora",
      about: "PeftModel.from_pretrained(base, folder)",
    },
  ],
  async run(input, io) {
    const { flags } = input;
    const merged = flags.text("merged"), adapter = flags.text("adapter");
    if ((merged === undefined) === (adapter === undefined)) {
      throw new BladeError({
        place: "export",
        rule: "needs one of --merged FOLDER and --adapter FOLDER",
        value: merged === undefined ? "none" : "both",
        mend: "name the folder to write, for instance --merged runs/model",
      });
    }
    const dtype = flags.text("dtype") ?? "f32";
    const format = FORMATS.find((one) => one === dtype);
    if (format === undefined || (merged === undefined && flags.has("dtype"))) {
      throw new BladeError({
        place: "--dtype",
        rule: format === undefined
          ? `must be one of ${FORMATS.join(", ")}`
          : "belongs to --merged: adapters are 32-bit",
        value: dtype,
        mend: format === undefined ? "leave it out for exact weights" : "leave it out",
      });
    }
    const folder = merged ?? adapter!;
    const kind = merged === undefined ? "adapter" as const : "merged" as const;
    const { exportRun } = await io.runApi();
    await exportRun(input.positionals[0]!, { kind, folder, format });
    if (flags.has("json")) printJson(io, { kind, folder, format });
    else io.err(`${kind === "merged" ? "Model" : "Adapters"} written to ${folder}\n`);
    return EXIT.ok;
  },
};
