import type { Command } from "./command.ts";
import { configSchemaCommand } from "./config.ts";
import { dataInspectCommand } from "./data.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { metricsListCommand, metricsShowCommand } from "./metrics.ts";
import { pluginCheckCommand } from "./plugin.ts";
import { recommendCommand } from "./recommend.ts";
import { trainCommand } from "./train.ts";

/** Every command, in the order of the help. What computes is imported by a command when it runs. */
export const COMMANDS: readonly Command[] = [
  trainCommand,
  evaluateCommand,
  recommendCommand,
  metricsListCommand,
  metricsShowCommand,
  pluginCheckCommand,
  dataInspectCommand,
  configSchemaCommand,
  doctorCommand,
];
