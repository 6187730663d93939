import { EXIT } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { printJson } from "./io.ts";

/** `blade config schema`: the JSON Schema of a configuration, or of an experiment. */
export const configSchemaCommand: Command = {
  name: "config schema",
  summary: "The JSON Schema of a configuration, with every default.",
  positionals: [],
  flags: [{ name: "experiment", summary: "of the file that `experiment` takes" }],
  examples: [
    { line: "config schema > config.schema.json", about: "for an editor, named by $schema" },
    { line: "config schema --experiment > experiment.schema.json", about: "the same of experiments" },
  ],
  async run({ flags }, io) {
    if (flags.has("experiment")) {
      const { experimentJsonSchema } = await import("../experiment/schema.ts");
      printJson(io, experimentJsonSchema());
      return EXIT.ok;
    }
    const { configJsonSchema } = await import("../config/schema.ts");
    printJson(io, configJsonSchema());
    return EXIT.ok;
  },
};
