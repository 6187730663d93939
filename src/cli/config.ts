import { EXIT } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { printJson } from "./io.ts";

/** `blade config schema`: the JSON Schema of a configuration. */
export const configSchemaCommand: Command = {
  name: "config schema",
  summary: "The JSON Schema of a configuration, with every default.",
  positionals: [],
  flags: [],
  examples: [{ line: "config schema > config.schema.json", about: "for an editor, named by $schema" }],
  async run(_input, io) {
    const { configJsonSchema } = await import("../config/schema.ts");
    printJson(io, configJsonSchema());
    return EXIT.ok;
  },
};
